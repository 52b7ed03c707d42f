/**
 * Requests that a worker does not answer itself go to the process that owns the writes, over one socket of the machine, and
 * the replies come back the same way, as frames:
 *
 *   length of the rest u32 · number u32 · length of what is said about it u32 · that, as JSON · body
 *
 * Whoever owns the writes does with such a request all that it does with its own, signature and bounds included.
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { assert } from '../core/assert.ts'
import { ServiceError } from '../core/errors.ts'
import { frameSizeBytesMax, workerUnreadBytesMax } from '../core/limits.ts'
import { type ApiRequest, errorAnswer, json10 } from './pipeline.ts'
import type { Reply } from './bytes/reply.ts'

export type Send = (requestId: string, reply: Reply) => void

type AboutRequest = {
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly address?: string | undefined
  readonly isSecure?: boolean | undefined
}
type AboutReply = Omit<Reply, 'bytes'> & { readonly requestId: string }

/** The worker's end. */
export class Forwarder {
  readonly #frames: Frames
  readonly #waiting = new Map<number, Send>()
  #last = 0

  constructor(socket: Socket) {
    this.#frames = new Frames(socket, (number, about, bytes) => {
      const { requestId, ...reply } = about as AboutReply
      this.#waiting.get(number)?.(requestId, { ...reply, bytes })
      this.#waiting.delete(number)
    })
  }

  forward({ url, headers, rawHeaders, body, address, isSecure }: ApiRequest, send: Send): void {
    const number = (this.#last = (this.#last + 1) >>> 0)
    const about: AboutRequest = { url, headers, rawHeaders: rawHeaders(), address, isSecure }
    // Body and head are bounded where they are read, so that this never happens; it costs the request and not the process.
    if (!this.#frames.send(number, about, body)) return send('', tooLarge)
    this.#waiting.set(number, send)
  }
}

export type Owner = {
  readonly answer: (request: ApiRequest, send: Send) => void
  /** The worker does not read what it is answered. */
  readonly onStuck: () => void
}

/** The owner's end: `answer` is given every request. */
export function serveForwarded(socket: Socket, { answer, onStuck }: Owner): void {
  const frames = new Frames(socket, (number, about, body) => {
    const { rawHeaders, ...asked } = about as AboutRequest
    answer({ ...asked, rawHeaders: () => rawHeaders, body, payload: body }, (requestId, { bytes, ...reply }) => {
      if (socket.destroyed) return
      if (socket.writableLength > workerUnreadBytesMax) return onStuck()
      if (frames.send(number, { requestId, ...reply } satisfies AboutReply, bytes)) return
      const { bytes: text, ...rest } = tooLarge
      frames.send(number, { requestId, ...rest } satisfies AboutReply, text)
    })
  })
}

/** For a request or a reply that does not fit a frame. */
const tooLarge: Reply = errorAnswer(
  new ServiceError('InternalServerError', 'The request or its reply is too large for a region with workers.'),
  json10,
)

const headSizeBytes = 12

class Frames {
  readonly #socket: Socket
  readonly #receive: (number: number, about: unknown, body: Buffer) => void
  #chunks: Buffer[] = []
  #received = 0

  constructor(socket: Socket, receive: (number: number, about: unknown, body: Buffer) => void) {
    this.#socket = socket
    this.#receive = receive
    socket.on('data', (chunk: Buffer) => {
      this.#chunks.push(chunk)
      this.#received += chunk.length
      this.#take()
    })
  }

  /** Those of one turn travel together. Returns false, and sends nothing, for what is larger than a frame may be. */
  send(number: number, about: unknown, body: Buffer): boolean {
    const text = Buffer.from(JSON.stringify(about))
    if (headSizeBytes - 4 + text.length + body.length > frameSizeBytesMax) return false
    const head = Buffer.allocUnsafe(headSizeBytes)
    head.writeUInt32BE(headSizeBytes - 4 + text.length + body.length, 0)
    head.writeUInt32BE(number, 4)
    head.writeUInt32BE(text.length, 8)
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      setImmediate(() => this.#socket.uncork())
    }
    this.#socket.write(Buffer.concat([head, text, body]))
    return true
  }

  #take(): void {
    let bytes = this.#wanted(4)
    while (bytes !== undefined) {
      const length = bytes.readUInt32BE(0)
      assert(length <= frameSizeBytesMax, 'forwarding: a frame is no larger than a request and its head')
      if (bytes.length < length + 4) return
      const aboutLength = bytes.readUInt32BE(8)
      const about: unknown = JSON.parse(bytes.toString('utf8', headSizeBytes, headSizeBytes + aboutLength))
      const body = bytes.subarray(headSizeBytes + aboutLength, length + 4)
      const rest = bytes.subarray(length + 4)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#received = rest.length
      this.#receive(this.#numberOf(bytes), about, body)
      bytes = this.#wanted(4)
    }
  }

  #numberOf(bytes: Buffer): number {
    return bytes.readUInt32BE(4)
  }

  /** What has come, in one piece, once the frame is whole; undefined before. */
  #wanted(length: number): Buffer | undefined {
    if (this.#received < length) return undefined
    const [first] = this.#chunks
    if (first === undefined) return undefined
    const known = first.length >= 4 ? first.readUInt32BE(0) : undefined
    if (known !== undefined && this.#received < known + 4) return undefined
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#received)]
    return this.#chunks[0]
  }
}
