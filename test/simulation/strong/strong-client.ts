/** A client of one region: asks for registers and counters of a strongly consistent table, one request after the other. */
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { Outcome } from '../../linearizability/history.ts'
import { type Habits, type Request, Workload } from '../../linearizability/workload.ts'
import { ask } from './ask.ts'
import type { StrongRegion } from './strong-region.ts'
import type { StrongWorld } from './strong-world.ts'

export type StrongHabits = Habits & { readonly thinkMs: number }

export class StrongClient {
  readonly #world: StrongWorld
  readonly #region: StrongRegion
  readonly #name: string
  readonly #thinkMs: number
  readonly #random: SeededRandom
  readonly #workload: Workload

  constructor(world: StrongWorld, region: StrongRegion, { name, habits }: { name: string; habits: StrongHabits }) {
    this.#world = world
    this.#region = region
    this.#name = name
    this.#thinkMs = habits.thinkMs
    this.#random = world.random.fork()
    this.#workload = new Workload(name, world.random.fork(), habits)
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#thinkMs * 2 * this.#random.fraction())
      await this.request(this.#workload.next())
    }
  }

  /** Only reads what its region has. */
  async look(untilMs: number): Promise<void> {
    const { scheduler } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#thinkMs * 2 * this.#random.fraction())
      await this.request({ key: this.#workload.next().key, action: { op: 'read' }, isEventual: true })
    }
  }

  /** Writes, and reads what it has written. */
  async last(): Promise<Outcome | undefined> {
    const [key, isEventual] = ['r1', false]
    const written = await this.request({ key, action: { op: 'write', to: this.#workload.newValue() }, isEventual })
    return written === 'ok' ? await this.request({ key, action: { op: 'read' }, isEventual }) : written
  }

  async request({ key, action, isEventual }: Request): Promise<Outcome | undefined> {
    const serving = this.#region.serving()
    if (serving === undefined) return undefined
    const end = this.#world.recorder.begin(this.#name, key, action, isEventual)
    const begunMs = this.#world.scheduler.nowMs
    const told = await Promise.race([ask(serving.member, { key, action, isEventual }), serving.ended])
    // Its region has died: no answer comes.
    if (told === undefined) return undefined
    const operation = end(told)
    if (told.value !== undefined) this.#workload.saw(key, told.value)
    this.#world.answered(this.#region, operation, begunMs)
    return told.outcome
  }
}
