/** A new replica is CREATING for as long as the region's timing says, from when it began here, also when everything is here before. */
import type { TableId } from '../../../core/table/table.ts'
import { type Timing, waitRestMs } from '../../../core/table/waits.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'

export class CreationWait {
  /** By the monotonic clock; undefined until everything is here. */
  #untilMs: number | undefined

  /** Nothing is to be done until then. */
  holds(clock: Clock): boolean {
    return this.#untilMs !== undefined && clock.monotonicMs() < this.#untilMs
  }

  isOver(id: TableId, { engine, clock, timing }: CreationWaitDeps): boolean {
    const table = engine.tableWithId(id)
    const beganMs = table?.underWay?.beganMs
    if (timing === undefined || table === undefined || beganMs === undefined) return true
    const wait = engine.size(table).items > 0 ? 'replica creation with items' : 'replica creation'
    this.#untilMs ??= clock.monotonicMs() + waitRestMs({ wait, beganMs }, timing, clock.wallMs())
    return clock.monotonicMs() >= this.#untilMs
  }
}

type CreationWaitDeps = {
  readonly engine: Pick<Engine, 'tableWithId' | 'size'>
  readonly clock: Clock
  readonly timing: Timing | undefined
}
