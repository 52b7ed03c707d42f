/** Writes CBOR values one after another into bytes that grow. Definite lengths are the caller's to keep: `array(2)` and then two values. */
import { assert } from '../assert.ts'
import { cborBignumBytesMax } from '../limits/cbor-limits.ts'
import * as major from './major-types.ts'

const firstSizeBytes = 256
const headSizeBytesMax = 9
const wordMax = 0xffff_ffff
const unsignedMax = 0xffff_ffff_ffff_ffffn
const bytesOfUnitMax = 3
/** The length of a text of so few code units fits the first byte, whatever they are: there is no need to count its bytes first. */
const shortTextUnitsMax = 7

export class CborWriter {
  #bytes: Buffer
  #size = 0

  constructor(sizeBytes: number = firstSizeBytes) {
    this.#bytes = Buffer.allocUnsafe(sizeBytes)
  }

  get sizeBytes(): number {
    return this.#size
  }

  /** A view of what was written; the writer is not used after it. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  /** An integer where the number is one, else a float of eight bytes. */
  number(value: number): this {
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? this.integer(value) : this.float(value)
  }

  /** An integer, as a bignum where it does not fit 64 bits. */
  integer(value: number | bigint): this {
    if (typeof value === 'bigint' && !fits(value)) return this.bignum(value)
    if (typeof value === 'bigint' && (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER))
      return this.#wide(value)
    const number = Number(value)
    assert(Number.isSafeInteger(number), 'CBOR: an integer is one')
    return number < 0 ? this.#head(major.negative, -1 - number) : this.#head(major.unsigned, number)
  }

  float(value: number): this {
    this.#grow(headSizeBytesMax)
    this.#bytes[this.#size] = major.doubleByte
    this.#bytes.writeDoubleBE(value, this.#size + 1)
    this.#size += headSizeBytesMax
    return this
  }

  text(value: string): this {
    if (value.length <= shortTextUnitsMax) return this.#shortText(value)
    const length = Buffer.byteLength(value)
    this.#head(major.text, length)
    this.#grow(length)
    this.#size += this.#bytes.write(value, this.#size)
    return this
  }

  /** Where the text's bytes are at hand. */
  textBytes(value: Uint8Array): this {
    return this.#head(major.text, value.length).raw(value)
  }

  bytes(value: Uint8Array): this {
    return this.#head(major.byteText, value.length).raw(value)
  }

  array(count: number): this {
    return this.#head(major.array, count)
  }

  map(count: number): this {
    return this.#head(major.map, count)
  }

  /** Of a length that is not known yet; `close` ends it. */
  openArray(): this {
    return this.#byte((major.array << 5) | major.indefinite)
  }

  openMap(): this {
    return this.#byte((major.map << 5) | major.indefinite)
  }

  close(): this {
    return this.#byte(major.breakByte)
  }

  /** The value that is written next is meant so. */
  tag(tag: number): this {
    return this.#head(major.tag, tag)
  }

  boolean(value: boolean): this {
    return this.#byte(value ? major.trueByte : major.falseByte)
  }

  null(): this {
    return this.#byte(major.nullByte)
  }

  undefined(): this {
    return this.#byte(major.undefinedByte)
  }

  /** Bytes that are CBOR already, or the inside of a text. */
  raw(value: Uint8Array): this {
    this.#grow(value.length)
    this.#bytes.set(value, this.#size)
    this.#size += value.length
    return this
  }

  #shortText(value: string): this {
    this.#grow(1 + shortTextUnitsMax * bytesOfUnitMax)
    const length = this.#bytes.write(value, this.#size + 1)
    this.#bytes[this.#size] = (major.text << 5) | length
    this.#size += 1 + length
    return this
  }

  /** An integer of any size as its bytes, with the tag that says so. */
  bignum(value: bigint): this {
    const magnitude = value < 0n ? -1n - value : value
    const digits = magnitude.toString(16)
    const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex')
    assert(bytes.length <= cborBignumBytesMax, 'CBOR: a bignum is no longer than is read')
    return this.tag(value < 0n ? major.negativeBignumTag : major.positiveBignumTag).bytes(bytes)
  }

  #wide(value: bigint): this {
    this.#grow(headSizeBytesMax)
    this.#bytes[this.#size] = ((value < 0n ? major.negative : major.unsigned) << 5) | major.eightBytes
    this.#bytes.writeBigUInt64BE(value < 0n ? -1n - value : value, this.#size + 1)
    this.#size += headSizeBytesMax
    return this
  }

  #head(type: number, argument: number): this {
    this.#grow(headSizeBytesMax)
    const bytes = this.#bytes
    const at = this.#size
    const first = type << 5
    if (argument < major.oneByte) {
      bytes[at] = first | argument
      this.#size = at + 1
    } else if (argument <= 0xff) {
      bytes[at] = first | major.oneByte
      bytes[at + 1] = argument
      this.#size = at + 2
    } else if (argument <= 0xffff) {
      bytes[at] = first | major.twoBytes
      this.#size = bytes.writeUInt16BE(argument, at + 1)
    } else if (argument <= wordMax) {
      bytes[at] = first | major.fourBytes
      this.#size = bytes.writeUInt32BE(argument, at + 1)
    } else {
      bytes[at] = first | major.eightBytes
      bytes.writeUInt32BE(Math.floor(argument / (wordMax + 1)), at + 1)
      this.#size = bytes.writeUInt32BE(argument % (wordMax + 1), at + 5)
    }
    return this
  }

  #byte(value: number): this {
    this.#grow(1)
    this.#bytes[this.#size++] = value
    return this
  }

  #grow(more: number): void {
    if (this.#size + more <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(2 * (this.#size + more))
    this.#bytes.copy(larger, 0, 0, this.#size)
    this.#bytes = larger
  }
}

function fits(value: bigint): boolean {
  return value >= -1n - unsignedMax && value <= unsignedMax
}
