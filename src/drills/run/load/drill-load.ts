/** All clients of a drill, and what they have recorded. */
import { drillOperationsMax } from '../../../core/limits/limits.ts'
import type { Load as LoadPlan } from '../../definition/definition.ts'
import type { Operation } from '../../definition/drill-record.ts'
import { Client } from './client.ts'
import { seeded } from './seeded.ts'
import type { TargetRegion } from '../targets/target.ts'
import type { Wire } from './wire.ts'

export type LoadOptions = {
  readonly plan: LoadPlan
  /** Where clients live. */
  readonly homes: readonly string[]
  /** The region to fail over to; undefined: the nearest ones, in their order. */
  readonly failover: string | undefined
  readonly regions: readonly TargetRegion[]
  readonly table: string
  readonly wire: Wire
  readonly seed: number
  readonly roundTripMs: (from: string, to: string) => number
  readonly operationsMax?: number
}

export class Load {
  readonly operations: Operation[] = []
  readonly #operationsMax: number
  readonly #clients: readonly Client[]
  readonly #regions: readonly TargetRegion[]

  constructor(options: LoadOptions) {
    this.#regions = options.regions
    this.#operationsMax = options.operationsMax ?? drillOperationsMax
    this.#clients = options.homes.flatMap((home) => this.#clientsOf(home, options))
  }

  start(): void {
    for (const client of this.#clients) client.start()
  }

  /** Its clients have stopped, since no more can be recorded. */
  get isFull(): boolean {
    return this.operations.length >= this.#operationsMax
  }

  setPaused(homes: readonly string[], paused: boolean): void {
    if (this.isFull) return
    for (const client of this.#clients)
      if (client.kind === 'write' && homes.includes(client.home)) client.setPaused(paused)
  }

  move(home: string, to: string): void {
    const place = this.#regions.find(({ region }) => region === to)
    for (const client of this.#clients) if (client.home === home && place !== undefined) client.move(place)
  }

  async stop(): Promise<void> {
    await Promise.all(this.#clients.map(async (client) => await client.stop()))
  }

  /** What is under way when the record is full is recorded as well: an answered write must not be missing. */
  #record(operation: Operation): void {
    this.operations.push(operation)
    if (this.isFull) for (const client of this.#clients) client.setPaused(true)
  }

  #clientsOf(home: string, options: LoadOptions): readonly Client[] {
    const { plan, regions, failover, roundTripMs, seed } = options
    const place = regions.find(({ region }) => region === home)
    if (place === undefined) return []
    const others = regions
      .filter(({ region }) => region !== home && (failover === undefined || region === failover))
      .toSorted((a, b) => roundTripMs(home, a.region) - roundTripMs(home, b.region))
    const known: string[] = []
    const make = (kind: 'read' | 'write', number: number): Client => {
      const name = `${home}-${kind}er${number}`.replace('writeer', 'writer')
      return new Client({
        ...options,
        kind,
        name,
        home: place,
        others,
        load: plan,
        known,
        random: seeded(seed, name),
        record: (operation) => this.#record(operation),
      })
    }
    return [
      ...Array.from({ length: plan.writers }, (_, index) => make('write', index + 1)),
      ...Array.from({ length: plan.readers }, (_, index) => make('read', index + 1)),
    ]
  }
}
