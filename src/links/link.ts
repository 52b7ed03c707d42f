/** A single link with the same shape in both directions, for tests and benches that open their own. */
import type { LinkState, Shape } from './lane/link-shape.ts'
import { plainShape } from './lane/link-shape.ts'
import { Links } from './links.ts'
import type { Address } from './link-port.ts'

export type LinkOptions = {
  readonly host?: string
  /** 0 takes a free one. */
  readonly port: number
  readonly target: Address
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
  /** Anything else: jitter, bandwidth, stalls. */
  setShape(shape: Partial<Shape>): void
  close(): Promise<void>
}

const stateOf: Readonly<Record<LinkMode, LinkState>> = { open: 'up', 'black-hole': 'down', reset: 'reset' }

/** Rejects when the port cannot be had. */
export async function openLink({ host = '127.0.0.1', port, target, roundTripMs }: LinkOptions): Promise<Link> {
  const shape = { ...plainShape, roundTripMs }
  const links = await Links.open([{ from: 'near', to: 'far', listen: { host, port }, target, shape }])
  return new BothWays(links, shape)
}

class BothWays implements Link {
  readonly #links: Links
  #shape: Shape
  #mode: LinkMode = 'open'

  constructor(links: Links, shape: Shape) {
    this.#links = links
    this.#shape = shape
  }

  get port(): number {
    return this.#links.ports[0]?.address.port ?? 0
  }

  get carriedBytes(): number {
    return this.#links.list().reduce((sum, { carriedBytes }) => sum + carriedBytes, 0)
  }

  get mode(): LinkMode {
    return this.#mode
  }

  setMode(mode: LinkMode): void {
    this.#mode = mode
    this.setShape({ state: stateOf[mode] })
  }

  setRoundTrip(ms: number): void {
    this.setShape({ roundTripMs: ms })
  }

  setShape(shape: Partial<Shape>): void {
    this.#shape = { ...this.#shape, ...shape }
    for (const [from, to] of [
      ['near', 'far'],
      ['far', 'near'],
    ] as const)
      this.#links.laneOf(from, to)?.configure(this.#shape)
  }

  async close(): Promise<void> {
    await this.#links.close()
  }
}
