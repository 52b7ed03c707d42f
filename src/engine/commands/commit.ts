/**
 * Own writes. Decide all of them on what is decided already; then, when none is refused, edit all of them. Nothing
 * throws after the first edit: what still does is a broken invariant, and stops the engine before the group is flushed.
 */
import { assert, InvariantViolation } from '../../core/assert.ts'
import type { Cause } from '../../core/change/change.ts'
import { ServiceError } from '../../core/errors.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { bodyOffset, encodeRow, encodeRowOfText, isTombstone, itemSizeOf, type Row } from '../../core/item/row.ts'
import { looksInside, type StrongGroup, type Table } from '../../core/table/table.ts'
import { hasItemCollections } from '../../core/write/item-collection.ts'
import { decide } from '../../core/write/decide.ts'
import { compareStamps, readStamp, type Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { Current, Outcome, Refusal, Write } from '../../core/write/write.ts'
import type { CommitResult, EachResult, OnceResult, Token } from './command.ts'
import { collectionRefusal, type Growths } from '../derived/collections.ts'
import type { Group } from './flush-group.ts'
import { rowKey } from '../store/keys.ts'
import { editRow, ownRow, soundRow } from './row-edit.ts'
import { orderedStamp, type State } from '../state.ts'
import { knownToken, putToken } from './tokens.ts'
import { refusedByStore } from '../trouble.ts'

/** A write with what it found, accepted. */
type Accepted = {
  readonly write: Write
  readonly table: Table
  /** The row's key in the store. */
  readonly at: Buffer
  readonly before: Buffer | undefined
  readonly outcome: Outcome
  /** Where the order gives it, accepted or not. */
  readonly stamp: Stamp | undefined
}

export function commit(state: State, writes: readonly Write[], cause: Cause): Promise<CommitResult> {
  const only = writes.length === 1 ? writes[0] : undefined
  return only === undefined ? commitAll(state, writes, cause) : commitOne(state, only, cause)
}

/**
 * Each by itself, as if they had come one after another, and one answer when all of them are durable. They are in one flush group:
 * where that fails, nothing of them is stored, and all of it rejects.
 */
export function commitEach(state: State, writes: readonly Write[], cause: Cause): Promise<readonly EachResult[]> {
  const results = writes.map((write): EachResult => {
    const decided = decideAlone(state, write)
    if ('failed' in decided) return decided
    if ('refused' in decided) return { accepted: false, refusals: [decided] }
    if (decided.outcome.changed) editAll(state, [decided], cause)
    return accepted(state, [decided])
  })
  return answer(state.groups.settled(), results)
}

/**
 * Whatever keeps one write from being decided, or from being taken, keeps none of the others: they may be in the group already. A broken
 * invariant is no such thing: it stops the node.
 */
function decideAlone(state: State, write: Write): Accepted | Refusal | Extract<EachResult, { failed: unknown }> {
  try {
    const decided = decideWrite(state, write)
    if (isAccepted(decided) && decided.outcome.changed) state.groups.open()
    return decided
  } catch (failed) {
    if (failed instanceof InvariantViolation) throw failed
    return { accepted: false, failed }
  }
}

/** The token is looked up and written in the same turn as the writes are decided: two at once cannot both be new. */
export async function commitOnce(state: State, writes: readonly Write[], token: Token): Promise<OnceResult> {
  const known = knownToken(state, token.name)
  if (known === undefined) return { done: 'now', result: await commitAll(state, writes, 'client', token) }
  await answer(state.groups.durability(known.key) ?? Promise.resolve(), undefined)
  return { done: known.digest === token.digest ? 'before' : 'another' }
}

function commitOne(state: State, write: Write, cause: Cause): Promise<CommitResult> {
  const decided = decideWrite(state, write)
  if ('refused' in decided) return settled(state, [write], { accepted: false, refusals: [decided] })
  if (!decided.outcome.changed) return settled(state, [write], accepted(state, [decided]))
  return edit(state, [decided], cause)
}

function commitAll(state: State, writes: readonly Write[], cause: Cause, token?: Token): Promise<CommitResult> {
  assertDistinct(writes)
  const together: Growths = new Map()
  const decided = writes.map((write) => decideWrite(state, write, together))
  const acceptedWrites = decided.filter(isAccepted)
  if (acceptedWrites.length < decided.length) {
    const refusals = decided.map((each) => ('refused' in each ? each : undefined))
    return settled(state, writes, { accepted: false, refusals })
  }
  if (token === undefined && !acceptedWrites.some(({ outcome }) => outcome.changed))
    return settled(state, writes, accepted(state, acceptedWrites))
  return edit(state, acceptedWrites, cause, token)
}

function decideWrite(state: State, write: Write, together?: Growths): Accepted | Refusal {
  // Before anything is looked at: the stamps of later writes must not depend on what becomes of this one.
  const stamp = orderedStamp(state)
  const { refuses } = state.lineage
  if (refuses !== undefined && !state.time.isShared) throw refusedWrite(refuses)
  const table = state.catalog.decided(write.table) ?? state.catalog.successorOf(write.table)
  if (table === undefined || table.status === 'DELETING')
    throw new ServiceError('ResourceNotFoundException', 'Requested resource not found')
  if (table.strong !== undefined) assertTakesWrites(table.strong)
  const at = rowKey(table.number, write.key)
  const before = stamp === undefined ? soundRow(state, at) : orderedRow(state, at, stamp)
  const outcome = decide(write, table, before === undefined || isTombstone(before) ? undefined : new StoredItem(before))
  if ('refused' in outcome) return outcome
  const full =
    outcome.changed && hasItemCollections(table) ? tooLarge(state, table, { write, outcome, together }) : undefined
  return full ?? { write, table, at, before, outcome, stamp }
}

/** The row that a write finds which other regions decide too. */
function orderedRow(state: State, at: Buffer, stamp: Stamp): Buffer | undefined {
  const row = rowOrStop(state, at)
  if (row === undefined) return undefined
  const found = readStamp(row, 1)
  // The state of another replica was read while it decided this.
  if (compareStamps(found, stamp) >= 0) throw new Error('the row has been decided further')
  if (state.orderBook.isUnknown(found)) throw new ServiceError('ReplicatedWriteConflictException', conflictMessage)
  return row
}

const conflictMessage =
  'The request was rejected because one or more items in the request are being modified by a request in another Region.'

/** The others decide on the row as it was before the damage. */
function rowOrStop(state: State, at: Buffer): Buffer | undefined {
  try {
    return soundRow(state, at)
  } catch (error) {
    state.groups.stop(error as Error)
    throw error
  }
}

/** The client's next try finds the table where it is then. */
function assertTakesWrites({ leaving, isElsewhere }: StrongGroup): void {
  if (leaving !== undefined || isElsewhere === true)
    throw new ServiceError('InternalServerError', 'The table is being changed. Try again.')
}

export const refusedWrite = (reason: string): ServiceError =>
  new ServiceError('ServiceUnavailable', `This region takes no writes: ${reason}.`)

type Deciding = { readonly write: Write; readonly outcome: Outcome; readonly together: Growths | undefined }

function tooLarge(state: State, table: Table, { write, outcome, together }: Deciding): Refusal | undefined {
  const { previous, next } = outcome
  return collectionRefusal(state, table, write.key, { before: previous?.item(), after: next?.item(), together })
}

function edit(state: State, writes: readonly Accepted[], cause: Cause, token?: Token): Promise<CommitResult> {
  const group = editAll(state, writes, cause, token)
  return answer(group.durable, accepted(state, writes))
}

function editAll(state: State, writes: readonly Accepted[], cause: Cause, token?: Token): Group {
  const group = state.groups.open()
  try {
    if (writes.length === 1) editOne(state, group, writes[0] as Accepted, cause)
    else state.writer.together(undefined, () => writes.forEach((write) => editOne(state, group, write, cause)))
    if (token !== undefined) putToken(state, group, token)
    group.writes += writes.length
  } catch (error) {
    // Half of it is in the group.
    state.groups.stop(error as Error)
    throw error
  }
  return group
}

function editOne(state: State, group: Group, write: Accepted, cause: Cause): void {
  const { table, at, before, outcome } = write
  if (!outcome.changed) return
  const { next, previous } = outcome
  const { stamp, seen } = ownRow(state, table, before, write.stamp)
  const tombstone = next === undefined
  const itemSizeBytes = next?.sizeBytes ?? 0
  const head = { stamp, seen, tombstone, itemSizeBytes, body: none }
  const row = tombstone || previous !== undefined ? head : { ...head, inserted: true as const }
  editRow(state, group, {
    table,
    key: write.write.key,
    at,
    before,
    beforeItem: previous instanceof StoredItem ? previous.parsed : undefined,
    row,
    bytes: rowBytes(row, write),
    item: looksInside(table) ? next?.item() : undefined,
    cause,
  })
}

/** The item's JSON as it came, or made now; of a tombstone its key. */
function rowBytes(row: Row, { write, outcome: { next } }: Accepted): Buffer {
  const body = next?.body
  if (body !== undefined) return encodeRow({ ...row, body })
  return encodeRowOfText(row, JSON.stringify(next?.item() ?? write.keyAttributes))
}

/** The bytes have it. */
const none = Buffer.alloc(0)

function isAccepted(decided: Accepted | Refusal): decided is Accepted {
  return !('refused' in decided)
}

function accepted(state: State, writes: readonly Accepted[]): CommitResult {
  return { accepted: true, outcomes: writes.map(({ outcome }) => outcome), position: state.head.position }
}

/** Nothing was edited, yet the answer may rest on edits that are not durable: it waits for them. */
function settled(state: State, writes: readonly Write[], result: CommitResult): Promise<CommitResult> {
  const waits: Promise<void>[] = []
  for (const write of writes) {
    const table = state.catalog.decided(write.table) ?? state.catalog.successorOf(write.table)
    const durable = table === undefined ? undefined : state.groups.durability(rowKey(table.number, write.key))
    if (durable !== undefined) waits.push(durable)
  }
  return waits.length === 0 ? Promise.resolve(result) : answer(Promise.all(waits), result)
}

function answer<Result>(durable: Promise<unknown>, result: Result): Promise<Result> {
  return durable.then(
    () => result,
    (error: unknown) => {
      if (error instanceof ServiceError) throw error
      throw refusedByStore(error) ?? new ServiceError('InternalServerError', 'Internal server error', {})
    },
  )
}

function assertDistinct(writes: readonly Write[]): void {
  const keys = new Set(writes.map((write) => `${write.table} ${write.key.toString('latin1')}`))
  assert(keys.size === writes.length, 'commit: the writes of a transaction have different keys')
}

/** Parsed once, and only if somebody looks. */
class StoredItem implements Current {
  readonly sizeBytes: number
  parsed: ReturnType<typeof decodeItem> | undefined
  readonly #row: Buffer

  constructor(row: Buffer) {
    this.sizeBytes = itemSizeOf(row)
    this.#row = row
  }

  item(): ReturnType<typeof decodeItem> {
    this.parsed ??= decodeItem(this.#row.subarray(bodyOffset(this.#row)))
    return this.parsed
  }
}
