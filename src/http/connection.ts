/**
 * Connections, taken straight from the socket. A request in the one shape that SDKs write (request-head.ts), alone in what has
 * been received, is read here and answered in one write; anything else, for good, goes to node:http, which costs twice
 * as much processor time a request and knows everything (pipelining, chunks, other methods, other addresses).
 */
import type { Socket } from 'node:net'
import { idleConnectionMsMax, lingerMsMax, requestHeadBytesMax, requestMsMax } from '../core/limits/limits.ts'
import type { Api } from './api.ts'
import { noteAnswer, type Slot, slotOf } from './connection-slots.ts'
import { Gathering } from './bytes/gathering.ts'
import { Outbox } from './bytes/outbox.ts'
import { cutSocket, ownPlace, ReadyReply, type Reply, replyBytes, replyText } from './bytes/reply.ts'
import { ReplySpace } from './bytes/reply-space.ts'
import { readHead, type RequestHead } from './bytes/request-head.ts'
import { ReceivedBytes } from './bytes/received-bytes.ts'
import { listenerOf } from './private-listener.ts'
import type { UnreadReplies } from './bytes/unread-replies.ts'

/** What becomes of a request, once it is read. */
export type ConnectionApi = Pick<Api, 'hold' | 'watch' | 'throttle' | 'letGo' | 'answer' | 'refuseUnread' | 'closing'>

export type ConnectionsOptions = {
  readonly api: ConnectionApi
  /**
   * Takes a connection over as if it were new, with what was received. It is paused. The bytes are held in this process's budget until
   * `taken` is called.
   */
  readonly handOver: (socket: Socket, received: Buffer, taken: () => void) => void
  readonly monotonicMs: () => number
  readonly unread: UnreadReplies
}

type Shared = ConnectionsOptions & { readonly outbox: Outbox; readonly space: ReplySpace }

export class Connections {
  readonly #open = new Gathering<Connection>()
  readonly #options: Shared
  #closing = false

  constructor(options: ConnectionsOptions) {
    const space = new ReplySpace()
    this.#options = { ...options, space, outbox: new Outbox(() => space.release()) }
  }

  accept(socket: Socket): void {
    const connection = new Connection(socket, this.#options, () => this.#open.delete(connection))
    this.#open.add(connection)
    if (this.#closing) connection.closeIfIdle()
  }

  /** Open now, and not handed over. */
  get count(): number {
    return this.#open.size
  }

  /** Ends those that wait for a request; the others end with their reply. Call it after the API was told. */
  close(): void {
    this.#closing = true
    for (const connection of this.#open) connection.closeIfIdle()
  }

  /** Answers requests that have not arrived whole, without executing them. */
  refuseUnread(): void {
    for (const connection of this.#open) connection.refuseUnread()
  }

  /** Resolves when none is open, or all have been handed over. */
  async gone(): Promise<void> {
    await this.#open.empty()
  }

  closeAll(): void {
    for (const connection of this.#open) connection.destroy()
  }
}

const headEnd = Buffer.from('\r\n\r\n')

class Connection {
  readonly #socket: Socket
  readonly #options: Shared
  readonly #forget: () => void
  readonly #isSecure: boolean
  readonly #endpoint: string | undefined
  readonly #slot: Slot
  /** Of the other end. */
  #address: string | undefined
  #answering = false
  #ended = false
  /** Nothing that comes on it is executed any more. */
  #finished = false
  /** Of a request that is not whole yet. */
  readonly #received = new ReceivedBytes()
  #head: RequestHead | undefined
  #bodyStart = 0
  /** Bytes of the body that are taken of the budget. */
  #held = 0
  #startedMs = 0
  /** Ends the time in which this request may have to make room for others. */
  #unwatch: (() => void) | undefined

  constructor(socket: Socket, options: Shared, forget: () => void) {
    this.#socket = socket
    this.#options = options
    this.#forget = forget
    this.#isSecure = 'encrypted' in socket
    this.#endpoint = listenerOf(socket)
    this.#slot = slotOf(socket)
    this.#slot.isBusy = () => this.#answering && !socket.writableNeedDrain
    socket.setNoDelay(true)
    socket.setTimeout(idleConnectionMsMax)
    socket.on('data', this.#receive)
    socket.on('end', this.#end)
    socket.on('timeout', this.#timeOut)
    socket.on('error', this.#ignore)
    socket.on('close', this.#closed)
  }

  closeIfIdle(): void {
    if (!this.#answering && this.#received.sizeBytes === 0) this.#finish()
  }

  refuseUnread(): void {
    if (this.#answering || this.#finished) return
    const held = this.#held
    this.#reset()
    this.#answering = true
    this.#options.api.letGo(held)
    this.#options.api.refuseUnread(this.#reply)
  }

  destroy(): void {
    this.#socket.destroy()
  }

  readonly #receive = (chunk: Buffer): void => {
    this.#received.add(chunk)
    // Written ahead of the answer: it is looked at afterwards.
    if (this.#answering) this.#socket.pause()
    else this.#read(chunk)
  }

  #read(chunk: Buffer): void {
    const more = chunk.length
    if (!this.#options.api.hold(more, this.#head?.contentLength ?? more)) return this.#overBudget()
    this.#held += more
    const head = this.#head ?? this.#readHead()
    if (head === undefined) return
    const whole = this.#bodyStart + head.contentLength
    if (this.#received.sizeBytes > whole) return this.#handOver()
    if (this.#received.sizeBytes < whole) return this.#waitForMore()
    this.#answer(head, this.#received.whole().subarray(this.#bodyStart))
  }

  /** Undefined when it is not whole yet, or has gone elsewhere. */
  #readHead(): RequestHead | undefined {
    const bytes = this.#received.whole()
    const end = bytes.indexOf(headEnd)
    if (end < 0 && bytes.length < requestHeadBytesMax && mayBeOurs(bytes)) {
      this.#waitForMore()
      return undefined
    }
    const isWhole = end >= 0 && end + headEnd.length <= requestHeadBytesMax
    const head = isWhole ? readHead(bytes.toString('latin1', 0, end)) : undefined
    if (head === undefined) {
      this.#handOver()
      return undefined
    }
    this.#head = head
    this.#bodyStart = end + headEnd.length
    return head
  }

  /** Those who send a byte now and then are let go too. */
  #waitForMore(): void {
    const now = this.#options.monotonicMs()
    if (this.#startedMs === 0) {
      this.#startedMs = now
      this.#unwatch = this.#options.api.watch({
        startedMs: now,
        receivedBytes: () => this.#received.sizeBytes,
        giveUp: () => this.#giveUp(),
      })
    } else if (now - this.#startedMs > requestMsMax) this.#socket.destroy()
  }

  /** A request is answered by node:http, which reads and drops the rest of it; of half a head there is nothing to answer. */
  #overBudget(): void {
    if (this.#head === undefined && !this.#received.whole().includes(headEnd)) this.#socket.destroy()
    else this.#handOver()
  }

  /** It makes room for others: throttled, and the connection ends with that. */
  #giveUp(): void {
    const held = this.#held
    this.#reset()
    this.#answering = true
    this.#ended = true
    this.#options.api.letGo(held)
    this.#options.api.throttle(this.#reply)
  }

  #answer(head: RequestHead, body: Buffer): void {
    const held = this.#held
    this.#reset()
    this.#answering = true
    const { url, headers, rawHeaders } = head
    const address = (this.#address ??= this.#socket.remoteAddress)
    const from = { address, isSecure: this.#isSecure, endpoint: this.#endpoint }
    this.#options.api.answer({ url, headers, rawHeaders, body, payload: body, ...from }, held, this.#reply)
  }

  readonly #reply = (requestId: string, reply: Reply): void => {
    if (reply.cut !== undefined) return cutSocket(this.#socket, reply.cut)
    const last = this.#ended || this.#options.api.closing
    // A secure socket encrypts what it is given later.
    const place = this.#isSecure ? ownPlace : this.#options.space.place
    const isText = reply instanceof ReadyReply
    const whole = isText ? replyText(requestId, reply, last) : replyBytes(requestId, reply, { last, place })
    this.#options.outbox.add(whole.length, () => this.#write(whole, last))
  }

  #write(whole: Buffer | string, last: boolean): void {
    const socket = this.#socket
    if (socket.destroyed) return
    const drained = socket.write(whole, 'latin1')
    if (socket.writableLength > 0 && typeof whole !== 'string') this.#options.space.leave(whole)
    if (last) this.#finish()
    else if (drained) this.#goOn()
    else socket.once('drain', this.#goOn)
    if (!drained) this.#options.unread.wait(socket)
  }

  readonly #goOn = (): void => {
    this.#answering = false
    noteAnswer(this.#slot)
    // This reply was made before the server began to close.
    if (this.#options.api.closing) return this.#finish()
    if (this.#received.sizeBytes === 0) return
    this.#socket.resume()
    this.#read(this.#received.whole())
  }

  /**
   * Ends our side and reads on for a moment, dropping what comes: to close a socket with unread bytes resets the connection, and
   * a reset may overtake the reply.
   */
  #finish(): void {
    const socket = this.#socket
    this.#finished = true
    this.#options.api.letGo(this.#held)
    this.#reset()
    socket.removeListener('data', this.#receive)
    socket.end()
    socket.setTimeout(lingerMsMax)
    socket.resume()
  }

  #reset(): void {
    this.#received.clear()
    this.#head = undefined
    this.#held = 0
    this.#startedMs = 0
    this.#unwatch?.()
    this.#unwatch = undefined
  }

  #handOver(): void {
    const socket = this.#socket
    const bytes = this.#received.whole()
    const held = this.#held
    this.#reset()
    this.#detach()
    socket.setTimeout(0)
    socket.pause()
    stopReading(socket)
    this.#options.handOver(socket, bytes, () => this.#options.api.letGo(held))
  }

  #detach(): void {
    const socket = this.#socket
    socket.removeListener('data', this.#receive)
    socket.removeListener('end', this.#end)
    socket.removeListener('timeout', this.#timeOut)
    socket.removeListener('error', this.#ignore)
    socket.removeListener('close', this.#closed)
    this.#forget()
  }

  readonly #end = (): void => {
    this.#ended = true
    if (!this.#answering) this.#socket.end()
  }

  readonly #timeOut = (): void => {
    if (this.#finished ? this.#socket.writableFinished : !this.#answering) this.#socket.destroy()
  }

  readonly #ignore = (): void => {}

  readonly #closed = (): void => {
    this.#options.api.letGo(this.#held)
    this.#reset()
    this.#forget()
  }
}

/**
 * Node reads on for a paused socket until its buffer is full. Bytes that this process has read are lost once the socket
 * belongs to another process, and the request would never be whole there. The next read starts the handle again.
 */
function stopReading(socket: Socket): void {
  const { _handle: handle } = socket as { _handle?: { reading?: boolean; readStop?: () => void } | null }
  if (!handle) return
  handle.readStop?.()
  handle.reading = false
}

const start = Buffer.from('POST /')

/** Bytes that already differ are not waited for. */
function mayBeOurs(bytes: Buffer): boolean {
  const length = Math.min(bytes.length, start.length)
  return bytes.compare(start, 0, length, 0, length) === 0
}
