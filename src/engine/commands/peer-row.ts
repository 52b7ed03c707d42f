/**
 * What a peer sent is checked before anything is built on it: a row must be one that an honest region of this version
 * could have written under that key. Returns what is wrong, for people; undefined when nothing is.
 */
import { sizeOfItem } from '../../core/attribute/size.ts'
import { isStoredItem } from '../../core/attribute/stored-value.ts'
import type { Item } from '../../core/attribute/value.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { decodeRow, type Row } from '../../core/item/row.ts'
import { type ScannedValue, scanItem } from '../../core/item/scan-item.ts'
import { bareKeyBytes, keyValueOf } from '../../core/key/key-bytes.ts'
import { type BareBytes, encodePrimaryKey, isPrimaryKeyOf } from '../../core/key/primary-key.ts'
import { itemSizeBytesMax, messageSizeBytesMax } from '../../core/limits/limits.ts'
import { isCausal } from '../../core/reconcile/reconcile.ts'
import { isLocalRegister } from '../../core/table/registers.ts'
import { isRegisterValue } from '../../core/table/register-value.ts'
import { looksInside, type KeyAttribute, type Table } from '../../core/table/table.ts'

/**
 * Throws RangeError with the reason. Returns the item of a live row where the table has indexes: otherwise it is not needed,
 * and the row is checked without parsing it.
 */
export function checkItemRow(table: Table, key: Buffer, row: Row): Item | undefined {
  if (!looksInside(table) && isRightByItsBytes(table, key, row)) return undefined
  const item = parsed(row.body) as Item
  if (!isStoredItem(item)) throw new RangeError('its item is not one')
  const lacks = (part: KeyAttribute): boolean => keyValueOf(item, part) === undefined
  if (table.key.partition.some(lacks) || table.key.sort.some(lacks))
    throw new RangeError('its item lacks a key attribute')
  if (!rangeChecked(() => encodePrimaryKey(table.key, item)).equals(key))
    throw new RangeError('its key is not that of its item')
  if (row.tombstone) return undefined
  if (row.itemSizeBytes > itemSizeBytesMax || row.itemSizeBytes !== rangeChecked(() => sizeOfItem(item)))
    throw new RangeError('its size is not that of its item')
  return item
}

/** False also where that takes more than a look at the bytes. */
function isRightByItsBytes(table: Table, key: Buffer, row: Row): boolean {
  const partition = table.key.partition[0]
  const sort = table.key.sort[0]
  const scanned = partition === undefined ? undefined : scanItem(row.body, partition.name, sort?.name)
  if (scanned?.partition === undefined || scanned.partition.type !== partition?.type) return false
  if (sort !== undefined && scanned.sort?.type !== sort.type) return false
  const isSized = row.tombstone || (row.itemSizeBytes === scanned.sizeBytes && scanned.sizeBytes <= itemSizeBytesMax)
  const { body } = row
  return (
    isSized && isPrimaryKeyOf(key, bareBytes(body, scanned.partition), scanned.sort && bareBytes(body, scanned.sort))
  )
}

function bareBytes(body: Buffer, { type, from, to }: ScannedValue): BareBytes {
  if (type === 'S') return { bytes: body, from, to }
  const text = body.toString('latin1', from, to)
  const bytes = bareKeyBytes(type === 'N' ? { N: text } : { B: text })
  return { bytes, from: 0, to: bytes.length }
}

/** Throws RangeError with the reason. */
export function checkRegisterRow(register: string, row: Row): Row {
  if (isLocalRegister(register)) throw new RangeError('local registers do not travel')
  if (!isRegisterValue(register, row.tombstone ? undefined : parsed(row.body)))
    throw new RangeError(`it is no value of the register ${register.slice(0, 64)}`)
  return row
}

/** undefined for what is no row, or not one that may be merged. */
export function decodeCheckedRow(bytes: Buffer): Row | undefined {
  try {
    return checkHeader(bytes)
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

/** What can be said of any row. Throws RangeError with the reason. */
export function checkHeader(bytes: Buffer): Row {
  if (bytes.length > messageSizeBytesMax) throw new RangeError('it is too large')
  const row = decodeRow(bytes)
  if (!isCausal(row)) throw new RangeError('it claims to have seen what came after it')
  return row
}

/** Numbers that are none, and whatever else the pure parts assert of values that have been validated. */
function rangeChecked<Result>(work: () => Result): Result {
  try {
    return work()
  } catch {
    throw new RangeError('its item has a value that is none')
  }
}

function parsed(body: Buffer): unknown {
  try {
    return decodeItem(body)
  } catch {
    throw new RangeError('its body is no JSON')
  }
}
