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
  nowMs = 0
  eventCount = 0
  readonly #random: SeededRandom
  readonly #heap: Event[] = []
  #failure: { readonly error: unknown } | undefined

  constructor(random: SeededRandom) {
    this.#random = random
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

  /** Makes `run` reject: for what is found wrong where nobody can catch it. */
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
        if (this.#failure === undefined && !this.#runNext()) this.fail(new Error('nothing is left to happen'))
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

  #runNext(): boolean {
    for (;;) {
      const event = this.#pop()
      if (event === undefined) return false
      if (event.work === undefined) continue
      this.nowMs = event.atMs
      this.eventCount++
      try {
        event.work()
      } catch (error) {
        this.fail(error)
      }
      return true
    }
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
