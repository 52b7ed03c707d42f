/**
 * One key value as bytes in the order that DynamoDB gives it: strings by UTF-8, binaries as they are, numbers in their
 * sortable form. At the end of a key the bytes stand bare; where something follows they are delimited, so that a
 * shorter value comes before every longer one that begins with it.
 *
 * Delimited bytes end in 00 and the number of zero bytes that the value ends in. A zero byte inside would look like that
 * end, so runs of zeros are written as 00 and a code too. Of two values, equal so far, that go on with zeros, the order is:
 * those that end after 0, 1, 2 … zeros, then those with more zeros than one code counts, then those that have another
 * byte after many zeros, and last after few. The codes are numbered in that order. Nothing grows by more than half.
 */
import { unreachable } from '../assert.ts'
import { sortableNumber } from '../attribute/number.ts'
import { attribute, type AttributeValue, type Item } from '../attribute/value.ts'
import type { KeyAttribute } from '../table/table.ts'

/** Zeros that one code counts. */
const runMax = 126
const longRun = runMax + 1
const codeBeforeByte = 2 * runMax + 2

/** undefined when the item has no such attribute or one of another type. */
export function keyValueOf(item: Item, key: KeyAttribute): AttributeValue | undefined {
  const value = attribute(item, key.name)
  return value !== undefined && key.type in value ? value : undefined
}

export function bareKeyBytes(value: AttributeValue): Buffer {
  if ('S' in value) return Buffer.from(value.S)
  if ('N' in value) return sortableNumber(value.N)
  if ('B' in value) return Buffer.from(value.B, 'base64')
  return unreachable(value as never)
}

/** Of the bytes of `bareKeyBytes`, mostly without making them. */
export function bareKeySize(value: AttributeValue): number {
  return 'S' in value ? Buffer.byteLength(value.S) : bareKeyBytes(value).length
}

export function delimitedKeyBytes(value: AttributeValue, bare = bareKeyBytes(value)): Buffer {
  return 'N' in value ? bare : withRuns(bare, true)
}

/** Bytes whose successor comes after the delimited bytes of all values that begin with this one, and of no others. */
export function delimitedPrefixBytes(value: AttributeValue): Buffer {
  return withRuns(bareKeyBytes(value), false)
}

function withRuns(bytes: Buffer, ends: boolean): Buffer {
  if (!bytes.includes(0)) return ends ? Buffer.concat([bytes, Buffer.of(0, 0)]) : bytes
  const codes: number[] = []
  let zeros = 0
  for (const byte of bytes) {
    if (byte === 0) {
      zeros++
      continue
    }
    if (zeros > 0) pushRun(codes, zeros, false)
    zeros = 0
    codes.push(byte)
  }
  if (ends || zeros > 0) pushRun(codes, zeros, ends)
  return Buffer.from(codes)
}

function pushRun(codes: number[], zeros: number, ends: boolean): void {
  let left = zeros
  for (; left > runMax; left -= runMax) codes.push(0, longRun)
  codes.push(0, ends ? left : codeBeforeByte - left)
}
