/**
 * The way of a following node to the leading one: one connection for requests, made again and again while that node is the leading one, and one for each
 * connection of a client on which something unusual came. What was sent and is not answered when the connection ends, or says nothing for too long, is
 * answered as lost, and never sent again.
 */
import type { Socket } from 'node:net'
import {
  nodeLineAgainMs,
  nodeLineEveryMs,
  nodeLineOpenMsMax,
  nodeLineSilentMsMax,
} from '../../../core/limits/node-line-limits.ts'
import { Forwarder, type Send } from '../../../http/processes/forwarding.ts'
import type { ApiRequest } from '../../../http/pipeline.ts'
import { Tunnels } from '../../../http/processes/way-back.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { ConnectNode } from './connecting.ts'
import { lostReply } from '../front/lost-reply.ts'
import type { Lead } from '../front/leader-route.ts'
import type { NodeAddress } from '../several-options.ts'
import { type Told, toldIn } from './leader-word.ts'
import { answerToTerm } from './term-lines.ts'

type NodeLineOptions = {
  readonly to: NodeAddress
  readonly connect: ConnectNode
  readonly clock: Clock
  readonly log: Log
  /** It can be used now, or cannot any more. */
  readonly onChange: () => void
  readonly onTold: (told: Told) => void
  /** Of this node. */
  readonly knownTerm: () => number | undefined
}

export class NodeLine implements Lead {
  readonly #options: NodeLineOptions
  readonly #tunnels = new Tunnels()
  #socket: Socket | undefined
  #forwarder: Forwarder | undefined
  #leads = false
  #heardMs = 0
  #isEnded = false
  #cancel: () => void = () => undefined

  constructor(options: NodeLineOptions) {
    this.#options = options
  }

  /** Connects, until it is ended. */
  start(): void {
    this.#open()
  }

  get isOpen(): boolean {
    return this.#leads && this.#forwarder !== undefined
  }

  forward(request: ApiRequest, send: Send, declined: () => void): void {
    if (this.#forwarder === undefined) return declined()
    this.#forwarder.forward(request, send, declined)
  }

  takeOver(client: Socket, received: Buffer, taken: () => void): void {
    const { to, connect } = this.#options
    const connectTo: Parameters<Tunnels['begin']>[0] = (end) => connect(to, { kind: 'client', ...end })
    this.#tunnels.begin(connectTo, client, received, taken)
  }

  end(): void {
    this.#isEnded = true
    this.#lost()
    this.#tunnels.destroyAll()
  }

  #open(): void {
    const { to, connect, clock } = this.#options
    const socket = (this.#socket = this.#connected(() => connect(to, { kind: 'requests' })))
    if (socket === undefined) return this.#again()
    this.#heardMs = clock.monotonicMs() - (nodeLineSilentMsMax - nodeLineOpenMsMax)
    const forwarder = new Forwarder(socket, {
      onBroken: (reason) => {
        this.#options.log.warn('another node says what cannot be understood', { node: to.node, reason })
        this.#lost()
      },
      onTold: (about) => this.#hear(socket, forwarder, about),
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost()
    })
    this.#cancel = clock.after(nodeLineEveryMs, () => this.#look(forwarder))
  }

  /** A certificate may not be readable now. */
  #connected(connect: () => Socket): Socket | undefined {
    try {
      return connect()
    } catch (error) {
      this.#options.log.warn('another node cannot be reached', { node: this.#options.to.node, error: String(error) })
      return undefined
    }
  }

  #hear(socket: Socket, forwarder: Forwarder, about: unknown): void {
    if (this.#socket !== socket) return
    const answer = answerToTerm(about, this.#options.knownTerm())
    if (answer !== undefined) return forwarder.tell(answer)
    const told = toldIn(about)
    if (told === undefined) return
    this.#heardMs = this.#options.clock.monotonicMs()
    this.#forwarder = forwarder
    const changed = this.#leads !== told.leads
    this.#leads = told.leads
    this.#options.onTold(told)
    if (changed) this.#options.onChange()
  }

  #look(forwarder: Forwarder): void {
    const { clock, log, to } = this.#options
    if (clock.monotonicMs() - this.#heardMs > nodeLineSilentMsMax) {
      if (this.#forwarder !== undefined) log.warn('another node says nothing any more', { node: to.node })
      return this.#lost()
    }
    forwarder.tell({})
    this.#cancel = clock.after(nodeLineEveryMs, () => this.#look(forwarder))
  }

  #lost(): void {
    const forwarder = this.#forwarder
    const wasOpen = this.isOpen
    this.#cancel()
    const socket = this.#socket
    this.#socket = undefined
    this.#forwarder = undefined
    this.#leads = false
    socket?.destroy()
    forwarder?.end(lostReply)
    if (wasOpen) this.#options.onChange()
    if (!this.#isEnded) this.#again()
  }

  #again(): void {
    this.#cancel = this.#options.clock.after(nodeLineAgainMs, () => this.#open())
  }
}
