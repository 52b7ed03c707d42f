/**
 * A table of which no region has all any more: the disk of the only complete replica was lost while others were still being made
 * from it. Each would wait for ever for a source. So one of them, the one with the lowest number, takes what all of them have,
 * and is complete by that; the others join from it as usual. Only when each of them says itself that it lacks something.
 */
import type { Replica, ReplicaStatus, TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import { Questions } from '../talk/questions.ts'
import { walkRows } from '../talk/row-walk.ts'
import type { Session } from '../talk/session.ts'

type OrphanRecoveryEngine = Pick<Engine, 'merge' | 'region'>

type Deps = {
  readonly engine: OrphanRecoveryEngine
  readonly peers: readonly Region[]
  readonly sessionTo: (region: string) => Session | undefined
}

const gone: readonly ReplicaStatus[] = ['DELETING', 'CREATION_FAILED']

/** Returns true when this region has taken what all others had, and is complete by that. */
export async function recoverOrphan(deps: Deps, table: TableId, replicas: Iterable<Replica>): Promise<boolean> {
  const others = [...replicas].filter(
    ({ region, status, mayStay }) => region !== deps.engine.region.name && (mayStay === true || !gone.includes(status)),
  )
  if (others.length === 0 || others.some(({ status }) => status !== 'CREATING')) return false
  const heirs = others.map(({ region }) => deps.peers.find(({ name }) => name === region))
  if (!heirs.every((heir) => heir !== undefined && deps.engine.region.number < heir.number)) return false
  const sessions = others.map(({ region }) => deps.sessionTo(region))
  const asked = sessions.flatMap((session) =>
    session === undefined ? [] : [new Questions(session, deps.engine.region.name)],
  )
  if (asked.length < others.length) return false
  for (const questions of asked) {
    const told = await questions.table(table)
    // A peer that does not know of the table yet has not said that it lacks something.
    if (told === undefined || told.complete) return false
  }
  for (const questions of asked) await mergeAllRows(deps.engine, questions, table)
  return true
}

/** Rejects when a peer refuses: what it has is not known then. */
export async function mergeAllRows(engine: OrphanRecoveryEngine, questions: Questions, table: TableId): Promise<void> {
  for await (const { rows } of walkRows((after) => questions.partialRows(table, after))) await engine.merge(table, rows)
}
