/** The conflict feed of a region as its operators get it: one record for each write that has lost in this region. */
import type { Item } from '../../core/attribute/value.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { conflictsToldMax } from '../../core/limits/limits.ts'
import { type ConflictingWrite, type ConflictKind, tellConflict } from '../../core/reconcile/conflict.ts'
import type { Topology } from '../../core/topology.ts'
import type { Conflict, Feeds, ReadTables } from '../../engine/engine.ts'
import type { AdminRoute } from '../../http/routes.ts'

export function conflictRoutes(engine: Feeds & ReadTables, topology: Topology): readonly AdminRoute[] {
  const answer: AdminRoute['answer'] = ({ query }) => {
    const found = engine.conflicts(naturalOf(query['after']) ?? 0, conflictsToldMax)
    const table = query['table']
    return {
      region: topology.self.name,
      conflicts: found
        .filter(({ table: id, tableName }) => table === undefined || table === tableName || table === id)
        .map((conflict) => shownConflict(conflict, topology)),
      /** Whether there is a table of that name now; what one that was deleted has lost is told all the same. */
      ...(table === undefined ? {} : { tableExists: tableNamed(engine, table) }),
      /** Where to go on; the same as asked for when there is nothing after it yet. */
      next: found.at(-1)?.number ?? naturalOf(query['after']) ?? 0,
    }
  }
  return [{ method: 'GET', path: '/admin/conflicts', answer }]
}

function tableNamed(engine: Feeds & ReadTables, table: string): boolean {
  return (engine.tableNamed(table) ?? engine.tableWithId(table)) !== undefined
}

export type ShownConflict = {
  readonly number: number
  readonly table: string
  readonly key: Item
  /** Of the write that lost. */
  readonly kind: ConflictKind
  /** The regions that wrote them. */
  readonly winner: string
  readonly loser: string
  readonly won: ConflictImage
  readonly lost: ConflictImage
  /** Where and when the two have met. */
  readonly metIn: string
  readonly metMs: number
}

export type ConflictImage = {
  readonly region: string
  readonly stamp: Stamp
  readonly kind: ConflictKind
  /** Null for a delete. */
  readonly item: Item | null
}

export function shownConflict(conflict: Conflict, topology: Topology): ShownConflict {
  const { key, won, lost } = tellConflict(conflict)
  return {
    number: conflict.number,
    table: conflict.tableName,
    key,
    kind: lost.kind,
    winner: regionOf(topology, won.stamp),
    loser: regionOf(topology, lost.stamp),
    won: image(topology, won),
    lost: image(topology, lost),
    metIn: topology.self.name,
    metMs: conflict.wallMs,
  }
}

function image(topology: Topology, { stamp, kind, item }: ConflictingWrite): ConflictImage {
  return { region: regionOf(topology, stamp), stamp, kind, item: item ?? null }
}

/** A region that has left is known by its number only. */
function regionOf({ regions }: Topology, stamp: Stamp): string {
  return regions.find(({ number }) => number === stamp.region)?.name ?? `region ${stamp.region}`
}

function naturalOf(text: string | undefined): number | undefined {
  const value = Number(text)
  return text !== undefined && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}
