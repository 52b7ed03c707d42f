/**
 * DynamoDB's sizes (developer guide, "DynamoDB item sizes and formats"): names and strings in UTF-8, binaries raw,
 * numbers a byte and one for every two significant digits, BOOL and NULL one, lists and maps three and one more for
 * each member. The 400 KB limit, capacity and pages are computed from them, never from the bytes stored.
 */
import { numberSizeBytes } from './number.ts'
import type { AttributeValue, Item } from './value.ts'

const documentOverheadBytes = 3
const memberOverheadBytes = 1

export function sizeOfItem(item: Item): number {
  let size = 0
  for (const [name, value] of Object.entries(item)) size += Buffer.byteLength(name) + sizeOfValue(value)
  return size
}

/** Without the attribute's name. */
export function sizeOfValue(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S)
  if ('N' in value) return numberSizeBytes(value.N)
  if ('B' in value) return binarySizeBytes(value.B)
  if ('BOOL' in value || 'NULL' in value) return 1
  if ('M' in value) return documentSize(sizeOfItem(value.M), Object.keys(value.M).length)
  if ('L' in value) return documentSize(sum(value.L, sizeOfValue), value.L.length)
  if ('SS' in value) return sum(value.SS, (element) => Buffer.byteLength(element))
  if ('NS' in value) return sum(value.NS, numberSizeBytes)
  return sum(value.BS, binarySizeBytes)
}

/** Of canonical base64: three bytes for four characters, less the padding. */
export function binarySizeBytes(base64: string): number {
  if (base64 === '') return 0
  const padding = base64.endsWith('==') ? 2 : Number(base64.endsWith('='))
  return (base64.length / 4) * 3 - padding
}

function documentSize(contents: number, members: number): number {
  return documentOverheadBytes + contents + members * memberOverheadBytes
}

function sum<T>(elements: readonly T[], sizeOf: (element: T) => number): number {
  let size = 0
  for (const element of elements) size += sizeOf(element)
  return size
}
