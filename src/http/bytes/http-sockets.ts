/**
 * Connections that node:http serves, and how they end when their server stops. node:http begins each pipelined request as
 * it is parsed, and drops all that wait behind a reply with `Connection: close`: those would be executed and never answered.
 * Its closeIdleConnections also cuts a reply that is not written yet. So we count what each connection has begun:
 *
 *   - requests of one connection are carried out one after another, as their replies go out: a packet of pipelined scans would have
 *     all their pages in memory at once;
 *   - the last request that a connection has begun gets the reply that ends the connection; earlier ones do not;
 *   - behind that reply no request is begun: it is read and dropped;
 *   - a connection ends by FIN, and is read for a moment longer, since a reset could overtake the reply.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { lingerMsMax, requestsAheadMax } from '../../core/limits/limits.ts'
import { noteAnswer, type Slot, slotOf } from '../connection-slots.ts'
import { Gathering } from './gathering.ts'

type Use = {
  readonly slot: Slot
  /** Of the request that is carried out. */
  current: IncomingMessage | undefined
  latest: ServerResponse | undefined
  unanswered: number
  ended: boolean
  /** More was written ahead than is kept: the connection ends with its last reply. */
  overrun: boolean
  /** Behind the one that is carried out. */
  readonly waiting: (() => void)[]
}

export class HttpSockets {
  readonly #open = new Gathering<Socket>()
  readonly #uses = new WeakMap<Socket, Use>()
  #closing = false

  add(socket: Socket): void {
    if (this.#uses.has(socket)) return
    // node:http calls it once the last reply of a connection is written, and would close the socket with what is unread: a reset.
    socket.destroySoon = () => this.#end(socket)
    const use: Use = { ...unused, slot: slotOf(socket), waiting: [] }
    // A body that has not come whole keeps nothing busy.
    use.slot.isBusy = () => use.current?.complete === true && !socket.writableNeedDrain
    this.#uses.set(socket, use)
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
  }

  /**
   * Calls `carryOut` when the replies before this one have gone out; never when the connection has had its last reply: this request
   * must not be executed, and cannot be answered.
   */
  begin(request: IncomingMessage, response: ServerResponse, carryOut: () => void): void {
    const { socket } = request
    this.add(socket)
    const use = this.#useOf(socket)
    if (use.unanswered >= requestsAheadMax) use.overrun = true
    if (use.ended || use.overrun) return void request.resume()
    use.latest = response
    use.unanswered += 1
    response.once('close', () => {
      use.unanswered -= 1
      use.current = undefined
      noteAnswer(use.slot)
      if (socket.destroyed) use.waiting.length = 0
      else if ((this.#closing || use.overrun) && use.unanswered === 0) this.#end(socket)
      else use.waiting.shift()?.()
    })
    const goOn = (): void => {
      use.current = request
      carryOut()
    }
    if (use.unanswered === 1) goOn()
    else use.waiting.push(goOn)
  }

  /** Whether this reply is to end its connection. Ask once, when its head is written. */
  endsWith(response: ServerResponse): boolean {
    if (!this.#closing) return false
    const { socket } = response.req
    const use = this.#useOf(socket)
    if (use.latest !== response) return false
    use.ended = true
    return true
  }

  /** Ends what is idle; everything else ends with its last reply. */
  close(): void {
    this.#closing = true
    for (const socket of this.#open) if (this.#useOf(socket).unanswered === 0) this.#end(socket)
  }

  destroyAll(): void {
    for (const socket of this.#open) socket.destroy()
  }

  /** Resolves when none is open. */
  async gone(): Promise<void> {
    await this.#open.empty()
  }

  #end(socket: Socket): void {
    this.#useOf(socket).ended = true
    socket.end()
    // What comes until then is parsed, and refused by `begin`. A client that goes on sending gets no more time for that.
    setTimeout(() => socket.destroy(), lingerMsMax).unref()
  }

  #useOf(socket: Socket): Use {
    return this.#uses.get(socket) ?? { ...unused, slot: slotOf(socket), ended: true, waiting: [] }
  }
}

const unused = { current: undefined, latest: undefined, unanswered: 0, ended: false, overrun: false } as const
