/**
 * Reads every record that a node reads by itself, and names the first that cannot be decoded. The structure of the file is proved by
 * the time that this runs (adapters/lmdb-file.ts); a flipped bit within a value is not. Such a record can end each process that
 * meets it soon after its start, so a store whose node does not stay up is read in full.
 *
 * Left out is what only a request reads, and what a node makes anew: feeds, tokens, index rows, tombstones by age, sizes of collections.
 */
import { decodeChange } from '../core/change/record.ts'
import { errorText } from '../core/error-text.ts'
import { bodyOffset, decodeRow } from '../core/item/row.ts'
import type { Entry, Store } from '../ports/store.ts'
import { registerValueOf } from './catalog.ts'
import {
  allCounts,
  allLog,
  allNotes,
  allRegisters,
  allRows,
  cursorName,
  cursorRange,
  numberOf,
  registerOf,
  rowPrefixBytes,
} from './keys.ts'

type Kind = {
  readonly range: Parameters<Store['entries']>[0]
  readonly read: (value: Buffer) => unknown
  readonly name: (key: Buffer) => string
}

const kinds: readonly Kind[] = [
  { range: allNotes, read: parsed, name: (key) => `the note ${key.toString('utf8', 1)}` },
  { range: cursorRange, read: parsed, name: (key) => `the place in the log of ${cursorName(key)}` },
  { range: allCounts, read: parsed, name: (key) => `the counts of table number ${key.readUInt32BE(1)}` },
  { range: allRegisters, read: readRegister, name: registerName },
  { range: allLog, read: readChange, name: (key) => `position ${numberOf(key)} of the log` },
  { range: allRows, read: readItem, name: rowName },
]

/** Between two turns. */
const atOnce = 256

/** Throws a RangeError that names the record and says what is wrong with it. Yields now and then. */
export function* checkContent(store: Pick<Store, 'entries'>): Generator<void, void> {
  for (const kind of kinds) {
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

function check({ read, name }: Kind, { key, value }: Entry): void {
  try {
    read(value)
  } catch (error) {
    throw new RangeError(`${name(key)} cannot be read: ${errorText(error)}`)
  }
}

function parsed(value: Buffer): unknown {
  return JSON.parse(value.toString()) as unknown
}

function readRegister(value: Buffer): void {
  decodeRow(value)
  registerValueOf(value)
}

function readChange(value: Buffer): void {
  const { row } = decodeChange(value)
  if (row.length > 0) decodeRow(row)
}

function readItem(value: Buffer): void {
  decodeRow(value)
  const item: unknown = JSON.parse(value.toString('utf8', bodyOffset(value)))
  if (typeof item !== 'object' || item === null) throw new RangeError('its item is not one')
}

function registerName(key: Buffer): string {
  const { table, register } = registerOf(key)
  return `the register ${register} of table ${table}`
}

function rowName(key: Buffer): string {
  return `the row ${key.subarray(rowPrefixBytes).toString('base64')} of table number ${key.readUInt32BE(1)}`
}
