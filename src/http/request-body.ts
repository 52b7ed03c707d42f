/**
 * The body of a request, whole: bounded in size before and after decompression, and together with all others by a
 * budget, so that no mix of large and slow bodies can take the node's memory.
 */
import type { IncomingMessage } from 'node:http'
import type { Transform } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { discardedBytesMax, requestSizeBytesMax } from '../core/limits.ts'
import type { BodyBudget } from './body-budget.ts'

export type BodyProblem = 'too-large' | 'over-budget' | 'undecodable' | 'aborted'
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
  readonly #decoder: Transform | undefined
  readonly #declaredBytes: number
  /** As it travels; decoded, if it is compressed. */
  #sent = new Gathered()
  #decoded = new Gathered()
  #unwatch = (): void => {}
  #isDone = false

  constructor(request: IncomingMessage, reading: Reading, resolve: (body: ReadBody) => void) {
    this.#request = request
    this.#reading = reading
    this.#resolve = resolve
    this.#decoder = reading.decodes === false ? undefined : decoderOf(request.headers['content-encoding'])
    // Of a body in chunks nothing is known before it has come: it counts as a large one.
    this.#declaredBytes = Number(request.headers['content-length'] ?? Infinity)
  }

  start(): void {
    const request = this.#request
    request.on('error', () => {})
    if (this.#declaredBytes > requestSizeBytesMax && Number.isFinite(this.#declaredBytes))
      return this.#fail('too-large')
    this.#unwatch = this.#reading.budget.watch({
      startedMs: this.#reading.nowMs,
      receivedBytes: () => this.#sent.sizeBytes,
      giveUp: () => this.#fail('over-budget'),
    })
    request.on('data', this.#take)
    request.once('end', this.#end)
    request.once('close', this.#close)
    this.#decoder?.on('data', this.#takeDecoded)
    this.#decoder?.once('end', this.#finish)
    this.#decoder?.once('error', () => this.#fail('undecodable'))
  }

  readonly #take = (chunk: Buffer): void => {
    if (!this.#keep(this.#sent, chunk) || this.#decoder === undefined) return
    // One chunk at a time: the next one is read when this one is inflated.
    if (this.#decoder.write(chunk)) return
    this.#request.pause()
    this.#decoder.once('drain', () => this.#request.resume())
  }

  readonly #takeDecoded = (chunk: Buffer): void => void this.#keep(this.#decoded, chunk)

  #keep(to: Gathered, chunk: Buffer): boolean {
    if (this.#isDone) return false
    if (to.sizeBytes + chunk.length > requestSizeBytesMax) this.#fail('too-large')
    else if (!this.#reading.budget.take(chunk.length, this.#wholeBytes)) this.#fail('over-budget')
    else to.add(chunk)
    return !this.#isDone
  }

  /** What it will come to, as far as is known. */
  get #wholeBytes(): number {
    return this.#decoder === undefined ? this.#declaredBytes : Infinity
  }

  readonly #end = (): void => {
    if (this.#decoder === undefined) this.#finish()
    else this.#decoder.end()
  }

  readonly #finish = (): void => {
    if (this.#isDone) return
    this.#stop()
    const heldBytes = this.#heldBytes
    const sent = this.#sent.whole()
    this.#resolve(
      this.#decoder === undefined ? { bytes: sent, heldBytes } : { bytes: this.#decoded.whole(), sent, heldBytes },
    )
  }

  readonly #close = (): void => {
    if (!this.#request.complete) this.#fail('aborted')
  }

  #fail(problem: BodyProblem): void {
    if (this.#isDone) return
    this.#stop()
    this.#reading.budget.giveBack(this.#heldBytes)
    this.#sent = new Gathered()
    this.#decoded = new Gathered()
    this.#decoder?.destroy()
    discardRest(this.#request, () => this.#resolve({ problem }))
  }

  get #heldBytes(): number {
    return this.#sent.sizeBytes + this.#decoded.sizeBytes
  }

  #stop(): void {
    this.#isDone = true
    this.#unwatch()
    this.#request.removeListener('data', this.#take)
    this.#request.removeListener('end', this.#end)
    this.#request.removeListener('close', this.#close)
    this.#decoder?.removeListener('data', this.#takeDecoded)
  }
}

class Gathered {
  sizeBytes = 0
  readonly #chunks: Buffer[] = []

  add(chunk: Buffer): void {
    this.sizeBytes += chunk.length
    this.#chunks.push(chunk)
  }

  whole(): Buffer {
    const [first = empty] = this.#chunks
    return this.#chunks.length <= 1 ? first : Buffer.concat(this.#chunks, this.sizeBytes)
  }
}

const empty = Buffer.alloc(0)

/**
 * A client that is still sending would see its connection reset, and not the answer, so the rest is read and thrown
 * away first, unless there is too much of it.
 */
function discardRest(request: IncomingMessage, done: () => void): void {
  if (request.complete || request.destroyed || Number(request.headers['content-length']) > discardedBytesMax)
    return done()
  let discarded = 0
  const stop = (): void => {
    request.removeListener('data', count)
    request.removeListener('end', stop)
    request.removeListener('close', stop)
    done()
  }
  const count = (chunk: Buffer): void => {
    discarded += chunk.length
    if (discarded > discardedBytesMax) stop()
  }
  request.on('data', count)
  request.on('end', stop)
  request.on('close', stop)
  request.resume()
}

function decoderOf(encoding: string | undefined): Transform | undefined {
  const name = encoding?.trim().toLowerCase()
  if (name === 'gzip' || name === 'x-gzip') return createGunzip()
  return name === 'deflate' ? createInflate() : undefined
}
