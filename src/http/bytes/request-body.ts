/**
 * The body of a request, whole: bounded in size before and after decompression, and together with all others by a
 * budget, so that no mix of large and slow bodies can take the node's memory.
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { bodyPieceBytesMin, bodyPiecesMin, discardedBytesMax, inflatingBytes } from '../../core/limits/limits.ts'
import { bodyBytesMaxOf } from '../../core/wire/body-size.ts'
import type { BodyBudget } from './body-budget.ts'
import { ReceivedBytes } from './received-bytes.ts'

export type BodyProblem = 'too-large' | 'over-budget' | 'undecodable' | 'cut-small' | 'aborted'
export type ReadBody =
  | {
      readonly bytes: Buffer
      /** What travelled, where that is something else: signatures are over it. */
      readonly sent?: Buffer
      /** Taken of the budget, until the caller gives them back. */
      readonly heldBytes: number
    }
  | { readonly problem: BodyProblem }

export type Reading = {
  readonly budget: BodyBudget
  readonly nowMs: number
  /** False: a compressed body stays as it travelled. */
  readonly decodes?: boolean
}

export function readBody(request: IncomingMessage, reading: Reading): Promise<ReadBody> {
  return new Promise((resolve) => new BodyReader(request, reading, resolve).start())
}

class BodyReader {
  readonly #request: IncomingMessage
  readonly #reading: Reading
  readonly #resolve: (body: ReadBody) => void
  readonly #inflating: Inflating | undefined
  readonly #declaredBytes: number
  /** As it travels, and decoded. */
  readonly #bytesMax: number
  /** As it travels; decoded, if it is compressed. */
  readonly #sent = new ReceivedBytes()
  readonly #decoded = new ReceivedBytes()
  #heldBytes = 0
  /** In an encoding that has no decoder here. */
  readonly #isUnknown: boolean
  #pieces = 0
  #unwatch = (): void => {}
  #isDone = false

  constructor(request: IncomingMessage, reading: Reading, resolve: (body: ReadBody) => void) {
    this.#request = request
    this.#reading = reading
    this.#resolve = resolve
    const encoding = reading.decodes === false ? undefined : encodingOf(request.headers['content-encoding'])
    this.#isUnknown = encoding !== undefined && !(encoding in decoders)
    const decoder = encoding === undefined ? undefined : decoders[encoding]?.()
    if (decoder !== undefined)
      this.#inflating = new Inflating(decoder, request, {
        take: (chunk) => void this.#keep(this.#decoded, chunk),
        end: this.#finish,
        fail: () => this.#fail('undecodable'),
      })
    this.#bytesMax = bodyBytesMaxOf(request)
    // Of a body in chunks nothing is known before it has come: it counts as a large one.
    this.#declaredBytes = Number(request.headers['content-length'] ?? Infinity)
  }

  start(): void {
    const request = this.#request
    request.on('error', () => {})
    if (this.#declaredBytes > this.#bytesMax && Number.isFinite(this.#declaredBytes)) return this.#fail('too-large')
    if (this.#isUnknown) return this.#fail('undecodable')
    if (this.#inflating !== undefined && !this.#hold(inflatingBytes)) return this.#fail('over-budget')
    this.#unwatch = this.#reading.budget.watch({
      startedMs: this.#reading.nowMs,
      receivedBytes: () => this.#sent.sizeBytes,
      giveUp: () => this.#fail('over-budget'),
    })
    request.on('data', this.#take)
    request.once('end', this.#end)
    request.once('close', this.#close)
  }

  readonly #take = (chunk: Buffer): void => {
    if (isCutSmall(++this.#pieces, this.#sent.sizeBytes)) this.#fail('cut-small')
    else if (this.#keep(this.#sent, chunk)) this.#inflating?.add(chunk)
  }

  #keep(to: ReceivedBytes, chunk: Buffer): boolean {
    if (this.#isDone) return false
    if (to.sizeBytes + chunk.length > this.#bytesMax) this.#fail('too-large')
    else if (!this.#hold(chunk.length)) this.#fail('over-budget')
    else to.add(chunk)
    return !this.#isDone
  }

  #hold(bytes: number): boolean {
    const isHeld = this.#reading.budget.take(bytes, this.#wholeBytes)
    if (isHeld) this.#heldBytes += bytes
    return isHeld
  }

  /** What it will come to, as far as is known. */
  get #wholeBytes(): number {
    return this.#inflating === undefined ? this.#declaredBytes : Infinity
  }

  readonly #end = (): void => {
    if (this.#inflating === undefined) this.#finish()
    else this.#inflating.end()
  }

  readonly #finish = (): void => {
    if (this.#isDone) return
    this.#stop()
    const heldBytes = this.#heldBytes
    const sent = this.#sent.whole()
    if (this.#inflating === undefined) return this.#resolve({ bytes: sent, heldBytes })
    this.#reading.budget.giveBack(inflatingBytes)
    this.#resolve({ bytes: this.#decoded.whole(), sent, heldBytes: heldBytes - inflatingBytes })
  }

  readonly #close = (): void => {
    if (!this.#request.complete) this.#fail('aborted')
  }

  #fail(problem: BodyProblem): void {
    if (this.#isDone) return
    this.#stop()
    this.#reading.budget.giveBack(this.#heldBytes)
    this.#sent.clear()
    this.#decoded.clear()
    this.#inflating?.destroy()
    discardRest(this.#request, () => this.#resolve({ problem }))
  }

  #stop(): void {
    this.#isDone = true
    this.#unwatch()
    this.#request.removeListener('data', this.#take)
    this.#request.removeListener('end', this.#end)
    this.#request.removeListener('close', this.#close)
  }
}

type Inflated = {
  readonly take: (chunk: Buffer) => void
  readonly end: () => void
  readonly fail: () => void
}

/** Inflates what arrives, one write at a time: each costs an object and a turn of zlib's thread, so that small pieces go together. */
class Inflating {
  readonly #decoder: Transform
  readonly #request: IncomingMessage
  readonly #waiting = new ReceivedBytes()
  #writing = false
  #ended = false

  constructor(decoder: Transform, request: IncomingMessage, { take, end, fail }: Inflated) {
    this.#decoder = decoder
    this.#request = request
    decoder.on('data', take).once('end', end).once('error', fail)
  }

  add(chunk: Buffer): void {
    this.#waiting.add(chunk)
    this.#write()
    if (this.#waiting.sizeBytes > inflatingBytes) this.#request.pause()
  }

  end(): void {
    this.#ended = true
    this.#write()
  }

  destroy(): void {
    this.#waiting.clear()
    this.#decoder.destroy()
  }

  #write(): void {
    if (this.#writing || this.#decoder.destroyed) return
    if (this.#waiting.sizeBytes === 0) return void (this.#ended && this.#decoder.end())
    const bytes = this.#waiting.whole()
    this.#waiting.clear()
    this.#writing = true
    this.#decoder.write(bytes, () => {
      this.#writing = false
      this.#request.resume()
      this.#write()
    })
  }
}

/** Each chunk of a body costs the parser as much as a kilobyte, however small it is: no client needs millions of them. */
function isCutSmall(pieces: number, sizeBytes: number): boolean {
  return pieces > bodyPiecesMin && sizeBytes < pieces * bodyPieceBytesMin
}

/**
 * A client that is still sending would see its connection reset, and not the answer, so the rest is read and thrown
 * away first, unless there is too much of it.
 */
function discardRest(request: IncomingMessage, done: () => void): void {
  if (request.complete || request.destroyed || Number(request.headers['content-length']) > discardedBytesMax)
    return done()
  let discarded = 0
  let pieces = 0
  const stop = (): void => {
    request.removeListener('data', count)
    request.removeListener('end', stop)
    request.removeListener('close', stop)
    done()
  }
  const count = (chunk: Buffer): void => {
    discarded += chunk.length
    if (discarded > discardedBytesMax || isCutSmall(++pieces, discarded)) stop()
  }
  request.on('data', count)
  request.on('end', stop)
  request.on('close', stop)
  request.resume()
}

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip(),
  'x-gzip': () => createGunzip(),
  deflate: () => createInflate(),
}

/** Undefined for a body that travels as it is. */
function encodingOf(header: string | undefined): string | undefined {
  const name = header?.trim().toLowerCase()
  return name === '' || name === 'identity' ? undefined : name
}
