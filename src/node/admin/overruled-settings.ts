/** Settings of tables that do not count because another region made another: what an operator sees of them. */
import { z } from 'zod'
import { bodyOffset, decodeRow, isTombstone } from '../../core/item/row.ts'
import type { Topology } from '../../core/topology.ts'
import type { OverruledSetting, Feeds, ReadTables } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'
import { BadRequest } from '../../process/requests/bad-request.ts'

const shownInStatus = 3
const listedMax = 100

export function overruledRoutes(engine: Feeds & ReadTables, topology: Topology): readonly AdminRoute[] {
  return [
    {
      method: 'GET',
      path: '/admin/overruled-settings',
      answer: ({ query }) => {
        const entries = engine.overruled(afterOf(query), listedMax).map((entry) => told(entry, topology))
        return { entries, next: entries.at(-1)?.number ?? afterOf(query) }
      },
    },
  ]
}

/** For the status: how many, and the newest. */
export function overruledStatus(engine: Feeds & ReadTables, topology: Topology) {
  const { count, last } = engine.overruledCount()
  const newest = count === 0 ? [] : engine.overruled(Math.max(0, last - shownInStatus), shownInStatus)
  return { count, newest: newest.map((entry) => told(entry, topology)) }
}

function told(entry: OverruledSetting, { regions }: Topology) {
  const { number, tableName, register, by, reason, wallMs, row } = entry
  const { stamp } = decodeRow(row)
  return {
    number,
    table: tableName,
    register,
    by,
    reason,
    /** Which region made it, when, and what it was; null: the setting was removed. */
    madeIn: regions.find((region) => region.number === stamp.region)?.name ?? `region ${stamp.region}`,
    madeMs: stamp.wallMs,
    value: isTombstone(row) ? null : (JSON.parse(row.toString('utf8', bodyOffset(row))) as unknown),
    metMs: wallMs,
  }
}

function afterOf(query: Readonly<Record<string, string>>): number {
  const parsed = z.coerce.number().int().min(0).default(0).safeParse(query['after'])
  if (!parsed.success) throw new BadRequest('after is a number of the list')
  return parsed.data
}
