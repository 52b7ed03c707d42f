/** The region's part in an evacuation, for the command that orders it (deployment/evacuate.ts). */
import { z } from 'zod'
import type { Engine } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'
import type { Evacuation } from '../../region/evacuation.ts'

const name = z.string().min(1).max(64)
const fencing = z.strictObject({ to: name, owner: name })
const standing = z.strictObject({ region: name, owner: name })
const stepping = z.strictObject({ region: name })
const nothing = z.strictObject({})

export function evacuationRoutes(evacuation: Evacuation, engine: Engine): readonly AdminRoute[] {
  const post = <T>(path: string, schema: z.ZodType<T>, work: (asked: T) => Promise<object>): AdminRoute => ({
    method: 'POST',
    path: `/admin/evacuation/${path}`,
    answer: async ({ body }) => await work(shaped(schema, body ?? {})),
  })
  return [
    {
      method: 'GET',
      path: '/admin/evacuation',
      answer: () => ({ ...evacuationStatus(evacuation, engine), tables: tablesOf(engine) }),
    },
    post('fence', fencing, async ({ to, owner }) => await evacuation.close(to, owner)),
    post('open', nothing, async () => ({ opened: await evacuation.open() })),
    post('stand-in', standing, async ({ region, owner }) => {
      await evacuation.standIn(region, owner)
      return { standsInFor: evacuation.standsInFor }
    }),
    post('step-back', stepping, async ({ region }) => ({ steppedBack: await evacuation.stepBack(region) })),
  ]
}

export function evacuationStatus({ fence, standsInFor }: Evacuation, { region }: Pick<Engine, 'region'>) {
  return { region: region.name, fence: fence ?? null, standsInFor }
}

/** With the regions that serve each. */
function tablesOf(engine: Engine) {
  return engine.tables().map(({ name: table, replicas }) => ({
    table,
    regions: [engine.region.name, ...replicas.filter(({ status }) => status === 'ACTIVE').map(({ region }) => region)],
  }))
}
