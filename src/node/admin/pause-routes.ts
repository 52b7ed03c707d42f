/** Replication paused and resumed by an operator: of a table, or of everything between this region and another. */
import { z } from 'zod'
import { pauseMsMax, pausesMax } from '../../core/limits/limits.ts'
import type { Topology } from '../../core/topology.ts'
import type { Engine } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import type { Paused, Pauses } from '../../readers/replication/pause/pauses.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'
import { shaped } from '../../process/requests/wrong-shape.ts'

const what = { table: z.string().optional(), link: z.tuple([z.string(), z.string()]).optional() }
const pauseRequest = z.object({ ...what, forMs: z.number().int().positive().max(pauseMsMax) })
const resumeRequest = z.object(what)

export function pauseRoutes(pauses: Pauses, engine: Engine, topology: Topology): readonly AdminRoute[] {
  return [
    {
      method: 'POST',
      path: '/admin/pause',
      answer: async ({ body }) => {
        const { forMs, ...asked } = shaped(pauseRequest, body)
        if (!(await pauses.pause(pausedBy(asked, engine, topology), forMs)))
          throw new BadRequest(`${pausesMax} pauses are in force already`)
        return { pauses: pauses.active() }
      },
    },
    {
      method: 'POST',
      path: '/admin/resume',
      answer: async ({ body }) => {
        const resumed = await pauses.resume(pausedBy(shaped(resumeRequest, body), engine, topology))
        return { resumed, pauses: pauses.active() }
      },
    },
  ]
}

function pausedBy({ table, link }: z.output<typeof resumeRequest>, engine: Engine, topology: Topology): Paused {
  const self = topology.self.name
  if (link !== undefined && table === undefined) {
    const known = link.every((name) => topology.regions.some((region) => region.name === name))
    if (!known || link[0] === link[1] || !link.includes(self))
      throw new BadRequest(`${link.join('..')} is no link of ${self}`)
    return { link }
  }
  if (table === undefined || link !== undefined) throw new BadRequest('either a table or a link is paused')
  const found = engine.tableNamed(table) ?? engine.tableWithId(table)
  if (found === undefined) throw new BadRequest(`no table ${table} here`)
  return { table: found.id }
}
