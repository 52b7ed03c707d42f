/** Reads CBOR values one after another from bytes that somebody else has made. Whatever is not as asked for throws UnreadableCbor. */
import { type CborLimits, cborBignumBytesMax, cborLimits } from '../limits/cbor-limits.ts'
import { CborTag, type CborValue } from './cbor-value.ts'
import { argumentOf, argumentSizeBytes } from './cbor-head.ts'
import * as major from './major-types.ts'
import { decodeText, UnreadableCbor } from './major-types.ts'
import { takeValue } from './value-budget.ts'

/** The count of an array or map that a break ends. */
const untilBreak = -1

export class CborReader {
  readonly #bytes: Buffer
  readonly #limits: CborLimits
  #at = 0
  #depth = 0

  constructor(bytes: Buffer, limits: CborLimits = cborLimits) {
    if (bytes.length > limits.sizeBytesMax) throw new UnreadableCbor('a value larger than is taken')
    this.#bytes = bytes
    this.#limits = limits
  }

  get offset(): number {
    return this.#at
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  /** The major type of what comes next (major-types.ts). */
  get type(): number {
    return this.#first() >> 5
  }

  /** Whether a boolean comes next. */
  get isBoolean(): boolean {
    const first = this.#first()
    return first === major.trueByte || first === major.falseByte
  }

  /** The number of the tag that comes next, which is left there. */
  get nextTag(): number {
    const at = this.#at
    const tag = this.tag()
    this.#at = at
    return tag
  }

  /** Bytes that are left over are the sign of a message that was understood wrongly. */
  end(): void {
    if (this.left !== 0) throw new UnreadableCbor(`${this.left} bytes after the end`)
  }

  /** Takes the next value if it is null. */
  isNull(): boolean {
    return this.#takes(major.nullByte)
  }

  /** Takes the break that ends an array or map of no given count. */
  isBreak(): boolean {
    return this.#takes(major.breakByte)
  }

  boolean(): boolean {
    if (this.#takes(major.trueByte)) return true
    if (this.#takes(major.falseByte)) return false
    throw new UnreadableCbor('no boolean where one belongs')
  }

  /** A safe integer. */
  integer(): number {
    const value = this.wideInteger()
    if (typeof value === 'bigint') throw new UnreadableCbor('an integer too large for its place')
    return value
  }

  /** An integer of up to 64 bits and their sign, or a bignum; a bigint only where a number would not be exact. */
  wideInteger(): number | bigint {
    const type = this.type
    if (type === major.tag) return this.#bignum()
    if (type > major.negative) throw new UnreadableCbor('no integer where one belongs')
    const sizeBytes = argumentSizeBytes(this.#first())
    const at = this.#at
    const argument = this.#argument()
    if (argument < Number.MAX_SAFE_INTEGER) return type === major.unsigned ? argument : -1 - argument
    const exact = sizeBytes === 8 ? this.#bytes.readBigUInt64BE(at + 1) : BigInt(argument)
    return narrow(type === major.unsigned ? exact : -1n - exact)
  }

  /** An integer or a float. */
  number(): number {
    if (this.type !== major.simple) return Number(this.wideInteger())
    const first = this.#first()
    const sizeBytes = argumentSizeBytes(first)
    if (first !== major.halfByte && first !== major.singleByte && first !== major.doubleByte)
      throw new UnreadableCbor('no number where one belongs')
    const at = this.#take(1 + sizeBytes) + 1
    if (first === major.halfByte) return halfOf(this.#bytes.readUInt16BE(at))
    return first === major.singleByte ? this.#bytes.readFloatBE(at) : this.#bytes.readDoubleBE(at)
  }

  text(): string {
    return decodeText(this.#chunks(major.text))
  }

  /** A view, where the bytes are in one piece. */
  bytes(): Buffer {
    return this.#chunks(major.byteText)
  }

  /** Returns how many values follow, or untilBreak. */
  array(): number {
    return this.#count(major.array, 1)
  }

  /** Returns how many pairs follow, or untilBreak. */
  map(): number {
    return this.#count(major.map, 2)
  }

  /** Calls `read` for each value of an array; it must take exactly that one. */
  eachOfArray(read: (index: number) => void): void {
    this.#each(this.array(), read)
  }

  /** Calls `read` for each pair of a map; it must take exactly the key and its value. */
  eachOfMap(read: (index: number) => void): void {
    this.#each(this.map(), read)
  }

  tag(): number {
    if (this.type !== major.tag) throw new UnreadableCbor('no tag where one belongs')
    const tag = this.#argument()
    if (!Number.isSafeInteger(tag)) throw new UnreadableCbor('a tag that has no meaning')
    return tag
  }

  value(): CborValue {
    switch (this.type) {
      case major.unsigned:
      case major.negative:
        return this.wideInteger()
      case major.byteText:
        return this.bytes()
      case major.text:
        return this.text()
      case major.array:
        return this.#arrayValue()
      case major.map:
        return this.#mapValue()
      case major.tag:
        return this.#tagValue()
      default:
        return this.#simpleValue()
    }
  }

  #arrayValue(): CborValue {
    const values: CborValue[] = []
    this.eachOfArray(() => void values.push(this.value()))
    return values
  }

  #mapValue(): CborValue {
    const values = new Map<CborValue, CborValue>()
    this.eachOfMap(() => {
      const key = this.value()
      if (values.has(key)) throw new UnreadableCbor('a map with a key twice')
      values.set(key, this.value())
    })
    return values
  }

  #tagValue(): CborValue {
    const at = this.#at
    const tag = this.tag()
    if (tag === major.positiveBignumTag || tag === major.negativeBignumTag) {
      this.#at = at
      return this.#bignum()
    }
    this.#deeper()
    const value = this.value()
    this.#depth--
    return new CborTag(tag, value)
  }

  #simpleValue(): CborValue {
    switch (this.#first()) {
      case major.falseByte:
      case major.trueByte:
        return this.boolean()
      case major.nullByte:
        this.#take(1)
        return null
      case major.undefinedByte:
        this.#take(1)
        return undefined
      default:
        return this.number()
    }
  }

  #bignum(): number | bigint {
    const tag = this.tag()
    if (tag !== major.positiveBignumTag && tag !== major.negativeBignumTag)
      throw new UnreadableCbor('no integer where one belongs')
    const bytes = this.bytes()
    if (bytes.length > cborBignumBytesMax) throw new UnreadableCbor('a bignum longer than is taken')
    const magnitude = bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`)
    return narrow(tag === major.positiveBignumTag ? magnitude : -1n - magnitude)
  }

  #each(count: number, read: (index: number) => void): void {
    this.#deeper()
    for (let n = 0; count === untilBreak ? !this.isBreak() : n < count; n++) {
      takeValue()
      read(n)
    }
    this.#depth--
  }

  #deeper(): void {
    if (++this.#depth > this.#limits.depthMax) throw new UnreadableCbor('values too deep within each other')
  }

  #count(type: number, valuesEach: number): number {
    if (this.type !== type) throw new UnreadableCbor(`no ${type === major.map ? 'map' : 'array'} where one belongs`)
    if ((this.#first() & 31) === major.indefinite) {
      this.#take(1)
      return untilBreak
    }
    const count = this.#argument()
    if (count * valuesEach > this.left) throw new UnreadableCbor('cut short')
    return count
  }

  #chunks(type: number): Buffer {
    if (this.type !== type)
      throw new UnreadableCbor(`no ${type === major.text ? 'text' : 'byte string'} where one belongs`)
    if ((this.#first() & 31) !== major.indefinite) return this.#chunk()
    this.#take(1)
    const chunks: Buffer[] = []
    while (!this.isBreak()) {
      if (this.type !== type || (this.#first() & 31) === major.indefinite)
        throw new UnreadableCbor('a chunk of another type')
      chunks.push(this.#chunk())
    }
    return Buffer.concat(chunks)
  }

  #chunk(): Buffer {
    const length = this.#argument()
    const start = this.#take(length)
    return this.#bytes.subarray(start, start + length)
  }

  /** Takes the head of a value; past 2^53 only about. */
  #argument(): number {
    const sizeBytes = argumentSizeBytes(this.#first())
    if ((this.#first() & 31) === major.indefinite) throw new UnreadableCbor('a break out of place')
    const at = this.#take(1 + sizeBytes)
    return argumentOf(this.#bytes, at, sizeBytes)
  }

  #first(): number {
    const first = this.#bytes[this.#at]
    if (first === undefined) throw new UnreadableCbor('cut short')
    return first
  }

  #takes(first: number): boolean {
    if (this.#first() !== first) return false
    this.#at++
    return true
  }

  #take(length: number): number {
    if (length > this.left) throw new UnreadableCbor('cut short')
    const start = this.#at
    this.#at += length
    return start
  }
}

function narrow(value: bigint): number | bigint {
  const isSafe = value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER
  return isSafe ? Number(value) : value
}

/** A float of two bytes: sign, five bits of exponent, ten of fraction. */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31
  const fraction = bits & 1023
  const sign = bits >> 15 === 0 ? 1 : -1
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25))
}
