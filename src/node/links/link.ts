/**
 * A link from one region to another as a TCP proxy with the distance in it: a node dials the link's own port and reaches
 * the peer's NATS server, every byte a one-way delay later. It can be cut, in the two ways in which networks fail: a
 * black hole (nothing comes through and nobody is told) and a reset (connections break and new ones are refused).
 */
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Direction } from './direction.ts'

export type LinkOptions = {
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  readonly target: { readonly host: string; readonly port: number }
  readonly roundTripMs: number
}

export type LinkMode = 'open' | 'black-hole' | 'reset'

export interface Link {
  readonly port: number
  /** Bytes that have come out at the other end, both ways. */
  readonly carriedBytes: number
  readonly mode: LinkMode
  setMode(mode: LinkMode): void
  setRoundTrip(ms: number): void
  close(): Promise<void>
}

/** Rejects when the port cannot be had. */
export async function openLink(options: LinkOptions): Promise<Link> {
  const link = new TcpLink(options)
  await link.listen()
  return link
}

type Pair = { readonly near: Socket; readonly far: Socket; readonly directions: readonly Direction[] }

class TcpLink implements Link {
  readonly #options: LinkOptions
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  readonly #waiting = new Set<Socket>()
  /** Broken while the link was a black hole: the other side is not told before the heal. */
  readonly #brokenUnseen = new Set<Pair>()
  #roundTripMs: number
  #mode: LinkMode = 'open'
  carriedBytes = 0

  constructor(options: LinkOptions) {
    this.#options = options
    this.#roundTripMs = options.roundTripMs
    this.#server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (near) =>
      this.#accept(near),
    )
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get mode(): LinkMode {
    return this.#mode
  }

  async listen(): Promise<void> {
    const { host = '127.0.0.1', port } = this.#options
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject).listen({ host, port }, resolve)
    })
  }

  setMode(mode: LinkMode): void {
    this.#mode = mode
    if (mode === 'reset') this.#breakAll()
    if (mode === 'black-hole') return
    for (const pair of this.#brokenUnseen) this.#break(pair)
    for (const { directions } of this.#pairs) for (const direction of directions) direction.pump()
    for (const near of this.#waiting) this.#dial(near)
    this.#waiting.clear()
  }

  setRoundTrip(ms: number): void {
    this.#roundTripMs = ms
  }

  async close(): Promise<void> {
    this.#breakAll()
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
    })
  }

  /** The far end hears of a connection one round trip after it was asked for, as if the handshake had travelled. */
  #accept(near: Socket): void {
    near.on('error', () => near.destroy())
    if (this.#mode === 'reset') near.resetAndDestroy()
    else
      setTimeout(() => (this.#mode === 'black-hole' ? this.#wait(near) : this.#dial(near)), this.#roundTripMs).unref()
  }

  #wait(near: Socket): void {
    this.#waiting.add(near)
    near.once('close', () => this.#waiting.delete(near))
  }

  #dial(near: Socket): void {
    if (near.destroyed) return
    if (this.#mode === 'reset') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ ...this.#options.target, allowHalfOpen: true, noDelay: true })
    const state = () => ({ delayMs: this.#roundTripMs / 2, held: this.#mode !== 'open' })
    const onBytes = (count: number) => {
      this.carriedBytes += count
    }
    const pair = {
      near,
      far,
      directions: [new Direction(near, far, state, onBytes), new Direction(far, near, state, onBytes)],
    }
    this.#pairs.add(pair)
    far.on('error', () => far.destroy())
    for (const socket of [near, far]) socket.once('close', (broken: boolean) => this.#closed(pair, broken))
    near.resume()
  }

  /** A side that broke, or ended both ways, takes the other with it; what is still under way is only waited for after an orderly end. */
  #closed(pair: Pair, broken: boolean): void {
    const bothGone = pair.near.destroyed && pair.far.destroyed
    if (bothGone || (broken && this.#mode !== 'black-hole')) this.#break(pair)
    else if (broken) this.#brokenUnseen.add(pair)
  }

  #break(pair: Pair): void {
    this.#pairs.delete(pair)
    this.#brokenUnseen.delete(pair)
    for (const direction of pair.directions) direction.stop()
    for (const socket of [pair.near, pair.far]) if (!socket.destroyed) socket.resetAndDestroy()
  }

  #breakAll(): void {
    for (const pair of this.#pairs) this.#break(pair)
    for (const near of this.#waiting) near.resetAndDestroy()
    this.#waiting.clear()
  }
}
