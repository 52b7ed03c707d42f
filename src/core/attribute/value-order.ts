/**
 * The order of values: numbers by value, strings by their UTF-8 bytes, binaries by unsigned bytes. Sort keys in the
 * store (core/key) have the same order; a property test holds the two together.
 */
import { compareNumbers } from './number.ts'
import type { AttributeValue } from './value.ts'

/** Negative, 0 or positive; undefined when the values cannot be ordered: different types, or others than S, N and B. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ('S' in a) return 'S' in b ? compareStrings(a.S, b.S) : undefined
  if ('N' in a) return 'N' in b ? compareNumbers(a.N, b.N) : undefined
  if ('B' in a) return 'B' in b ? compareBinaries(a.B, b.B) : undefined
  return undefined
}

/** UTF-8 order is the order of code points; JavaScript's is that of UTF-16 units, which differs where surrogates meet others. */
function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return rank(left) - rank(right)
  }
  return a.length - b.length
}

/** Of canonical base64. */
function compareBinaries(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a, 'base64'), Buffer.from(b, 'base64'))
}

/** Surrogates stand for code points above all that one unit can hold. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit
}
