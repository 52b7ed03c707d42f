/**
 * A write as bytes, to be decided where it is read. Every byte is checked, since an order may bring it from another process:
 *
 *   kind u8 · flags u8 (1: the refusal shows the item, 2: condition) · table length u16, table · key length u16, key
 *   key attributes u32 length, JSON · [put: item u32 length, JSON · update: u32 length, JSON] · [condition: u32 length, JSON]
 *
 * Whether the key is that of its attributes only the table's key schema tells, so that is not checked here.
 */
import { assert } from '../assert.ts'
import { isStoredItem } from '../attribute/stored-value.ts'
import type { Item } from '../attribute/value.ts'
import type { Reader } from '../change/reader.ts'
import { isCondition, isUpdate } from '../expression/expression-form.ts'
import { type NewItem, SentItem } from '../item/sent-item.ts'
import type { Write } from './write.ts'

/** Bytes that are no command: nothing of them is decided. */
export class UnreadableCommand extends RangeError {
  override readonly name = 'UnreadableCommand'
}

/** Their places are their codes in the bytes: append, never reorder. */
const kinds: readonly Write['kind'][] = ['put', 'update', 'delete', 'check']
const showsItemFlag = 1
const conditionFlag = 2

export function encodeWrite(write: Write): Buffer {
  const { kind, table, key, keyAttributes, condition, returnItemOnRefusal } = write
  const flags = (returnItemOnRefusal === true ? showsItemFlag : 0) + (condition === undefined ? 0 : conditionFlag)
  const parts = [Buffer.of(kinds.indexOf(kind), flags), short(Buffer.from(table)), short(key), json(keyAttributes)]
  if (write.kind === 'put') parts.push(long(bodyOf(write.item)))
  if (write.kind === 'update') parts.push(json(write.update))
  if (condition !== undefined) parts.push(json(condition))
  return Buffer.concat(parts)
}

/** Throws RangeError, with the reason. */
export function readWrite(reader: Reader): Write {
  const kind = kinds[reader.u8()]
  const flags = reader.u8()
  if (kind === undefined || flags > showsItemFlag + conditionFlag) throw new RangeError('a write of no known kind')
  const table = reader.text()
  const key = reader.bytes(reader.u16())
  if (key.length === 0) throw new RangeError('a write without a key')
  const keyAttributes = parsed(reader, isStoredItem, 'its key attributes are none')
  const common = { table, key, keyAttributes, ...((flags & showsItemFlag) === 0 ? {} : { returnItemOnRefusal: true }) }
  if (kind === 'put') return { ...common, kind, item: itemOf(reader), ...conditionOf(reader, flags) }
  if (kind === 'update') {
    const update = parsed(reader, isUpdate, 'its update is none')
    return { ...common, kind, update, ...conditionOf(reader, flags) }
  }
  const { condition } = conditionOf(reader, flags)
  if (kind === 'delete') return { ...common, kind, ...(condition === undefined ? {} : { condition }) }
  if (condition === undefined) throw new RangeError('a check without a condition')
  return { ...common, kind, condition }
}

function conditionOf(reader: Reader, flags: number) {
  return (flags & conditionFlag) === 0 ? {} : { condition: parsed(reader, isCondition, 'its condition is none') }
}

function bodyOf(item: NewItem): Buffer {
  return item instanceof SentItem ? item.body : Buffer.from(JSON.stringify(item))
}

/** The very bytes that the row keeps, where one pass finds them canonical. */
function itemOf(reader: Reader): NewItem {
  const body = reader.bytes(reader.u32())
  const sent = SentItem.at(body, 0)
  if (sent !== undefined && sent.to === body.length) return sent
  return parsedBytes<Item>(body, isStoredItem, 'its item is none')
}

function parsed<Value>(reader: Reader, is: (value: unknown) => value is Value, problem: string): Value {
  return parsedBytes(reader.bytes(reader.u32()), is, problem)
}

function parsedBytes<Value>(bytes: Buffer, is: (value: unknown) => value is Value, problem: string): Value {
  let value: unknown
  try {
    value = JSON.parse(bytes.toString())
  } catch {
    throw new RangeError(problem)
  }
  if (!is(value)) throw new RangeError(problem)
  return value
}

function short(bytes: Buffer): Buffer {
  assert(bytes.length > 0 && bytes.length <= 0xffff, 'write: a name or key has 1 to 65,535 bytes')
  return Buffer.concat([Buffer.of(bytes.length >>> 8, bytes.length & 0xff), bytes])
}

function json(value: unknown): Buffer {
  return long(Buffer.from(JSON.stringify(value)))
}

function long(bytes: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
