/**
 * One connection of a DAX client: its requests are answered one after another, in their order. While one is answered, or its answer is not read, nothing
 * more is read of the client than fits a buffer.
 */
import type { Socket } from 'node:net'
import { CborReader } from '../../core/cbor/cbor-reader.ts'
import { UnreadableCbor } from '../../core/cbor/major-types.ts'
import { framedAnswer } from '../../core/dax/answer-frame.ts'
import { encodeError, notImplemented } from '../../core/dax/error-answer.ts'
import {
  daxAheadBytesMax,
  daxAuthorizedMsMax,
  daxGreetingMsMax,
  daxIdleMsMax,
  daxRequestMsMax,
  daxUnknownBytesMax,
} from '../../core/limits/dax-limits.ts'
import { ServiceError } from '../../core/errors.ts'
import { lingerMsMax } from '../../core/limits/limits.ts'
import type { BodyBudget } from '../../http/bytes/body-budget.ts'
import { noteAnswer, type Slot, slotOf } from '../../http/connection-slots.ts'
import type { Outbox } from '../../http/bytes/outbox.ts'
import type { UnreadReplies } from '../../http/bytes/unread-replies.ts'
import type { Sender } from '../../operations/operation.ts'
import type { Asking, DaxFront } from './dax-front.ts'
import type { DaxNode } from './dax-nodes.ts'
import { type Frame, FrameReader, UnknownMethod } from './dax-frames.ts'
import type { DaxPrincipal } from './principal.ts'

export type DaxConnectionOptions = {
  readonly front: Pick<DaxFront, 'answer' | 'hit' | 'refusal'>
  /** Throws the ServiceError that authorizeConnection is refused with. */
  readonly authorize: (reader: CborReader) => DaxPrincipal
  /** Whether an authorization ends: where signatures are verified. */
  readonly expires: boolean
  readonly nodes: (socket: Socket) => readonly DaxNode[]
  readonly budget: BodyBudget
  readonly unread: UnreadReplies
  readonly outbox: Outbox
  readonly monotonicMs: () => number
  /** How long a client has until it is authorized; as in core/limits/dax-limits.ts unless said otherwise. */
  readonly greetingMsMax?: number
}

export class DaxConnection {
  readonly #socket: Socket
  readonly #options: DaxConnectionOptions
  readonly #frames = new FrameReader()
  readonly #nodes: () => readonly DaxNode[]
  readonly #sender: Sender
  readonly #slot: Slot
  /** Undefined until the client is authorized. */
  #asking: Asking | undefined
  /** Until when the authorization holds, by the monotonic clock. */
  #authorizedUntilMs = 0
  /** Why the client's last authorization failed: told in answer to what it asks next. */
  #refusal: ServiceError | undefined
  #answering = false
  #closing = false
  #finished = false
  /** Bytes of the budget that are taken for what has come and is not cut off, and for the request that is answered. */
  #framesHeld = 0
  #requestHeld = 0
  #startedMs = 0
  #unwatch: (() => void) | undefined

  constructor(socket: Socket, options: DaxConnectionOptions, closed: () => void) {
    this.#socket = socket
    this.#options = options
    this.#nodes = () => options.nodes(socket)
    this.#sender = { address: socket.remoteAddress, isSecure: 'encrypted' in socket }
    this.#slot = slotOf(socket)
    this.#slot.isBusy = () => this.#answering && !socket.writableNeedDrain
    socket.setNoDelay(true)
    socket.setTimeout(options.greetingMsMax ?? daxGreetingMsMax)
    socket.on('data', this.#receive)
    socket.on('end', () => {
      this.#closing = true
      this.closeIfIdle()
    })
    socket.on('timeout', () => {
      if (this.#finished || !this.#answering) socket.destroy()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#release()
      closed()
    })
  }

  /** Ends with the answer that is under way, or now. */
  close(): void {
    this.#closing = true
    this.closeIfIdle()
  }

  closeIfIdle(): void {
    if (!this.#answering) this.#finish()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #receive = (piece: Buffer): void => {
    if (this.#finished || this.#isHit(piece)) return
    if (!this.#holdFrames(this.#frames.heldBytesWith(piece.length), piece.length)) return this.destroy()
    this.#frames.add(piece)
    if (!this.#answering) this.#goOn()
    else if (this.#frames.sizeBytes > daxAheadBytesMax) this.#socket.pause()
  }

  /** Answers a packet that is one request whose answer is kept, without cutting it or holding its bytes. */
  #isHit(piece: Buffer): boolean {
    const asking = this.#asking
    if (asking === undefined || this.#answering || this.#closing || !this.#frames.isBetweenRequests) return false
    const { front, expires, monotonicMs } = this.#options
    if (expires && monotonicMs() > this.#authorizedUntilMs) return false
    const answer = front.hit(asking, piece)
    if (answer === undefined) return false
    this.#send(answer)
    return true
  }

  /** Answers what is whole, as long as each is answered at once and read. */
  #goOn(): void {
    try {
      while (!this.#answering && !this.#finished && !this.#socket.destroyed) {
        const frame = this.#closing ? undefined : this.#frames.next()
        if (frame === undefined) return this.#wait()
        if (frame.method === 'authorizeConnection') this.#authorize(frame)
        else this.#answer(frame)
      }
    } catch (error) {
      this.#broken(error)
    }
  }

  #wait(): void {
    if (this.#closing) return this.#finish()
    if (this.#isTooMuchUnknown()) return this.#turnAway()
    if (this.#socket.isPaused()) this.#socket.resume()
    this.#holdFrames(this.#frames.heldBytes)
    if (this.#frames.sizeBytes === 0) return this.#begun()
    const { budget, monotonicMs } = this.#options
    const now = monotonicMs()
    if (this.#startedMs === 0) {
      this.#startedMs = now
      this.#unwatch = budget.watch({
        startedMs: now,
        receivedBytes: () => this.#frames.sizeBytes,
        giveUp: () => this.destroy(),
      })
    } else if (now - this.#startedMs > daxRequestMsMax) this.destroy()
  }

  /** What a client sends before it has said who it is is refused before it is whole. */
  #isTooMuchUnknown(): boolean {
    return this.#asking === undefined && this.#frames.isGreeted && this.#frames.sizeBytes > daxUnknownBytesMax
  }

  #turnAway(): void {
    const answer = this.#options.front.refusal(this.#refusal ?? notAuthorized())
    this.#socket.write(this.#frames.wantsFrames ? framedAnswer(answer) : answer)
    this.#finish()
  }

  /** Good ones are not answered, and of a bad one the client hears in answer to its request, which follows. */
  #authorize({ bytes, valuesAt }: Frame): void {
    this.#asking = undefined
    this.#refusal = undefined
    try {
      const principal = this.#options.authorize(new CborReader(bytes.subarray(valuesAt)))
      const { validMs = Number.POSITIVE_INFINITY } = principal
      this.#socket.setTimeout(daxIdleMsMax)
      this.#authorizedUntilMs = this.#options.monotonicMs() + Math.min(daxAuthorizedMsMax, validMs)
      this.#asking = { principal, nodes: this.#nodes, sender: this.#sender }
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      this.#refusal = error
    }
  }

  #answer(frame: Frame): void {
    const { front, expires, monotonicMs } = this.#options
    const asking = this.#asking
    if (asking === undefined) return this.#send(front.refusal(this.#refusal ?? notAuthorized()))
    if (expires && monotonicMs() > this.#authorizedUntilMs) return this.#send(front.refusal(notAuthorized()))
    // The request keeps the bytes that it came in.
    this.#requestHeld += this.#framesHeld
    this.#framesHeld = 0
    if (!this.#holdFrames(this.#frames.heldBytes)) return this.destroy()
    const answer = front.answer(asking, frame)
    this.#answering = true
    if (answer instanceof Promise) void answer.then((bytes) => this.#send(bytes))
    else this.#send(answer)
  }

  #send(bytes: Buffer | string): void {
    this.#answering = true
    this.#options.outbox.add(bytes.length, () => this.#write(bytes))
  }

  #write(bytes: Buffer | string): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const drained = socket.write(this.#frames.wantsFrames ? framedAnswer(bytes) : bytes, 'latin1')
    if (drained) return this.#answered()
    socket.once('drain', () => this.#answered())
    this.#options.unread.wait(socket)
  }

  #answered(): void {
    this.#answering = false
    noteAnswer(this.#slot)
    if (this.#closing) return this.#finish()
    this.#options.budget.giveBack(this.#requestHeld)
    this.#requestHeld = 0
    this.#begun()
    this.#goOn()
  }

  /** From now on the budget has so many bytes for what has come, if there is room; `more` are those that come now. */
  #holdFrames(bytes: number, more = 0): boolean {
    const taken = bytes - this.#framesHeld
    if (taken > 0 && !this.#options.budget.take(taken, this.#frames.sizeBytes + more)) return false
    if (taken < 0) this.#options.budget.giveBack(-taken)
    this.#framesHeld = bytes
    return true
  }

  #release(): void {
    this.#options.budget.giveBack(this.#framesHeld + this.#requestHeld)
    this.#framesHeld = 0
    this.#requestHeld = 0
    this.#begun()
  }

  /** The next request has its own time to arrive. */
  #begun(): void {
    this.#startedMs = 0
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  /** Where the next request begins is not known any more. */
  #broken(error: unknown): void {
    if (!(error instanceof UnreadableCbor) && !(error instanceof UnknownMethod)) throw error
    if (error instanceof UnknownMethod) {
      const answer = encodeError(notImplemented(error.message), '')
      this.#socket.write(this.#frames.wantsFrames ? framedAnswer(answer) : answer)
    }
    this.#finish()
  }

  /** Ends our side and drops what still comes for a moment: a reset could overtake the answer. */
  #finish(): void {
    if (this.#finished) return
    this.#finished = true
    this.#frames.clear()
    this.#release()
    this.#socket.end()
    this.#socket.setTimeout(lingerMsMax)
    this.#socket.resume()
  }
}

function notAuthorized(): ServiceError {
  return new ServiceError('MissingAuthenticationTokenException', 'The connection is not authorized, or no longer.')
}
