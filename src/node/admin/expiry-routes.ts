/** Expired items deleted at an operator's word, as they would be at another time. */
import { z } from 'zod'
import type { ReadTables } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'
import type { Expiry } from '../../readers/expiry/expiry.ts'

/** `at`: seconds since 1970. */
const run = z.strictObject({
  table: z.string().min(1),
  at: z
    .number()
    .int()
    .nonnegative()
    .max(2 ** 48),
})

export function expiryRoutes(expiry: Expiry, engine: ReadTables): readonly AdminRoute[] {
  return [
    {
      method: 'POST',
      path: '/admin/ttl/run',
      answer: async ({ body }) => {
        const { table: name, at } = shaped(run, body)
        const table = engine.tableNamed(name)
        if (table === undefined) throw new BadRequest(`no table ${name} here`)
        if (table.settings.timeToLive?.enabled !== true) throw new BadRequest(`time to live is off for ${name}`)
        if (table.expiry?.status !== 'ACTIVE')
          throw new BadRequest(`${name} is still being searched for items that expire; ask again`)
        return { table: name, ...(await expiry.run(table, at)) }
      },
    },
  ]
}
