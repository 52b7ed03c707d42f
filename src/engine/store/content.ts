/**
 * Reads every record that a node reads by itself, and names the first that cannot be decoded. The structure of the file is proved by
 * the time that this runs (adapters/lmdb/lmdb-file.ts); a flipped bit within a value is not. Such a record can end each process that
 * meets it soon after its start, so a store whose node does not stay up is read in full.
 *
 * Left out is what only a request reads, and what a node makes again: feeds, tokens, index rows, tombstones by age, sizes of collections.
 */
import { changeIn, decodeEntry } from '../../core/change/record.ts'
import { bodyOffset, decodeRow } from '../../core/item/row.ts'
import type { Entry, Range, Store } from '../../ports/store.ts'
import { registerValueOf } from '../tables/catalog.ts'
import { DamagedRecord, itemRowDamage } from './damaged-record.ts'
import { allLog, allRegisters, allRows, ownRecords } from './keys.ts'
import { isSealedKey, unsealed } from './sealed-store.ts'

type Kind = {
  readonly range: Range
  readonly read: (entry: Entry) => unknown
}

const kinds: readonly Kind[] = [
  ...ownRecords.map((range) => ({ range, read: readOwn })),
  { range: allRegisters, read: readRegister },
  { range: allLog, read: readEntry },
  { range: allRows, read: readItem },
]

/** Between two turns. */
const atOnce = 256

/** The same for what every start reads: a store in which that is damaged is not opened. */
export function checkOwnRecords(store: Pick<Store, 'entries'>): Generator<void, void> {
  return checkKinds(store, kinds.slice(0, ownRecords.length))
}

/** Throws a RangeError that names the record and says what is wrong with it. Yields now and then. */
export function checkContent(store: Pick<Store, 'entries'>): Generator<void, void> {
  return checkKinds(store, kinds)
}

function* checkKinds(store: Pick<Store, 'entries'>, checked: readonly Kind[]): Generator<void, void> {
  for (const kind of checked) {
    let { from } = kind.range
    for (;;) {
      const last = checkSome(store, kind, from)
      if (last === undefined) break
      from = Buffer.concat([last, Buffer.of(0)])
      yield
    }
  }
}

/** The last key that was read; undefined at the end of the range. */
function checkSome(store: Pick<Store, 'entries'>, kind: Kind, from: Uint8Array): Buffer | undefined {
  let count = 0
  for (const entry of store.entries({ from, to: kind.range.to })) {
    check(kind, entry)
    if (++count === atOnce) return entry.key
  }
  return undefined
}

function check({ read }: Kind, entry: Entry): void {
  DamagedRecord.unless(entry.key, () => read(entry))
}

/** What its checksum proves need not be parsed; the identity is read before all else. */
function readOwn({ key, value }: Entry): Buffer | undefined {
  return isSealedKey(key) ? unsealed(key, value) : undefined
}

function readRegister({ value }: Entry): void {
  registerValueOf(value)
}

function readEntry({ value }: Entry): void {
  for (const head of decodeEntry(value)) decodeRow(changeIn(head, value).row)
}

/** A row that its form or its checksum shows to be damaged is quarantined when it is needed, and ends no process. */
function readItem({ value }: Entry): void {
  if (itemRowDamage(value) !== undefined) return
  const item: unknown = JSON.parse(value.toString('utf8', bodyOffset(value)))
  if (typeof item !== 'object' || item === null) throw new RangeError('its item is not one')
}
