/**
 * Goes through the own log for one message: what of it leaves the region, up to a place where no transaction is cut. So do registers that one
 * operation defines stay together: a region that knew of its own replica only would take itself for the last. A transaction that is larger than a
 * message may be is the only one in its messages, and they are numbered. Where each of its parts ends follows from the transaction alone, so that
 * the stream and every answer have the same parts.
 */
import { type BatchWriter, type Part, recordSizeBytes } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { RecordHead } from '../../../core/change/record.ts'
import { groupChangesMax } from '../../../core/limits/line-limits.ts'
import {
  logReadChangesMax,
  messageChangesMax,
  messageSizeBytesMax,
  messageTargetBytes,
} from '../../../core/limits/limits.ts'
import { replicaRegister } from '../../../core/table/registers.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'

type LogVisitEngine = Pick<Engine, 'flushed' | 'oldest' | 'registers' | 'tableWithId' | 'visitOwnLog'>

/** Takes what leaves. `savepoint` begins a transaction, and `rollBack` takes back what was added since. */
export type Leaving = Pick<BatchWriter, 'add' | 'savepoint' | 'rollBack'>

export type PartBounds = { readonly after: Position; readonly end: Position; readonly bytesMax: number }

/** `upTo` is `after` when nothing follows. */
export type Visited = { readonly upTo: Position; readonly part?: Part | undefined }

/** What a message has beside its changes: names, epoch, its frame. */
const headBytesMax = 4096
/** Positions read for the rest of a transaction at a time. */
const restPositions = 64

/** A message may be larger than `bytesMax` by the rest of a transaction. */
export function visitPart(engine: LogVisitEngine, bounds: PartBounds, leaving: Leaving, mayBePart = true): Visited {
  const { after, end, bytesMax } = bounds
  const capacity = new Capacity(engine, leaving)
  let read = 0
  let bytes = 0
  let isWithin = false
  /** The end of the last transaction that is whole. */
  let whole = after
  // A record may have the row before as well, which does not leave.
  const upTo = engine.visitOwnLog({ after, upTo: end, bytesMax: 2 * messageTargetBytes }, (head, record) => {
    isWithin ||= mayBePart && read === 0 && head.group <= after
    bytes += recordSizeBytes(head)
    if (isWithin || read >= logReadChangesMax || (read > 0 && bytes > bytesMax)) return false
    if (head.group === head.position) {
      leaving.savepoint()
      whole = head.position - 1
    }
    read++
    return capacity.take(head, record)
  })
  if (isWithin) return partOfLarge(engine, after, leaving) ?? visitPart(engine, bounds, leaving, false)
  const rest = restOf(engine, { after: upTo, group: upTo }, capacity.take)
  if (!capacity.isOver) return { upTo: rest }
  leaving.rollBack()
  return whole > after ? { upTo: whole } : (partOfLarge(engine, after, leaving) ?? { upTo: after })
}

/** Counts what a message has. */
class Capacity {
  isOver = false
  readonly #engine: LogVisitEngine
  readonly #leaving: Pick<Leaving, 'add'>
  #changes = 0
  #bytes = headBytesMax

  constructor(engine: LogVisitEngine, leaving: Pick<Leaving, 'add'>) {
    this.#engine = engine
    this.#leaving = leaving
  }

  /** False when the message cannot have it as well. */
  readonly take = (head: RecordHead, record: Buffer): boolean => {
    if (this.isOver) return false
    const kept = leavingRecord(this.#engine, head, record)
    if (kept === undefined) return true
    this.isOver = !this.#fits(head)
    if (!this.isOver) this.#leaving.add(head, kept)
    return !this.isOver
  }

  #fits(head: RecordHead): boolean {
    this.#changes++
    this.#bytes += sizeBytesOf(head)
    return this.#changes <= messageChangesMax && this.#bytes <= messageSizeBytesMax
  }
}

/** With the name of its table, as if it were the only one of that. */
function sizeBytesOf(head: RecordHead): number {
  return recordSizeBytes(head) + 2 + Buffer.byteLength(head.table)
}

type Rest = { readonly after: Position; readonly group: Position }
type Take = (head: RecordHead, record: Buffer) => boolean

/** Takes what follows as long as its transaction began by `group`, and returns where that ends. */
function restOf(engine: LogVisitEngine, { after, group }: Rest, take: Take): Position {
  let at = after
  for (let isMore = true; isMore && at < engine.flushed();) {
    isMore = false
    const bounds = { after: at, upTo: Math.min(at + restPositions, engine.flushed()), bytesMax: messageSizeBytesMax }
    engine.visitOwnLog(bounds, (head, record) => {
      isMore = head.group <= group && take(head, record)
      if (isMore) at = head.position
      return isMore
    })
  }
  return at
}

/** The part behind `after` of a transaction that is too large for one message; undefined where it is not, or nothing of it is left. */
function partOfLarge(engine: LogVisitEngine, after: Position, leaving: Leaving): Visited | undefined {
  const ends = partEndsOf(engine, Math.max(groupAfter(engine, after) ?? after + 1, engine.oldest()))
  const number = ends.findIndex((end) => end > after)
  const upTo = ends[number]
  if (upTo === undefined || ends.length === 1) return undefined
  leaving.savepoint()
  engine.visitOwnLog({ after, upTo, bytesMax: Infinity }, (head, record) => {
    const kept = leavingRecord(engine, head, record)
    if (kept !== undefined) leaving.add(head, kept)
    return true
  })
  return { upTo, part: { number: number + 1, of: ends.length } }
}

/** The first position of the transaction that the next change is of. */
function groupAfter(engine: LogVisitEngine, after: Position): Position | undefined {
  let group: Position | undefined
  engine.visitOwnLog({ after, upTo: after + groupChangesMax, bytesMax: messageSizeBytesMax }, (head) => {
    group = head.group
    return false
  })
  return group
}

/** Where each of its parts ends: as much in each as a message may have. */
function partEndsOf(engine: LogVisitEngine, group: Position): readonly Position[] {
  const ends: Position[] = []
  let [changes, bytes, last] = [0, headBytesMax, group - 1]
  const take = (head: RecordHead, record: Buffer): boolean => {
    if (leavingRecord(engine, head, record) === undefined) return true
    const size = sizeBytesOf(head)
    if (changes > 0 && (changes === messageChangesMax || bytes + size > messageSizeBytesMax)) {
      ends.push(last)
      changes = 0
      bytes = headBytesMax
    }
    changes++
    bytes += size
    last = head.position
    return true
  }
  restOf(engine, { after: group - 1, group }, take)
  return [...ends, last]
}

/** The record, or a copy; undefined when the change stays in the region. */
function leavingRecord(engine: LogVisitEngine, head: RecordHead, record: Buffer): Buffer | undefined {
  if (head.ownNumber === 0 || head.unshared) return undefined
  // Also of a table whose last replica is this region's: the others must hear that it goes.
  const table = head.cause === 'table' ? undefined : engine.tableWithId(head.table)
  if (table !== undefined) return table.replicas.length > 0 ? record : undefined
  // To ask for registers is to lose the record.
  const kept = Buffer.from(record)
  return wasShared(head.table, engine) ? kept : undefined
}

/**
 * Some region has, or had, a replica, or a group has it. What was written to one that has left since goes out all the same, and the word that it has
 * left.
 */
function wasShared(table: TableId, engine: LogVisitEngine): boolean {
  return engine.registers(table).some(({ key }) => {
    const register = key.toString('utf8')
    return register === 'strong/group' || register.startsWith(replicaRegister(''))
  })
}
