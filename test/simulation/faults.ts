/** Commits the faults of a run, one after another at its pace, and heals them all in the end. The faults themselves are in faults/. */
import { allFaults } from './faults/all-faults.ts'
import type { Fault, Scene } from './faults/fault.ts'
import { type FaultPlan, pickFault } from './faults/plan.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { World } from './world.ts'

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
    while (this.#plan.faults.length > 0) {
      await scheduler.sleep(this.#plan.everyMs * 2 * this.#random.fraction())
      if (scheduler.nowMs >= untilMs) return
      const fault = pickFault(this.#random, this.#plan.faults)
      this.#commit(fault).catch((error: unknown) => scheduler.fail(error))
    }
  }

  /** Everything is mended, and every region runs. */
  async heal(): Promise<void> {
    this.#world.sightings.look()
    this.#healed = true
    const { regions, story } = this.#world
    story.tell('world', 'heal')
    for (const heal of new Set(allFaults.map((fault) => fault.heal))) heal?.(this.#world)
    await Promise.all(regions.filter((region) => !region.running).map((region) => region.start()))
  }

  async #commit(fault: Fault): Promise<void> {
    const scene = this.#scene(fault)
    this.#world.story.tell('world', fault.name, { region: scene.region.name, durationMs: scene.durationMs })
    this.#world.sightings.draw(fault.name)
    await fault.inject(scene)
  }

  #scene({ name }: Fault): Scene {
    const world = this.#world
    const random = this.#random
    const region = random.pick(world.regions)
    const pairs = world.pairs()
    const pair = pairs.length === 0 ? ([region, region] as const) : random.pick(pairs)
    const durationMs = random.between(0, this.#plan.lastMs)
    const how = random.pick(['black-hole', 'reset'] as const)
    const isHealed = (): boolean => this.#healed
    return {
      world,
      random,
      region,
      pair,
      durationMs,
      how,
      clockErrorMs: this.#plan.clockErrorMs,
      get healed() {
        return isHealed()
      },
      during: async (ms, undo) => {
        await world.scheduler.sleep(ms)
        if (!isHealed()) undo()
      },
      meet: () => world.sightings.meet(name),
      meetWhen: (holds) => world.sightings.meetWhen(name, holds),
    }
  }
}
