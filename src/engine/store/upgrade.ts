/**
 * From a store of an earlier version to the present format, in bounded steps. Each step leaves the store such that all of them may begin again,
 * so a kill at any moment only postpones the rest.
 *
 *   1 → 2   head and counts have moved
 *   2 → 3   the log has one entry a commit; values have checksums
 *
 * Rows, index rows and sizes of item collections may be as many as the disk holds. They stay as they are and are read in both formats, for ever;
 * a row gets its checksum when it is written next.
 */
import type { Position } from '../../core/change/change.ts'
import { decodeEntry, encodeEntry, entryChangesMax, type EntryHead, type Unplaced } from '../../core/change/record.ts'
import { readStamp } from '../../core/hybrid-logical-clock/stamp.ts'
import { sealedRow } from '../../core/item/row.ts'
import { stepBytesMax, stepRowsMax } from '../../core/limits/limits.ts'
import type { Edit, Entry, Range, Store } from '../../ports/store.ts'
import { DamagedRecord } from './damaged-record.ts'
import {
  allLog,
  allRegisters,
  countsKeyOfOld,
  headKey,
  logKey,
  numberOf,
  oldCounts,
  oldHeadKey,
  sealedByUpgrade,
} from './keys.ts'
import { decodeOldRecord, isOldRecord, type OldRecord } from '../log/old-record.ts'
import { isSealed, isSealedKey, sealed } from './sealed-store.ts'

/** What format 2 has in other places than format 1, as edits of one batch. */
export function movesFromFormat1(store: Store): Edit[] {
  const edits: Edit[] = []
  const move = (from: Buffer, to: Buffer, value: Buffer | undefined): void =>
    void edits.push({ key: from, value: undefined }, { key: to, value })
  move(oldHeadKey, headKey, store.get(oldHeadKey))
  for (const { key, value } of store.entries(oldCounts)) move(key, countsKeyOfOld(key), value)
  return edits
}

/** `progress` is called after each step. */
export async function upgradeFromFormat2(store: Store, progress: () => void): Promise<void> {
  for (const range of sealedByUpgrade) await rewrite(store, range, sealedEdit, progress)
  await rewrite(store, allRegisters, registerEdit, progress)
  await rewriteLog(store, progress)
}

function sealedEdit({ key, value }: Entry): Edit | undefined {
  return isSealed(value) || !isSealedKey(key) ? undefined : { key, value: sealed(key, value) }
}

function registerEdit({ key, value }: Entry): Edit | undefined {
  const row = sealedRow(value)
  return row === value ? undefined : { key, value: row }
}

async function rewrite(
  store: Store,
  range: Range,
  editOf: (entry: Entry) => Edit | undefined,
  progress: () => void,
): Promise<void> {
  for (let from: Uint8Array | undefined = range.from; from !== undefined;) {
    const edits: Edit[] = []
    const next: Uint8Array | undefined = walk(store, { ...range, from }, (entry) => {
      const edit = editOf(entry)
      if (edit !== undefined) edits.push(edit)
    })
    if (edits.length > 0) await store.write(edits)
    progress()
    from = next
  }
}

/** Visits what one step may have; returns where the next one begins, undefined at the end. */
function walk(store: Store, range: Range, visit: (entry: Entry) => void): Uint8Array | undefined {
  let [count, bytes] = [0, 0]
  for (const entry of store.entries(range)) {
    if (count >= stepRowsMax || bytes >= stepBytesMax) return entry.key
    count++
    bytes += entry.value.length
    visit(entry)
  }
  return undefined
}

async function rewriteLog(store: Store, progress: () => void): Promise<void> {
  let step: LogStep | undefined = { from: allLog.from, at: 0 }
  while (step !== undefined) {
    const { edits, next }: Rewritten = rewriteSome(store, step)
    if (edits.length > 0) await store.write(edits)
    progress()
    step = next
  }
}

/** `at`: of the last entry before. */
type LogStep = { readonly from: Uint8Array; readonly at: number }
type Rewritten = { readonly edits: readonly Edit[]; readonly next: LogStep | undefined }

/** Commits are rewritten as a whole. Entries that are in the new format already, from before a kill, are passed over. */
function rewriteSome(store: Store, step: LogStep): Rewritten {
  const edits: Edit[] = []
  let commit: OldCommit | undefined
  let { at } = step
  let [count, bytes] = [0, 0]
  const end = (): void => {
    if (commit !== undefined) edits.push(...commit.edits(at))
    at = commit?.at(at) ?? at
    commit = undefined
  }
  for (const { key, value } of store.entries({ ...allLog, from: step.from })) {
    const old = isOldRecord(value) ? DamagedRecord.unless(key, () => recordUnder(key, value)) : undefined
    if (old === undefined || commit?.takes(old) !== true) {
      end()
      if (count >= stepRowsMax || bytes >= stepBytesMax) return { edits, next: { from: key, at } }
      if (old === undefined) at = DamagedRecord.unless(key, () => decodeEntry(value))[0]?.at ?? at
      else commit = new OldCommit(old)
    } else commit.add(old)
    count++
    bytes += value.length
  }
  end()
  return { edits, next: undefined }
}

function recordUnder(key: Buffer, value: Buffer): OldRecord {
  const old = decodeOldRecord(value)
  if (old.position !== numberOf(key)) throw new RangeError('it is of another position')
  return old
}

/** Records of one group and cause, one after another. */
class OldCommit {
  readonly #first: Position
  readonly #of: OldRecord
  readonly #changes: Unplaced[]

  constructor(first: OldRecord) {
    this.#first = first.position
    this.#of = first
    this.#changes = [first.change]
  }

  takes({ position, group, cause }: OldRecord): boolean {
    const { length } = this.#changes
    const isNext = position === this.#first + length && length < entryChangesMax
    return isNext && group === this.#of.group && cause === this.#of.cause
  }

  add({ change }: OldRecord): void {
    this.#changes.push(change)
  }

  /** The old log does not say when: as late as its stamps say, and never earlier than the entry before. */
  at(before: number): number {
    return this.#changes.reduce((at, { row }) => Math.max(at, readStamp(row, 1).wallMs), before)
  }

  edits(before: number): readonly Edit[] {
    const head: EntryHead = { first: this.#first, cause: this.#of.cause, at: this.at(before) }
    const gone = this.#changes.slice(1).map((_, n) => ({ key: logKey(this.#first + n + 1), value: undefined }))
    return [{ key: logKey(this.#first), value: encodeEntry(head, this.#changes) }, ...gone]
  }
}
