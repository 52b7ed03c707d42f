/**
 * The connections of one port, of which there are at most so many. When all slots are taken, connections that wait make room for a new one: first
 * those that have sent no whole request for a while and were never answered, then those whose last answer is oldest. So strangers who do nothing but hold
 * connections shut no client out. A connection whose request is carried out is never ended for another one.
 */
import type { IncomingMessage, Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { slotsFreedPart, slotYoungMsMax } from '../core/limits/wire-limits.ts'
import { connectionBelow } from './bytes/resets.ts'

/** What a connection's own code knows about whether it could be ended. */
export type Slot = {
  /** A request of the connection is carried out, and its client reads what it is answered. */
  isBusy: () => boolean
  wasAnswered: boolean
  /** A number that grows: of the last answer, or of the moment at which the connection came. */
  turn: number
}

const slots = new WeakMap<Socket, Slot>()
let turns = 0

/** The same for a connection and for what decrypts it. */
export function slotOf(socket: Socket): Slot {
  const connection = connectionBelow(socket)
  const found = slots.get(connection)
  if (found !== undefined) return found
  const slot: Slot = { isBusy: () => false, wasAnswered: false, turn: ++turns }
  slots.set(connection, slot)
  return slot
}

/** Call after each answer. */
export function noteAnswer(slot: Slot): void {
  slot.wasAnswered = true
  slot.turn = ++turns
}

type Taken = { readonly socket: Socket; readonly slot: Slot; readonly sinceMs: number }

export class ConnectionSlots {
  readonly #most: number
  readonly #monotonicMs: () => number
  readonly #taken = new Map<Socket, Taken>()

  constructor(most: number, monotonicMs: () => number) {
    this.#most = most
    this.#monotonicMs = monotonicMs
  }

  get size(): number {
    return this.#taken.size
  }

  /** Returns false, and ends the connection, where all others are busy. */
  take(ofConnection: Socket): boolean {
    const socket = connectionBelow(ofConnection)
    if (this.#taken.has(socket)) return true
    if (this.#taken.size >= this.#most) this.#makeRoom()
    if (this.#taken.size >= this.#most) {
      socket.destroy()
      return false
    }
    this.#taken.set(socket, { socket, slot: slotOf(socket), sinceMs: this.#monotonicMs() })
    socket.once('close', () => this.#taken.delete(socket))
    return true
  }

  /** Several together, because finding them looks at all connections. */
  #makeRoom(): void {
    const nowMs = this.#monotonicMs()
    const isStale = ({ slot, sinceMs }: Taken): number =>
      !slot.wasAnswered && nowMs - sinceMs >= slotYoungMsMax ? 0 : 1
    const waiting = [...this.#taken.values()]
      .filter(({ slot }) => !slot.isBusy())
      .toSorted((a, b) => isStale(a) - isStale(b) || a.slot.turn - b.slot.turn)
    for (const { socket } of waiting.slice(0, Math.ceil(this.#most / slotsFreedPart))) {
      this.#taken.delete(socket)
      socket.destroy()
    }
  }
}

/** Puts the slots before whatever listens for the server's connections: call it after those listeners are there, TLS among them. */
export function takeSlots(server: Server, most: number, monotonicMs: () => number): void {
  const taken = new ConnectionSlots(most, monotonicMs)
  const listeners = server.listeners('connection') as ((socket: Socket) => void)[]
  server.maxConnections = most + 1
  server.removeAllListeners('connection')
  server.on('connection', (socket) => {
    if (!taken.take(socket)) return
    for (const listener of listeners) listener.call(server, socket)
  })
}

/** For a server whose requests nothing else follows (http-sockets.ts): a connection is busy from when a request has come whole until it is answered. */
export function followRequests(server: HttpServer): void {
  server.on('request', (request: IncomingMessage, response) => {
    const slot = slotOf(request.socket)
    slot.isBusy = () => request.complete
    response.once('close', () => {
      slot.isBusy = () => false
      noteAnswer(slot)
    })
  })
}
