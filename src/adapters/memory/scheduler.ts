/**
 * Virtual time. Whatever waits is an event in one heap; the earliest runs next, chance decides between equals, and
 * between two events all promises that can go on do so. Nothing else moves time, so a run of an hour takes as
 * long as its events do, and the same seed repeats it exactly.
 */
import type { SeededRandom } from './seeded-random.ts'

type Event = { readonly atMs: number; readonly tie: number; work: (() => void) | undefined }

/** Promises are drained between immediates, so several events share one turn of libuv's loop. */
const eventsPerTurn = 64
/** A run that needs more goes round in circles. */
const eventsMax = 2_000_000

export class Scheduler {
  eventCount = 0
  #nowMs: number
  readonly #random: SeededRandom
  readonly #heap: Event[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(random: SeededRandom, nowMs = 0) {
    this.#random = random
    this.#nowMs = nowMs
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** When the earliest event is due; Infinity while nothing waits. */
  get nextAtMs(): number {
    while (this.#heap.length > 0 && this.#heap[0]?.work === undefined) this.#pop()
    return this.#heap[0]?.atMs ?? Infinity
  }

  monotonicMs(): number {
    return this.nowMs
  }

  after(ms: number, work: () => void): () => void {
    const event: Event = { atMs: this.nowMs + Math.max(0, ms), tie: this.#random.uint32(), work }
    this.#push(event)
    return () => {
      event.work = undefined
    }
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve)
    })
  }

  /** The first failure of an event, for a program that runs the events itself. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure
  }

  /** Time passes without an event, and never backwards. */
  moveTo(ms: number): void {
    this.#nowMs = Math.max(this.#nowMs, ms)
  }

  /** Makes `run` reject: for what goes wrong where no caller can catch it. */
  fail(error: unknown): void {
    this.#failure ??= { error }
  }

  /** Runs events until `done` settles; rejects with the first failure. */
  run(done: Promise<unknown>): Promise<void> {
    return new Promise((resolve, reject) => {
      let finished = false
      const finish = (settle: () => void): void => {
        if (!finished) settle()
        finished = true
      }
      done.then(
        () => finish(resolve),
        (error: unknown) => finish(() => reject(error)),
      )
      const step = (): void => {
        if (finished) return
        if (this.#failure === undefined && !this.runNext()) this.fail(new Error('nothing is left to happen'))
        if (this.eventCount > eventsMax) this.fail(new Error(`more than ${eventsMax} events`))
        if (this.#failure !== undefined) finish(() => reject(this.#failure?.error))
      }
      const turn = (): void => {
        for (let n = 0; n < eventsPerTurn; n++) setImmediate(step)
        setImmediate(() => {
          if (!finished) turn()
        })
      }
      turn()
    })
  }

  /** Runs the earliest event that is due by `untilMs`. False when there is none. */
  runNext(untilMs = Infinity): boolean {
    if (this.nextAtMs > untilMs) return false
    const event = this.#pop()
    if (event?.work === undefined) return false
    this.moveTo(event.atMs)
    this.eventCount++
    try {
      event.work()
    } catch (error) {
      this.fail(error)
    }
    return true
  }

  #push(event: Event): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Event
      if (!isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  #pop(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!isBefore(heap[child] as Event, last)) break
      heap[at] = heap[child] as Event
      at = child
    }
    heap[at] = last
    return first
  }
}

const isBefore = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.tie < b.tie)
