/** What of the log leaves the region: its own writes to tables that others have too, and the registers that tables share. */
import { type Batch, type BatchChange, BatchWriter, encodeBatch, recordSizeBytes } from '../../core/change/batch.ts'
import type { Change, Position } from '../../core/change/change.ts'
import { copyChange, type RecordHead } from '../../core/change/record.ts'
import { logReadChangesMax, messageChangesMax, messageTargetBytes, registersTogetherMax } from '../../core/limits.ts'
import { replicaRegister } from '../../core/table/registers.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'

type Take = (head: RecordHead, record: Buffer) => void

function takeLeaving(engine: Engine, take: Take, head: RecordHead, record: Buffer): void {
  if (head.ordinal === 0 || head.alone) return
  // Also of a table whose last replica is this region's: the others must hear that it goes.
  const table = head.cause === 'table' ? undefined : engine.tableWithId(head.table)
  if (table !== undefined) {
    if (table.replicas.length > 0) take(head, record)
    return
  }
  // To ask for registers is to lose the record.
  const kept = Buffer.from(record)
  if (wasShared(head.table, engine)) take(head, kept)
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
  const leaving: Change[] = []
  const bounds = { after, end, bytesMax: messageTargetBytes }
  const upTo = visitPart(engine, bounds, (head, record) => void leaving.push(copyChange(head, record)))
  return { leaving, upTo }
}

/** `after` is where the batch begins; between it and `from` there is nothing. */
type PartAsked = {
  readonly after: Position
  readonly from: Position
  readonly end: Position
  readonly table: TableId | undefined
  /** Less than a message may have, for a peer on a narrow line. */
  readonly bytesMax: number | undefined
}

/** The same, as the batch that a peer that has asked for it is answered; of one table, if it has asked for that. */
export function encodePart(
  engine: Engine,
  { after, from, end, table, bytesMax = messageTargetBytes }: PartAsked,
): { readonly upTo: Position; readonly batch: Buffer | undefined } {
  writer.begin()
  const bounds = { after: from, end, bytesMax: Math.min(bytesMax, messageTargetBytes) }
  const upTo = visitPart(engine, bounds, (head, record) => {
    if (table === undefined || head.table === table) writer.add(head, record)
  })
  return { upTo, batch: writer.isEmpty ? undefined : writer.finish(batchHead(engine, after, upTo)) }
}

const writer = new BatchWriter()

type PartBounds = { readonly after: Position; readonly end: Position; readonly bytesMax: number }

function visitPart(engine: Engine, { after, end, bytesMax }: PartBounds, take: Take): Position {
  let count = 0
  let size = 0
  // A record may have the row before as well, which does not leave.
  const bounds = { after, upTo: end, bytesMax: 2 * messageTargetBytes }
  const upTo = engine.visitOwnLog(bounds, (head, record) => {
    size += recordSizeBytes(head)
    const isFull = count >= (beginsRegisters(head) ? fullForRegisters : logReadChangesMax)
    if (isFull || (count > 0 && size > bytesMax)) return false
    count++
    takeLeaving(engine, take, head, record)
    return true
  })
  return visitRegisters(engine, { upTo, room: messageChangesMax - count, take })
}

/** From so many changes on a message has no room for all registers that one operation defines. */
const fullForRegisters = messageChangesMax - registersTogetherMax

function beginsRegisters({ cause, group, position }: RecordHead): boolean {
  return cause === 'table' && group === position
}

type Rest = { readonly upTo: Position; readonly room: number; readonly take: Take }

/** Sends registers that were defined together in one message: a region that knew of its own replica only would take itself for the last. */
function visitRegisters(engine: Engine, { upTo, room, take }: Rest): Position {
  let at = upTo
  for (let isMore = true; isMore && at < Math.min(engine.flushed(), upTo + room);) {
    isMore = false
    engine.visitOwnLog({ after: at, upTo: at + 1, bytesMax: messageTargetBytes }, (head, record) => {
      isMore = head.cause === 'table' && head.group <= upTo
      if (isMore) takeLeaving(engine, take, head, record)
      return isMore
    })
    if (isMore) at++
  }
  return at
}

export function batchOf(engine: Engine, after: Position, upTo: Position, changes: readonly Change[]): Batch {
  return { ...batchHead(engine, after, upTo), changes: changes.map(toBatchChange) }
}

export function emptyBatch(engine: Engine, after: Position, upTo: Position): Buffer {
  return encodeBatch({ ...batchHead(engine, after, upTo), changes: [] })
}

function batchHead(engine: Engine, after: Position, upTo: Position): Omit<Batch, 'changes'> {
  const { name, number } = engine.region
  return { origin: name, originNumber: number, epoch: engine.epoch, after, upTo }
}

function toBatchChange(change: Change): BatchChange {
  const { position, group, table, ordinal, key, row } = change
  return { position, group, kind: change.cause === 'table' ? 'register' : 'item', table, ordinal, key, row }
}
