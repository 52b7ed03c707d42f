/** What of the log leaves the region: its own writes to tables that others have too, and the registers that tables share. */
import { type Batch, type BatchChange, changeSizeBytes } from '../../core/change/batch.ts'
import type { Change, Position } from '../../core/change/change.ts'
import { logReadChangesMax, messageTargetBytes } from '../../core/limits.ts'
import { replicaRegister } from '../../core/table/registers.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'

function leaves(change: Change, engine: Engine): boolean {
  if (change.ordinal === 0 || change.alone === true) return false
  // Also of a table whose last replica is this region's: the others must hear that it goes.
  if (change.cause === 'table') return wasShared(change.table, engine)
  const table = engine.tableWithId(change.table)
  return table === undefined ? wasShared(change.table, engine) : table.replicas.length > 0
}

/** Some region has, or had, a replica. What was written to one that has left since goes out all the same, and the word that it has left. */
function wasShared(table: TableId, engine: Engine): boolean {
  return engine.registers(table).some(({ key }) => key.toString('utf8').startsWith(replicaRegister('')))
}

/** The next part of the log that one message may cover, and what of it leaves; `upTo` is `after` when nothing follows. */
export function nextPart(
  engine: Engine,
  after: Position,
  end: Position = Infinity,
): { readonly leaving: readonly Change[]; readonly upTo: Position } {
  // A record may have the row before as well, which does not leave.
  const own = engine.readOwnLog(after, logReadChangesMax, 2 * messageTargetBytes, end)
  const changes = cutToSize(own.changes)
  const last = changes.at(-1)
  const isCut = last !== undefined && changes.length < own.changes.length
  const upTo = isCut ? last.position : own.upTo
  const rest = restOfRegisters(engine, upTo)
  const leaving = [...changes, ...rest].filter((change) => leaves(change, engine))
  return { leaving, upTo: rest.at(-1)?.position ?? upTo }
}

/** Registers that were defined together are told together: a region that knew of its own replica only would take itself for the last. */
function restOfRegisters(engine: Engine, upTo: Position): readonly Change[] {
  const rest: Change[] = []
  for (let at = upTo; at < engine.flushed(); at++) {
    const [next] = engine.readOwnLog(at, 1, messageTargetBytes, at + 1).changes
    if (next?.position !== at + 1 || next.cause !== 'table' || next.group > upTo) break
    rest.push(next)
  }
  return rest
}

/** As much of `changes` as one message takes: all of it, or less when that grows too large. */
function cutToSize(changes: readonly Change[]): readonly Change[] {
  let size = 0
  for (const [n, change] of changes.entries()) {
    size += changeSizeBytes(change)
    if (n > 0 && size > messageTargetBytes) return changes.slice(0, n)
  }
  return changes
}

export function batchOf(engine: Engine, after: Position, upTo: Position, changes: readonly Change[]): Batch {
  const { name, number } = engine.region
  return { origin: name, originNumber: number, epoch: engine.epoch, after, upTo, changes: changes.map(toBatchChange) }
}

function toBatchChange(change: Change): BatchChange {
  const { position, group, table, ordinal, key, row } = change
  return { position, group, kind: change.cause === 'table' ? 'register' : 'item', table, ordinal, key, row }
}
