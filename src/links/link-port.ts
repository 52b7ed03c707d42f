/**
 * Where a region dials to reach another: a TCP port whose connections go on to the target over the two lanes between
 * them, bytes of the one who dialled over the lane there, bytes of the target over the lane back.
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { linkConnectionsMax, linkWaitingMax } from '../core/limits/link-limits.ts'
import { reset } from '../http/bytes/resets.ts'
import { ReceivedBytes } from '../http/bytes/received-bytes.ts'
import type { Alarms } from './lane/alarms.ts'
import { Direction } from './lane/link-direction.ts'
import type { Lane, LaneUser } from './lane/lane.ts'
import { oneWayMs } from './lane/link-shape.ts'

export type Address = { readonly host: string; readonly port: number }

export type LinkPortOptions = {
  /** Port 0 takes a free one. */
  readonly listen: Address
  readonly target: Address
  readonly there: Lane
  readonly back: Lane
  readonly alarms: Alarms
}

/** With this mark a paused socket reads no more once it holds a byte. How much may wait to be written is bounded by the direction itself. */
const socketOptions = { allowHalfOpen: true, noDelay: true, highWaterMark: 1 }

type Pair = { readonly near: Socket; readonly far: Socket; readonly there: Direction; readonly back: Direction }

export class LinkPort implements LaneUser {
  readonly #options: LinkPortOptions
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  /** Have dialled, and have not been put through: their round trip is not over. */
  readonly #travelling = new Set<Socket>()
  /** Their round trip is over, but a lane is cut; what puts them through. */
  readonly #waiting = new Map<Socket, () => void>()

  constructor(options: LinkPortOptions) {
    this.#options = options
    this.#server = createServer({ ...socketOptions, pauseOnConnect: true }, (near) => this.#accept(near))
    this.#server.maxConnections = linkConnectionsMax
    for (const lane of [options.there, options.back]) lane.users.add(this)
  }

  /** Rejects when the port cannot be had. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen(this.#options.listen, resolve)
    })
  }

  get address(): Address {
    const { address, port } = this.#server.address() as AddressInfo
    return { host: address, port }
  }

  get target(): Address {
    return this.#options.target
  }

  get there(): Lane {
    return this.#options.there
  }

  get back(): Lane {
    return this.#options.back
  }

  get connections(): number {
    return this.#pairs.size + this.#travelling.size + this.#waiting.size
  }

  laneChanged(): void {
    const state = this.#state
    if (state === 'reset') this.#breakAll()
    if (state !== 'up') return
    for (const putThrough of this.#waiting.values()) putThrough()
  }

  async close(): Promise<void> {
    this.#breakAll()
    for (const lane of [this.there, this.back]) lane.users.delete(this)
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  /** A connection needs both directions, to be made as to be broken. */
  get #state(): 'up' | 'down' | 'reset' {
    const states = [this.there.line.shape.state, this.back.line.shape.state]
    return states.includes('reset') ? 'reset' : states.includes('down') ? 'down' : 'up'
  }

  /** The target hears of a connection one round trip after it was asked for, as if the handshake had travelled. */
  #accept(near: Socket): void {
    near.on('error', () => near.destroy())
    if (this.#state === 'reset') {
      reset(near)
      return
    }
    const handshakeMs = oneWayMs(this.there.line.shape) + oneWayMs(this.back.line.shape)
    this.#travelling.add(near)
    near.once('close', () => this.#travelling.delete(near))
    if (handshakeMs === 0) this.#arrived(near)
    else this.#options.alarms.set(performance.now() + handshakeMs, () => this.#arrived(near))
  }

  #arrived(near: Socket): void {
    this.#travelling.delete(near)
    if (near.destroyed) return
    if (this.#state === 'up') this.#dial(near)
    else this.#wait(near)
  }

  /** Who gives up meanwhile was never connected: nothing of what it said must arrive after the heal. */
  #wait(near: Socket): void {
    const said = new ReceivedBytes()
    const listen = (chunk: Buffer): void => {
      said.add(chunk)
      if (said.sizeBytes > linkWaitingMax.most) near.pause()
    }
    const giveUp = (): void => void near.destroy()
    near.on('data', listen).once('end', giveUp).resume()
    near.once('close', () => this.#waiting.delete(near))
    this.#waiting.set(near, () => {
      this.#waiting.delete(near)
      near.pause().off('data', listen).off('end', giveUp)
      if (said.sizeBytes > 0) near.unshift(said.whole())
      this.#dial(near)
    })
  }

  #dial(near: Socket): void {
    const { target, there, back, alarms } = this.#options
    const far = connect({ ...target, ...socketOptions })
    far.on('error', () => far.destroy())
    const pair: Pair = {
      near,
      far,
      there: new Direction({ source: near, target: far, lane: there, alarms }),
      back: new Direction({ source: far, target: near, lane: back, alarms }),
    }
    this.#pairs.add(pair)
    near.once('close', () => this.#closed(pair, pair.there, pair.back))
    far.once('close', () => this.#closed(pair, pair.back, pair.there))
    near.resume()
  }

  /** A side that is gone before all was said and heard breaks the other; how late that hears of it is the lane's affair. */
  #closed(pair: Pair, said: Direction, heard: Direction): void {
    if (pair.near.destroyed && pair.far.destroyed) this.#forget(pair)
    else if (!said.hasEnded || !heard.isDelivered) said.breakOff()
  }

  #forget(pair: Pair): void {
    this.#pairs.delete(pair)
    pair.there.stop()
    pair.back.stop()
  }

  #breakAll(): void {
    for (const pair of this.#pairs) {
      this.#forget(pair)
      for (const socket of [pair.near, pair.far]) if (!socket.destroyed) reset(socket)
    }
    for (const near of [...this.#travelling, ...this.#waiting.keys()]) reset(near)
    this.#travelling.clear()
    this.#waiting.clear()
  }
}
