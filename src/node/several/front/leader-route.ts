/**
 * Where this node sends what it does not answer itself: to the region in this process while this node leads, or over a line to the node that
 * does. While there is neither, requests and connections wait, for a bounded time. What was begun by a leader that is lost is answered so at once.
 */
import type { Socket } from 'node:net'
import { leaderWaitingMax, leaderWaitMsMax } from '../../../core/limits/node-line-limits.ts'
import type { Forwarding, Send } from '../../../http/processes/forwarding.ts'
import type { ApiRequest } from '../../../http/pipeline.ts'
import type { RequestIds } from '../../../http/request-id.ts'
import type { Clock } from '../../../ports/clock.ts'
import { noLeaderReply } from './lost-reply.ts'

/** The leading node, as seen from this one. */
export type Lead = {
  /** It takes requests now. */
  readonly isOpen: boolean
  /** Answers once, or says that the request was not begun. */
  forward(request: ApiRequest, send: Send, declined: () => void): void
  takeOver(client: Socket, received: Buffer, taken: () => void): void
  /** Answers what waits for it, at once, and ends connections of clients that it has. */
  end(): void
}

type Waiting = { readonly go: (lead: Lead) => void; readonly cancel: () => void }

type RouteOptions = { readonly clock: Clock; readonly requestIds: RequestIds }

export class LeaderRoute implements Forwarding {
  readonly #options: RouteOptions
  readonly #waiting = new Set<Waiting>()
  #lead: Lead | undefined

  constructor(options: RouteOptions) {
    this.#options = options
  }

  /** The one before is ended by the caller. */
  lead(lead: Lead | undefined): void {
    this.#lead = lead
    this.changed()
  }

  /** The leader may take requests now, or not any more. */
  changed(): void {
    while (this.#waiting.size > 0 && this.#lead?.isOpen === true) {
      const [first] = this.#waiting
      if (first === undefined) return
      this.#waiting.delete(first)
      first.cancel()
      first.go(this.#lead)
    }
  }

  get waiting(): number {
    return this.#waiting.size
  }

  forward(request: ApiRequest, send: Send): void {
    const untilMs = this.#options.clock.monotonicMs() + leaderWaitMsMax
    const answered: Send = (requestId, reply) => send(requestId === '' ? this.#options.requestIds() : requestId, reply)
    this.#forward(request, answered, untilMs)
  }

  /** A connection on which something unusual came; it is paused. */
  takeOver(client: Socket, received: Buffer, taken: () => void): void {
    const go = (lead: Lead): void => {
      if (!client.destroyed) return lead.takeOver(client, received, taken)
      taken()
    }
    const refuse = (): void => {
      taken()
      client.on('error', () => {})
      client.end(unavailable)
    }
    this.#whenLed(go, refuse, this.#options.clock.monotonicMs() + leaderWaitMsMax)
  }

  #forward(request: ApiRequest, send: Send, untilMs: number): void {
    const refuse = (): void => send('', noLeaderReply)
    this.#whenLed((lead) => lead.forward(request, send, () => this.#forward(request, send, untilMs)), refuse, untilMs)
  }

  #whenLed(go: (lead: Lead) => void, refuse: () => void, untilMs: number): void {
    const lead = this.#lead
    if (lead?.isOpen === true && this.#waiting.size === 0) return go(lead)
    const { clock } = this.#options
    const forMs = untilMs - clock.monotonicMs()
    if (forMs <= 0 || this.#waiting.size >= leaderWaitingMax) return refuse()
    const expire = (): void => {
      this.#waiting.delete(waiting)
      refuse()
    }
    const waiting: Waiting = { go, cancel: clock.after(forMs, expire) }
    this.#waiting.add(waiting)
  }
}

const body = '{"error":"no node leads this region now"}'
const unavailable = `HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`
