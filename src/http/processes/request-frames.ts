/**
 * Messages between two processes of a region over one connection, as frames:
 *
 *   length of the rest u32 · number u32 · length of what is said about it u32 · that, as JSON · body
 *
 * A call has a number of its own, and its answer has the same. What is told without an answer has the number 0.
 */
import type { Socket } from 'node:net'
import { frameSizeBytesMax } from '../../core/limits/limits.ts'
import { errorText } from '../../core/error-text.ts'

export type FrameEnds = {
  /** Called with what the other end tells without being asked. */
  readonly onTold?: (about: unknown) => void
  /** The other end has sent what is no frame: the connection is of no use any more. */
  readonly onBroken: (reason: string) => void
}

type Answered = (about: unknown, body: Buffer) => void

/** The end that asks. */
export class FrameCalls {
  readonly #frames: Frames
  readonly #waiting = new Map<number, Answered>()
  #last = 0

  constructor(socket: Socket, { onTold, onBroken }: FrameEnds) {
    this.#frames = new Frames(socket, {
      onBroken,
      receive: (number, about, body) => {
        if (number === told) return onTold?.(about)
        const answered = this.#waiting.get(number)
        this.#waiting.delete(number)
        answered?.(about, body)
      },
    })
  }

  /** Returns false, and sends nothing, for what is larger than a frame may be. */
  call(about: unknown, body: Buffer, answered: Answered): boolean {
    const number = (this.#last = this.#last === numberMax ? 1 : this.#last + 1)
    if (!this.#frames.send(number, about, body)) return false
    this.#waiting.set(number, answered)
    return true
  }

  tell(about: unknown): void {
    this.#frames.send(told, about, none)
  }

  /** How many calls have no answer yet. */
  get count(): number {
    return this.#waiting.size
  }
}

export type FrameServer = FrameEnds & {
  /** `reply` returns false, and sends nothing, for what is larger than a frame may be. */
  readonly answer: (about: unknown, body: Buffer, reply: (about: unknown, body: Buffer) => boolean) => void
}

/** The end that answers. Returns how to tell the other one something. */
export function serveFrames(socket: Socket, { answer, onTold, onBroken }: FrameServer): (about: unknown) => void {
  const frames = new Frames(socket, {
    onBroken,
    receive: (number, about, body) => {
      if (number === told) return onTold?.(about)
      answer(about, body, (aboutReply, bytes) => frames.send(number, aboutReply, bytes))
    },
  })
  return (about) => void frames.send(told, about, none)
}

const told = 0
const numberMax = 0xff_ff_ff_ff
const none = Buffer.alloc(0)
const headSizeBytes = 12
/** Of the length, which does not count itself. */
const lengthSizeBytes = 4

type Receiving = Pick<FrameEnds, 'onBroken'> & {
  readonly receive: (number: number, about: unknown, body: Buffer) => void
}

class Frames {
  readonly #socket: Socket
  readonly #receiving: Receiving
  #chunks: Buffer[] = []
  #received = 0
  #isBroken = false

  constructor(socket: Socket, receiving: Receiving) {
    this.#socket = socket
    this.#receiving = receiving
    socket.on('data', (chunk: Buffer) => {
      if (this.#isBroken) return
      this.#chunks.push(chunk)
      this.#received += chunk.length
      this.#take()
    })
  }

  /** Those of one turn travel together. Returns false, and sends nothing, for what is larger than a frame may be. */
  send(number: number, about: unknown, body: Buffer): boolean {
    const text = Buffer.from(JSON.stringify(about))
    const length = headSizeBytes - lengthSizeBytes + text.length + body.length
    if (length > frameSizeBytesMax) return false
    if (this.#socket.destroyed) return true
    const head = Buffer.allocUnsafe(headSizeBytes)
    head.writeUInt32BE(length, 0)
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
    for (let bytes = this.#whole(); bytes !== undefined && !this.#isBroken; bytes = this.#whole()) {
      const end = bytes.readUInt32BE(0) + lengthSizeBytes
      const bodyStart = headSizeBytes + bytes.readUInt32BE(8)
      if (bodyStart > end) return this.#break('what is said about a frame is longer than the frame')
      const about = this.#aboutIn(bytes.subarray(headSizeBytes, bodyStart))
      if (about === undefined) return
      const rest = bytes.subarray(end)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#received = rest.length
      this.#receiving.receive(bytes.readUInt32BE(4), about, bytes.subarray(bodyStart, end))
    }
  }

  #aboutIn(text: Buffer): unknown {
    try {
      return JSON.parse(text.toString()) as unknown
    } catch (error) {
      this.#break(`what is said about a frame is no JSON: ${errorText(error)}`)
      return undefined
    }
  }

  /** What has come, in one piece, once it begins with a whole frame; undefined before. */
  #whole(): Buffer | undefined {
    if (this.#received < headSizeBytes) return undefined
    if ((this.#chunks[0]?.length ?? 0) < lengthSizeBytes) this.#join()
    const length = this.#chunks[0]?.readUInt32BE(0) ?? 0
    if (length > frameSizeBytesMax || length < headSizeBytes - lengthSizeBytes) {
      this.#break(`a frame of ${length} bytes`)
      return undefined
    }
    if (this.#received < length + lengthSizeBytes) return undefined
    this.#join()
    return this.#chunks[0]
  }

  #join(): void {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#received)]
  }

  #break(reason: string): void {
    this.#isBroken = true
    this.#chunks = []
    this.#receiving.onBroken(reason)
  }
}
