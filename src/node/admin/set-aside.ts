/** What peers sent and what could not be right: kept, bounded, and shown with the reason; the newest of it in the status. */
import { z } from 'zod'
import type { SetAside, Feeds, ReadTables } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'

const shownInStatus = 3
const listedMax = 100

export function setAsideRoutes(engine: Feeds & ReadTables): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/set-aside',
      answer: ({ query }) => ({
        entries: engine.setAside(afterOf(query), listedMax).map((entry) => ({
          ...told(engine, entry),
          key: entry.key.toString('base64'),
          row: entry.row.toString('base64'),
        })),
      }),
    },
  ]
}

/** For the status: how many, and the newest. */
export function setAsideStatus(engine: Feeds & ReadTables) {
  const { count, last } = engine.setAsideCount()
  const newest = count === 0 ? [] : engine.setAside(Math.max(0, last - shownInStatus), shownInStatus)
  return { count, newest: newest.map((entry) => told(engine, entry)) }
}

function told(engine: Feeds & ReadTables, { number, origin, table, reason, wallMs }: SetAside) {
  return { number, origin, table: engine.tableWithId(table)?.name ?? table, reason, wallMs }
}

function afterOf(query: Readonly<Record<string, string>>): number {
  const parsed = z.coerce.number().int().min(0).default(0).safeParse(query['after'])
  if (!parsed.success) throw new BadRequest('after is a number of the list')
  return parsed.data
}
