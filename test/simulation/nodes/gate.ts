/** A process that is stopped for a while and goes on later (SIGSTOP, a virtual machine that is moved): it sees nothing, and does not know. */
import type { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import type { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { Quorum, QuorumStream } from '../../../src/ports/quorum.ts'

/** What has waited is seen within this time, in any order. */
const backlogMs = 40

export class Gate {
  readonly #scheduler: Scheduler
  readonly #random: SeededRandom
  #waiting: (() => void)[] | undefined
  #isEnded = false

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.#scheduler = scheduler
    this.#random = random
  }

  get isOpen(): boolean {
    return this.#waiting === undefined
  }

  close(): void {
    this.#waiting ??= []
  }

  /** Its process has died: nothing of it goes on. */
  end(): void {
    this.#isEnded = true
    this.#waiting = []
  }

  open(): void {
    if (this.#isEnded) return
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const work of waiting) this.#scheduler.after(backlogMs * this.#random.fraction(), work)
  }

  pass(work: () => void): void {
    if (this.#isEnded) return
    if (this.#waiting === undefined) work()
    else this.#waiting.push(() => this.pass(work))
  }

  through(): Promise<void> {
    return new Promise((resolve) => this.pass(resolve))
  }
}

/** Time goes on; timers of the process run late. */
export function gatedClock(clock: Clock, gate: Gate): Clock {
  const after = (ms: number, work: () => void): (() => void) => {
    let isWanted = true
    const cancel = clock.after(ms, () => gate.pass(() => (isWanted ? work() : undefined)))
    return () => {
      isWanted = false
      cancel()
    }
  }
  return {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    after,
    sleep: (ms) => new Promise((resolve) => void after(ms, resolve)),
  }
}

/** `hears` resolves when the next entry may come: what is placed may be told late, while appends are answered. */
export function gatedQuorum(quorum: Quorum, gate: Gate, hears: () => Promise<void>): Quorum {
  const gated = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work
    } finally {
      await gate.through()
    }
  }
  return {
    open: async (group, members) => gatedStream(await gated(quorum.open(group, members)), gate, hears),
    remove: (group) => gated(quorum.remove(group)),
  }
}

function gatedStream(stream: QuorumStream, gate: Gate, hears: () => Promise<void>): QuorumStream {
  return {
    append: async (id, bytes) => {
      const placed = stream.append(id, bytes)
      placed.catch(() => undefined)
      await placed.catch(() => undefined)
      await gate.through()
      return await placed
    },
    follow: (after, take, events) =>
      stream.follow(
        after,
        async (entry) => {
          await hears()
          await gate.through()
          await take(entry)
        },
        events,
      ),
    trim: (upTo) => stream.trim(upTo),
    state: () => stream.state(),
    sight: () => stream.sight(),
  }
}
