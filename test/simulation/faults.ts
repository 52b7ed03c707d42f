/**
 * What goes wrong, and for how long. Each run draws its own mixture of kinds and its own pace: with everything at
 * once all the time, nothing interesting would ever be reached.
 */
import type { Link } from '../../src/adapters/memory-bus.ts'
import { StoreFailed, StoreFull } from '../../src/ports/store.ts'
import { differenceOfTables } from './checks.ts'
import { otherVersion } from './corruption.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import type { World } from './world.ts'

type Kind = (typeof allKinds)[number]

export type FaultPlan = {
  readonly kinds: readonly Kind[]
  /** Mean time between two faults. */
  readonly everyMs: number
  /** Longest duration of one. */
  readonly lastMs: number
  readonly clockErrorMs: number
}

const allKinds = [
  'crash',
  'crash server',
  'wipe stream',
  'lose tail',
  'trim stream',
  'cut one way',
  'cut link',
  'isolate',
  'cut all',
  'flap',
  'stall link',
  'unruly link',
  'other version',
  'garbage',
  'poison',
  'step clock',
  'drift clock',
  'disk full',
  'disk nearly full',
  'slow disk',
  'wipe disk',
  'poison stream',
  'pause link',
  'pause table',
] as const

export function drawFaultPlan(random: SeededRandom, loadMs: number): FaultPlan {
  const share = random.pick([0, 0.2, 0.5, 1])
  return {
    kinds: allKinds.filter(() => random.chance(share)),
    everyMs: loadMs / random.pick([4, 12, 30]),
    lastMs: random.pick([300, 2000, 8000, 20_000]),
    clockErrorMs: random.pick([50, 800, 5000]),
  }
}

type Pair = readonly [SimulatedRegion, SimulatedRegion]

export class Faults {
  readonly #world: World
  readonly #plan: FaultPlan
  readonly #random: SeededRandom
  #healed = false

  constructor(world: World, plan: FaultPlan) {
    this.#world = world
    this.#plan = plan
    this.#random = world.random.fork()
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (this.#plan.kinds.length > 0) {
      await scheduler.sleep(this.#plan.everyMs * 2 * this.#random.fraction())
      if (scheduler.nowMs >= untilMs) return
      const kind = this.#random.pick(this.#plan.kinds)
      this.#commit(kind).catch((error: unknown) => scheduler.fail(error))
    }
  }

  /** Everything is mended, and every region runs. */
  async heal(): Promise<void> {
    this.#healed = true
    const { network, regions, story } = this.#world
    story.tell('world', 'heal')
    network.mend()
    this.#world.unreadable.clear()
    for (const region of regions) {
      network.server(region.name).start()
      Object.assign(region, { fullChance: 0, flushMs: 1 })
      region.clock.correct()
    }
    await Promise.all(regions.filter((region) => !region.running).map((region) => region.start()))
  }

  async #commit(kind: Kind): Promise<void> {
    const { network, story, regions } = this.#world
    const random = this.#random
    const region = random.pick(regions)
    const pairs = this.#world.pairs()
    const [a, b] = pairs.length === 0 ? [region, region] : random.pick(pairs)
    const durationMs = random.between(0, this.#plan.lastMs)
    const how = random.pick(['black-hole', 'reset'] as const)
    const server = network.server(region.name)
    story.tell('world', kind, { region: region.name, durationMs })
    switch (kind) {
      case 'crash':
        return this.#crash(region, durationMs)
      case 'crash server':
        server.stop()
        return this.#during(durationMs, () => server.start())
      case 'wipe stream':
        return server.wipe()
      case 'lose tail':
        return server.loseTail(random.between(1, 8))
      case 'trim stream':
        return server.trim(random.between(0, 3))
      case 'cut one way':
        network.cut(a.name, b.name, how)
        return this.#during(durationMs, () => network.heal(a.name, b.name))
      case 'cut link':
        return this.#cut([[a, b]], durationMs, how)
      case 'isolate':
        return this.#cut(
          regions.filter((other) => other !== region).map((other) => [region, other] as const),
          durationMs,
          how,
        )
      case 'cut all':
        return this.#cut(pairs, durationMs, how)
      case 'flap':
        for (let times = random.between(2, 6); times > 0 && !this.#healed; times--) {
          await this.#cut([[a, b]], durationMs / 6, how)
          await this.#world.scheduler.sleep(random.between(0, 500))
        }
        return
      case 'stall link':
        return this.#disturb([a, b], durationMs, { stallChance: 0.05, stallMs: random.pick([300, 1500]) })
      case 'unruly link':
        return this.#disturb([a, b], durationMs, {
          loseChance: random.pick([0, 0.05, 0.3]),
          duplicateChance: random.pick([0, 0.05, 0.3]),
          reorderChance: random.pick([0, 0.05, 0.3]),
        })
      case 'other version':
        return this.#speakOtherwise(a, b, durationMs)
      case 'garbage':
      case 'poison':
        if (pairs.some(([from, to]) => network.link(from.name, to.name).alter !== undefined)) return
        return this.#disturb([a, b], durationMs, { alter: this.#world.poison.alter(kind) })
      case 'step clock':
        return region.clock.step(random.between(-this.#plan.clockErrorMs, this.#plan.clockErrorMs))
      case 'drift clock':
        return region.clock.drift(random.between(-20_000, 20_000))
      case 'disk full':
      case 'disk nearly full':
        region.fullChance = kind === 'disk full' ? 1 : 0.5
        return this.#during(durationMs, () => {
          region.fullChance = 0
        })
      case 'slow disk':
        region.flushMs = random.between(5, 400)
        return this.#during(durationMs, () => {
          region.flushMs = 1
        })
      case 'wipe disk':
        return this.#wipe(region, durationMs)
      case 'poison stream':
        return server.inject(this.#poison(server.payloads()))
      case 'pause link':
        return this.#pause(region, { link: [a.name, b.name] }, durationMs)
      case 'pause table': {
        const table = random.pick([...this.#world.replicas.keys(), ''])
        return this.#pause(region, { table }, durationMs)
      }
    }
  }

  async #crash(region: SimulatedRegion, durationMs: number): Promise<void> {
    region.crash(this.#random.between(0, region.writesUnderWay))
    await this.#world.scheduler.sleep(durationMs)
    if (!region.running && !this.#healed) await region.start()
  }

  /** One at a time, and only when all replicas are complete: what nobody else has by then is rightly lost. */
  async #wipe(region: SimulatedRegion, durationMs: number): Promise<void> {
    const world = this.#world
    if (world.chores > 0 || world.regions.some(({ engine }) => engine === undefined)) return
    if (differenceOfTables(world) !== undefined) return
    world.story.tell('world', 'the disk is gone', { region: region.name })
    world.wipes++
    region.wipeDisk()
    await world.scheduler.sleep(durationMs)
    if (!region.running && !this.#healed) await region.start()
  }

  #poison(payloads: readonly Buffer[]): Buffer {
    const random = this.#random
    const message = Buffer.from(payloads.length === 0 ? random.bytes(40) : random.pick(payloads))
    const kind = random.pick(['noise', 'cut short', 'again', 'other version'] as const)
    if (kind === 'noise') return random.bytes(random.between(0, 60))
    if (kind === 'cut short') return message.subarray(0, random.between(0, message.length - 1))
    if (kind === 'other version') message[4] = 99
    return message
  }

  async #pause(
    region: SimulatedRegion,
    paused: { readonly table: string } | { readonly link: readonly [string, string] },
    forMs: number,
  ): Promise<void> {
    const pausing = region.replication?.pauses.pause(paused, forMs)
    await Promise.race([pausing, region.ended]).catch((error: unknown) => {
      if (!(error instanceof StoreFull) && !(error instanceof StoreFailed)) throw error
    })
  }

  async #cut(
    pairs: readonly (readonly [SimulatedRegion, SimulatedRegion])[],
    durationMs: number,
    how: 'black-hole' | 'reset',
  ): Promise<void> {
    const { network } = this.#world
    const directions = pairs.flatMap(([a, b]) => [[a.name, b.name] as const, [b.name, a.name] as const])
    for (const [from, to] of directions) network.cut(from, to, how)
    await this.#during(durationMs, () => {
      for (const [from, to] of directions) network.heal(from, to)
    })
  }

  /** The one direction, as a rule: what the two say to each other goes both ways. */
  async #disturb([a, b]: Pair, durationMs: number, how: Partial<Link>): Promise<void> {
    const { network } = this.#world
    const links = [network.link(a.name, b.name), ...(this.#random.chance(0.5) ? [network.link(b.name, a.name)] : [])]
    const before = Object.fromEntries(Object.keys(how).map((name) => [name, links[0]?.[name as keyof Link]]))
    for (const link of links) Object.assign(link, how)
    await this.#during(durationMs, () => links.forEach((link) => Object.assign(link, before)))
  }

  /** All that `a` says to `b` is of another version, as if it had been upgraded alone; then it is set back. */
  async #speakOtherwise(a: SimulatedRegion, b: SimulatedRegion, durationMs: number): Promise<void> {
    const { network, unreadable, scheduler } = this.#world
    const name = `${a.name}>${b.name}`
    const link = network.link(a.name, b.name)
    if (link.alter !== undefined) return
    link.alter = otherVersion
    unreadable.set(name, { epoch: a.watch.epoch, flushed: a.watch.position, sinceMs: scheduler.nowMs })
    await this.#during(durationMs, () => {
      link.alter = undefined
      unreadable.delete(name)
    })
  }

  async #during(durationMs: number, undo: () => void): Promise<void> {
    await this.#world.scheduler.sleep(durationMs)
    if (!this.#healed) undo()
  }
}
