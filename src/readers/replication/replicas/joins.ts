/**
 * The joins of this region. Each goes on by itself, step by step, so a table whose source is slow or away holds up no other; a
 * bounded number of steps is under way at once.
 */
import { joinsUnderWayMax } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import { Gate } from '../flow/gate.ts'
import { Join, type JoinOptions, type JoinStep } from './join.ts'
import { Loop } from '../flow/loop.ts'

const retryMs = 250

type Running = {
  readonly join: Join
  readonly loop: Loop
  readonly ended: Promise<void>
  /** A step is under way: it may still note something of the table. */
  inStep: boolean
}

export class Joins {
  readonly #options: JoinOptions
  readonly #onEnded: (id: TableId) => void
  readonly #gate = new Gate(joinsUnderWayMax)
  readonly #running = new Map<TableId, Running>()

  /** `onEnded` is called when a table has no join any more, and what its registers ask for is to be looked at again. */
  constructor(options: JoinOptions, onEnded: (id: TableId) => void) {
    this.#options = options
    this.#onEnded = onEnded
  }

  begin(id: TableId): void {
    if (this.#running.has(id)) return
    const loop = new Loop(this.#options.env.clock)
    const running: Running = {
      join: new Join(this.#options, id),
      loop,
      ended: Promise.resolve().then(() => this.#run(running)),
      inStep: false,
    }
    this.#running.set(id, running)
  }

  /** The replica is not wanted any more. A step that is under way comes to its end. */
  drop(id: TableId): void {
    this.#running.get(id)?.loop.stop()
  }

  /** Whether no step of the table's join is under way, after which the table may be looked at. */
  mayChange(id: TableId): boolean {
    return this.#running.get(id)?.inStep !== true
  }

  /** Some table is about to be begun. One whose definition went with the last disk that had it never will be. */
  get areBeginning(): boolean {
    return [...this.#running.values()].some(({ join }) => !join.begun && join.isDefined)
  }

  async stop(): Promise<void> {
    const running = [...this.#running.values()]
    for (const { loop } of running) loop.stop()
    await Promise.all(running.map(({ ended }) => ended))
  }

  async #run(running: Running): Promise<void> {
    const { join, loop } = running
    while (!loop.stopped) {
      const step = await this.#gate.pass(1, () => this.#step(running))
      if (step === 'done' || step === 'failed') break
      if (step === 'wait') await loop.wait(retryMs)
    }
    join.end()
    this.#running.delete(join.table)
    this.#onEnded(join.table)
  }

  async #step(running: Running): Promise<JoinStep> {
    const { join, loop } = running
    if (loop.stopped) return 'failed'
    running.inStep = true
    try {
      return await join.step()
    } catch (error) {
      this.#options.retries.note('join', error, 'join waits', { table: join.table })
      return 'wait'
    } finally {
      running.inStep = false
    }
  }
}
