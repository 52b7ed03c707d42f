/**
 * The links of one process: doors that regions dial, and between every two regions a lane in each direction, which carries
 * the bytes that travel so whoever dialled. Faults are laid on lanes and healed here; the control (links-server.ts) and
 * tests speak to this.
 */
import { randomUUID } from 'node:crypto'
import { NotHere } from '../deployment/control/control-calls.ts'
import { Failure, messageOf } from '../process/failure.ts'
import { Alarms } from './lane/alarms.ts'
import { LinkPort } from './link-port.ts'
import type { Address } from './link-port.ts'
import type { Fault } from './lane/link-faults.ts'
import { Lane } from './lane/lane.ts'
import { changeText } from './quantities.ts'
import { selects } from './control/link-selection.ts'
import type { Pair } from './control/link-selection.ts'
import { oneWayMs } from './lane/link-shape.ts'
import type { Shape } from './lane/link-shape.ts'

/** A port from one region to another, and how the bytes travel from the one to the other. */
export type LinkPlan = {
  readonly from: string
  readonly to: string
  readonly listen: Address
  readonly target: Address
  readonly shape: Shape
}

export type FaultView = {
  readonly id: string
  readonly owner: string
  /** For people: "down", "rtt 120ms, jitter 10ms". */
  readonly what: string
  readonly change: Partial<Shape>
  /** ISO 8601. */
  readonly startedAt: string
  readonly endsAt: string | null
}

/** One direction: from and to say how the bytes travel. */
export type LinkView = Pair &
  Shape & {
    /** One way, without the jitter. */
    readonly delayMs: number
    readonly configured: Shape
    readonly faults: readonly FaultView[]
    readonly carriedBytes: number
    readonly connections: number
    /** Where `from` dials to reach `to`, and what is behind it, if that is in this process. */
    readonly port?: { readonly listen: Address; readonly target: Address }
  }

export type Wish = {
  /** As in link-selection.ts. */
  readonly links: readonly string[]
  readonly change: Partial<Shape>
  /** Whose faults these are; nobody's in particular when it is not said. */
  readonly owner?: string
  readonly forMs?: number
  /** For a client that speaks to several processes and wants to know the fault again. */
  readonly id?: string
}

const anyOwner = 'operator'

/** None of the links that are meant is in this process. */
class UnknownLink extends NotHere {}

export class Links {
  readonly #alarms = new Alarms()
  readonly #lanes = new Map<string, Lane>()
  readonly #ports: LinkPort[] = []
  readonly #onChange: (what: string, links: readonly string[]) => void

  /** Rejects with a Failure when a port cannot be had. */
  static async open(
    plans: readonly LinkPlan[],
    onChange: (what: string, links: readonly string[]) => void = () => {},
  ): Promise<Links> {
    const links = new Links(plans, onChange)
    try {
      await Promise.all(links.#ports.map(listen))
    } catch (error) {
      await links.close()
      throw error
    }
    return links
  }

  private constructor(plans: readonly LinkPlan[], onChange: (what: string, links: readonly string[]) => void) {
    this.#onChange = onChange
    for (const { from, to, shape } of plans) this.#lanes.set(`${from}>${to}`, this.#lane({ from, to }, shape))
    for (const { from, to, shape, listen: at, target } of plans) {
      const there = this.laneOf(from, to) ?? this.#lane({ from, to }, shape)
      // The way back is like the way there unless somebody has planned it.
      const back = this.laneOf(to, from) ?? this.#lane({ from: to, to: from }, shape)
      this.#lanes.set(`${to}>${from}`, back)
      this.#ports.push(new LinkPort({ listen: at, target, there, back, alarms: this.#alarms }))
    }
  }

  laneOf(from: string, to: string): Lane | undefined {
    return this.#lanes.get(`${from}>${to}`)
  }

  get ports(): readonly LinkPort[] {
    return this.#ports
  }

  list(): readonly LinkView[] {
    return [...this.#lanes.values()].map((lane) => this.#view(lane))
  }

  /** Lays a fault on each link that is meant and tells what they are now. Throws a Failure when none is, or one has too many. */
  set(wish: Wish): readonly LinkView[] {
    const lanes = this.#meant(wish.links)
    const fault = faultOf(wish)
    for (const lane of lanes) {
      // Up for good is no fault of its own: it ends those that cut the link, of anybody unless an owner is named.
      if (raises(wish)) lane.book.raise(wish.owner)
      if (Object.keys(fault.change).length > 0 && !lane.book.add(fault))
        throw new Failure(`${lane.from}>${lane.to} has as many faults as it can have; heal some`)
      lane.changed()
    }
    const time = wish.forMs === undefined ? '' : ` for ${wish.forMs} ms`
    this.#tell(`${changeText(wish.change)}${time} by ${fault.owner}`, lanes)
    return lanes.map((lane) => this.#view(lane))
  }

  /** Ends all faults, or those of an owner, on all links or on some. */
  heal({ owner, links }: { readonly owner?: string; readonly links?: readonly string[] } = {}): readonly LinkView[] {
    const lanes = links === undefined ? [...this.#lanes.values()] : this.#meant(links)
    for (const lane of lanes) {
      lane.book.heal(owner)
      lane.changed()
    }
    this.#tell(`healed${owner === undefined ? '' : ` of ${owner}`}`, lanes)
    return lanes.map((lane) => this.#view(lane))
  }

  async close(): Promise<void> {
    await Promise.all(this.#ports.map(async (port) => await port.close()))
    for (const lane of this.#lanes.values()) lane.close()
    this.#alarms.clear()
  }

  #lane(pair: Pair, configured: Shape): Lane {
    return new Lane({ ...pair, configured, alarms: this.#alarms })
  }

  #meant(texts: readonly string[]): readonly Lane[] {
    const all = [...this.#lanes.values()]
    // A process may carry a part of the links only: a client that asks several sees whether one of them had each.
    const meant = new Set(texts.flatMap((text) => all.filter(selectorOf(text))))
    if (meant.size === 0) throw new UnknownLink(`no link ${texts.join(', ')} here; there are ${namesOf(all)}`)
    return [...meant]
  }

  #tell(what: string, lanes: readonly Lane[]): void {
    this.#onChange(
      what,
      lanes.map(({ from, to }) => `${from}>${to}`),
    )
  }

  #view(lane: Lane): LinkView {
    const { from, to, book, carriedBytes } = lane
    const port = this.#ports.find(({ there }) => there === lane)
    const shape = book.current
    return {
      from,
      to,
      ...shape,
      delayMs: oneWayMs(shape),
      configured: book.configured,
      faults: book.faults.map(({ id, owner, change, startedMs, endsMs }) => ({
        id,
        owner,
        what: changeText(change),
        change,
        startedAt: new Date(startedMs).toISOString(),
        endsAt: endsMs === null ? null : new Date(endsMs).toISOString(),
      })),
      carriedBytes,
      connections: this.#ports
        .filter(({ there, back }) => there === lane || back === lane)
        .reduce((sum, { connections }) => sum + connections, 0),
      ...(port === undefined ? {} : { port: { listen: port.address, target: port.target } }),
    }
  }
}

const raises = ({ change, forMs }: Wish): boolean => change.state === 'up' && forMs === undefined

function faultOf(wish: Wish): Fault {
  const { change, owner = anyOwner, forMs, id = randomUUID().slice(0, 8) } = wish
  const { state: _, ...withoutState } = change
  const startedMs = Date.now()
  return {
    id,
    owner,
    change: raises(wish) ? withoutState : change,
    startedMs,
    endsMs: forMs === undefined ? null : startedMs + forMs,
  }
}

function selectorOf(text: string): (pair: Pair) => boolean {
  const selector = selects(text)
  if (selector !== undefined) return selector
  throw new Failure(`"${text}" is no link: us-east-1..eu-west-1 is wanted, or us-east-1>eu-west-1, us-east-1..*, *`)
}

async function listen(port: LinkPort): Promise<void> {
  try {
    await port.listen()
  } catch (error) {
    throw new Failure(`the link from ${port.there.from} to ${port.there.to} cannot be opened: ${messageOf(error)}`)
  }
}

function namesOf(lanes: readonly Lane[]): string {
  if (lanes.length === 0) return 'none, since one region alone has no links'
  const names = lanes.map(({ from, to }) => `${from}>${to}`)
  return names.length > 12 ? `${names.slice(0, 12).join(', ')} and ${names.length - 12} more` : names.join(', ')
}
