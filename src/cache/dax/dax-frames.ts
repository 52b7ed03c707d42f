/**
 * Cuts what a client sends into requests. A connection begins with a greeting; then come requests, each of a service, a method and as many values as
 * the method has. Nothing is decoded here, and no byte is looked at twice.
 */
import { CborReader } from '../../core/cbor/cbor-reader.ts'
import { CborScanner } from '../../core/cbor/cbor-scanner.ts'
import { UnreadableCbor } from '../../core/cbor/major-types.ts'
import { daxDepthMax, daxGreetingBytesMax, daxRequestBytesMax, daxValuesMax } from '../../core/limits/dax-limits.ts'
import {
  framedLayering,
  greetingValues,
  magic,
  type MethodName,
  methods,
  methodsById,
  serviceId,
} from '../../core/dax/protocol.ts'

export type Frame = {
  readonly method: MethodName
  /** The whole request; no part of what arrives later. */
  readonly bytes: Buffer
  /** Where its values begin. */
  readonly valuesAt: number
}

/** The connection cannot go on: where the next request begins is not known. */
export class UnknownMethod extends Error {
  override readonly name = 'UnknownMethod'
}

const headValues = 2
const firstBytes = 4096
const nothing = Buffer.alloc(0)

export class FrameReader {
  readonly #scanner = new CborScanner({
    depthMax: daxDepthMax,
    sizeBytesMax: daxRequestBytesMax,
    valuesMax: daxValuesMax,
  })
  #bytes: Buffer = nothing
  /** Of what has arrived, [start, end) is not part of a request that was cut off. */
  #start = 0
  #end = 0
  /** Where the value begins that is not whole yet. */
  #valueAt = 0
  #values = 0
  #greeted = false
  /** Whether the client wants answers with a head of their own (core/dax/answer-frame.ts). */
  #wantsFrames = false
  #method: MethodName | undefined
  #valuesAt = 0

  /** Received, and not cut off. */
  get sizeBytes(): number {
    return this.#end - this.#start
  }

  /** What it keeps in memory; what was cut off is kept by who has it. */
  get heldBytes(): number {
    return this.#bytes.length
  }

  /** The same once so many more bytes are added. */
  heldBytesWith(more: number): number {
    if (this.sizeBytes === 0) return more
    return this.#end + more > this.#bytes.length ? this.#grownBytes(more) : this.#bytes.length
  }

  /** What comes next begins a request. */
  get isBetweenRequests(): boolean {
    return this.#greeted && this.#start === this.#end
  }

  get isGreeted(): boolean {
    return this.#greeted
  }

  get wantsFrames(): boolean {
    return this.#wantsFrames
  }

  /** It is not used any more. */
  clear(): void {
    this.#begin(nothing)
  }

  add(piece: Buffer): void {
    if (this.sizeBytes === 0) return this.#begin(piece)
    if (this.#end + piece.length > this.#bytes.length) this.#grow(piece.length)
    piece.copy(this.#bytes, this.#end)
    this.#end += piece.length
  }

  /** The next request that is whole. Throws UnreadableCbor or UnknownMethod, and is not to be used after that. */
  next(): Frame | undefined {
    while (this.sizeBytes > 0) {
      const end = this.#scanner.scan(this.#bytes, this.#valueAt, this.#end)
      if (this.sizeBytes > this.#sizeBytesMax && end === undefined)
        throw new UnreadableCbor('a request larger than is taken')
      if (end === undefined) return undefined
      this.#valueAt = end
      this.#values++
      if (!this.#greeted) this.#greet()
      else if (this.#values === headValues) this.#readHead()
      if (this.#method !== undefined && this.#values === headValues + methods[this.#method].values)
        return this.#cut(this.#method)
    }
    return undefined
  }

  get #sizeBytesMax(): number {
    return this.#greeted ? daxRequestBytesMax : daxGreetingBytesMax
  }

  #greet(): void {
    if (this.#values === 1 && new CborReader(this.#bytes.subarray(this.#start, this.#valueAt)).text() !== magic)
      throw new UnreadableCbor('no greeting of a DAX client')
    if (this.#values < greetingValues) return
    const reader = new CborReader(this.#bytes.subarray(this.#start, this.#valueAt))
    reader.text()
    this.#wantsFrames = reader.value() === framedLayering
    this.#greeted = true
    this.#drop()
  }

  #readHead(): void {
    const reader = new CborReader(this.#bytes.subarray(this.#start, this.#valueAt))
    const [service, id] = [reader.integer(), reader.integer()]
    this.#method = service === serviceId ? methodsById.get(id) : undefined
    if (this.#method === undefined) throw new UnknownMethod(`service ${service} has no method ${id}`)
    this.#valuesAt = this.#valueAt - this.#start
  }

  #cut(method: MethodName): Frame {
    const frame = { method, bytes: this.#bytes.subarray(this.#start, this.#valueAt), valuesAt: this.#valuesAt }
    this.#drop()
    this.#method = undefined
    return frame
  }

  #drop(): void {
    this.#start = this.#valueAt
    this.#values = 0
    this.#scanner.begin()
    const size = this.sizeBytes
    // Between requests nothing is kept of the last one, and the beginning of the next keeps no more than twice its size.
    if (size === 0) this.#begin(nothing)
    else if (2 * size < this.#bytes.length) this.#begin(Buffer.from(this.#bytes.subarray(this.#start, this.#end)))
  }

  /** A packet mostly is one request: it is not copied. */
  #begin(piece: Buffer): void {
    this.#bytes = piece
    this.#start = 0
    this.#end = piece.length
    this.#valueAt = 0
  }

  #grownBytes(more: number): number {
    return Math.max(2 * (this.sizeBytes + more), firstBytes)
  }

  /** Requests that were cut off keep the bytes that they are in. */
  #grow(more: number): void {
    const size = this.sizeBytes
    const larger = Buffer.allocUnsafeSlow(this.#grownBytes(more))
    this.#bytes.copy(larger, 0, this.#start, this.#end)
    this.#valueAt -= this.#start
    this.#bytes = larger
    this.#start = 0
    this.#end = size
  }
}
