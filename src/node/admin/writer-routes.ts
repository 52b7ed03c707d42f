/** The regions in which a table is written, told and changed by an operator. */
import { z } from 'zod'
import type { AdminRoute } from '../../http/routes.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import type { OperationContext } from '../../operations/operation.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'

const setting = z.strictObject({ table: z.string().min(1), regions: z.array(z.string().min(1)).max(64) })

export function writerRoutes(context: OperationContext): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/writers',
      answer: () => ({
        tables: context.engine.tables().map(({ name, settings }) => ({ table: name, writers: settings.writers ?? [] })),
      }),
    },
    {
      method: 'POST',
      path: '/admin/writers',
      answer: async ({ body }) => {
        const { table, regions } = shaped(setting, body)
        await oneAtATime(context.engine, table, () => set(table, regions, context))
        return { table, writers: regions }
      },
    },
  ]
}

/** No region: every region writes. */
async function set(name: string, regions: readonly string[], { engine, settings }: OperationContext): Promise<void> {
  const table = engine.tableNamed(name)
  if (table === undefined || table.status === 'DELETING')
    throw new BadRequest(`there is no table ${name} in ${settings.region}`)
  const places = table.replicas.length === 0 ? [settings.region] : table.replicas.map(({ region }) => region)
  const wrong = regions.find((region) => !places.includes(region))
  if (wrong !== undefined) throw new BadRequest(`${name} has no replica in ${wrong}: it is in ${places.join(', ')}`)
  await engine.define(table.id, [{ register: 'settings/writers', value: { regions } }])
}
