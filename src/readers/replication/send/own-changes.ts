/** What of the log leaves the region: its own writes to tables that others have too, and the registers that tables share. */
import { type Batch, type BatchChange, BatchWriter, encodeBatch, type Part } from '../../../core/change/batch.ts'
import type { Change, Position } from '../../../core/change/change.ts'
import { copyChange, type RecordHead } from '../../../core/change/record.ts'
import { messageTargetBytes } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import { type Leaving, visitPart } from './log-visit.ts'

type OwnChangesEngine = Pick<
  Engine,
  'epoch' | 'flushed' | 'oldest' | 'region' | 'registers' | 'tableWithId' | 'visitOwnLog'
>

/** The next part of the log that one message may cover, and what of it leaves; `upTo` is `after` when nothing follows. */
export function nextPart(
  engine: OwnChangesEngine,
  after: Position,
  end: Position = Infinity,
): { readonly leaving: readonly Change[]; readonly upTo: Position; readonly part: Part | undefined } {
  const leaving: Change[] = []
  let whole = 0
  const { upTo, part } = visitPart(
    engine,
    { after, end, bytesMax: messageTargetBytes },
    {
      add: (head, record) => void leaving.push(copyChange(head, record)),
      savepoint: () => (whole = leaving.length),
      rollBack: () => void leaving.splice(whole),
    },
  )
  return { leaving, upTo, part }
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
  engine: OwnChangesEngine,
  { after, from, end, table, bytesMax = messageTargetBytes }: PartAsked,
): { readonly upTo: Position; readonly batch: Buffer | undefined } {
  writer.begin()
  const bounds = { after: from, end, bytesMax: Math.min(bytesMax, messageTargetBytes) }
  const { upTo, part } = visitPart(engine, bounds, table === undefined ? writer : ofTable(table))
  return { upTo, batch: writer.isEmpty ? undefined : writer.finish({ ...batchHead(engine, after, upTo), part }) }
}

const writer = new BatchWriter()

function ofTable(table: TableId): Leaving {
  return {
    add: (head: RecordHead, record: Buffer) => {
      if (head.table === table) writer.add(head, record)
    },
    savepoint: () => writer.savepoint(),
    rollBack: () => writer.rollBack(),
  }
}

type Made = { readonly after: Position; readonly upTo: Position; readonly part?: Part | undefined }

export function batchOf(engine: OwnChangesEngine, { after, upTo, part }: Made, changes: readonly Change[]): Batch {
  return { ...batchHead(engine, after, upTo), part, changes: changes.map(toBatchChange) }
}

export function emptyBatch(engine: OwnChangesEngine, after: Position, upTo: Position): Buffer {
  return encodeBatch({ ...batchHead(engine, after, upTo), changes: [] })
}

function batchHead(engine: OwnChangesEngine, after: Position, upTo: Position): Omit<Batch, 'changes'> {
  const { name, number } = engine.region
  return { origin: name, originNumber: number, epoch: engine.epoch, after, upTo }
}

function toBatchChange(change: Change): BatchChange {
  const { position, group, table, ownNumber, key, row } = change
  return { position, group, kind: change.cause === 'table' ? 'register' : 'item', table, ownNumber, key, row }
}
