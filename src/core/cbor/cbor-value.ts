/**
 * Integers are numbers while those are exact, and bigints beyond (also those that were tagged as bignums). A number that is no integer, and -0, is
 * a float. Other tags are kept as CborTag: 1 is a time in seconds, 4 is a decimal fraction [exponent, mantissa].
 */
export type CborValue =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly CborValue[]
  | ReadonlyMap<CborValue, CborValue>
  | CborTag<CborValue>

/** A value with the number that says what it stands for. */
export class CborTag<Value> {
  readonly tag: number
  readonly value: Value

  constructor(tag: number, value: Value) {
    this.tag = tag
    this.value = value
  }
}
