/**
 * Finds where a CBOR value ends while its bytes still arrive. The scanner goes on where it stood, so it looks at each byte once, however small
 * the pieces are. It refuses a value that is wrong or too large as soon as it sees that. What it passes is well-formed.
 */
import { type CborLimits, cborLimits } from '../limits/cbor-limits.ts'
import { argumentOf, argumentSizeBytes } from './cbor-head.ts'
import * as major from './major-types.ts'
import { UnreadableCbor } from './major-types.ts'

/** In the place of the number of values that an open array, map, tag or text still needs, where only a break ends it. */
const anotherItem = -1
const anotherKey = -2
const itsValue = -3
const anotherByteChunk = -4
const anotherTextChunk = -5

export class CborScanner {
  readonly #limits: CborLimits
  /** Counted from the beginning of the value; beyond what has arrived, inside of a long text. */
  #offset = 0
  readonly #open: number[] = []
  #isWhole = false
  /** Since `begin`. */
  #values = 0
  #containers = 0

  constructor(limits: CborLimits = cborLimits) {
    this.#limits = limits
  }

  /** Counts values from here on: what is scanned belongs to another message than what was. */
  begin(): void {
    this.#values = 0
    this.#containers = 0
  }

  /**
   * Takes everything that has arrived of the value, which begins at `start`; `arrived` is where it ends. Returns the end of the value, or
   * undefined while a part is missing.
   */
  scan(bytes: Uint8Array, start: number, arrived = bytes.length): number | undefined {
    while (!this.#isWhole) {
      const at = start + this.#offset
      if (at >= arrived) return undefined
      const first = bytes[at] as number
      const sizeBytes = argumentSizeBytes(first)
      if (at + sizeBytes >= arrived) return undefined
      this.#offset += 1 + sizeBytes
      if (first === major.breakByte) this.#close()
      else this.#head(first, argumentOf(bytes, at, sizeBytes))
      if (this.#offset > this.#limits.sizeBytesMax) throw new UnreadableCbor('a value larger than is taken')
    }
    const end = start + this.#offset
    if (end > arrived) return undefined
    this.#offset = 0
    this.#isWhole = false
    return end
  }

  #head(first: number, argument: number): void {
    const type = first >> 5
    const within = this.#open.at(-1)
    if (within === anotherByteChunk || within === anotherTextChunk) expectChunk(first, within)
    else this.#count(type)
    const endless = (first & 31) === major.indefinite
    switch (type) {
      case major.byteText:
      case major.text:
        if (endless) return this.#push(type === major.text ? anotherTextChunk : anotherByteChunk)
        this.#offset += argument
        return this.#complete()
      case major.array:
        return endless ? this.#push(anotherItem) : this.#pushCounted(argument)
      case major.map:
        return endless ? this.#push(anotherKey) : this.#pushCounted(2 * argument)
      case major.tag:
        return this.#push(1)
      default:
        return this.#complete()
    }
  }

  #count(type: number): void {
    const { valuesMax = Infinity, containersMax = Infinity } = this.#limits
    if (type === major.array || type === major.map) this.#containers++
    if (++this.#values > valuesMax || this.#containers > containersMax)
      throw new UnreadableCbor('more values than a request can need')
  }

  #pushCounted(values: number): void {
    if (values > this.#limits.sizeBytesMax) throw new UnreadableCbor('more values than fit in what is taken')
    if (values === 0) this.#complete()
    else this.#push(values)
  }

  #push(values: number): void {
    if (this.#open.length >= this.#limits.depthMax) throw new UnreadableCbor('values too deep within each other')
    this.#open.push(values)
  }

  #close(): void {
    const within = this.#open.pop()
    if (within === undefined || within >= 0 || within === itsValue) throw new UnreadableCbor('a break out of place')
    this.#complete()
  }

  /** A value has ended, and with it each of those around it of which it was the last. */
  #complete(): void {
    const open = this.#open
    while (open.length > 0) {
      const left = open[open.length - 1] as number
      if (left === anotherKey) open[open.length - 1] = itsValue
      else if (left === itsValue) open[open.length - 1] = anotherKey
      else if (left > 1) open[open.length - 1] = left - 1
      if (left !== 1) return
      open.pop()
    }
    this.#isWhole = true
  }
}

function expectChunk(first: number, within: number): void {
  const type = within === anotherTextChunk ? major.text : major.byteText
  if (first >> 5 !== type || (first & 31) === major.indefinite) throw new UnreadableCbor('a chunk of another type')
}
