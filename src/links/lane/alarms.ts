/**
 * Wakes at a moment to within about a tenth of a millisecond, which timers do not: they come a millisecond late or more. The
 * last stretch is slept in small slices between looks at what else has come in, so that it costs hardly any processor time,
 * and none at all when nothing is to come. One for all links of a process.
 */

type Entry = { readonly atMs: number; readonly order: number; act: (() => void) | undefined }
export type Alarm = { readonly atMs: number; cancel(): void }

/** Timers are for what is further away than this, and so much too early. */
const coarseMs = 1.5
const sliceMs = 0.1
/** So little time cannot be told from none. */
const nearMs = 0.03
const timerMsMax = 2 ** 31 - 1

export class Alarms {
  readonly #heap: Entry[] = []
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(4))
  #order = 0
  #orderSeen = 0
  #timer: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined
  #armedForMs = Infinity

  set(atMs: number, act: () => void): Alarm {
    const entry: Entry = { atMs, order: this.#order++, act }
    this.#push(entry)
    if (atMs < this.#armedForMs) this.#arm()
    return {
      atMs,
      cancel: () => {
        entry.act = undefined
      },
    }
  }

  /** Forgets everything. */
  clear(): void {
    this.#heap.length = 0
    this.#disarm()
  }

  readonly #run = (): void => {
    this.#disarm()
    for (let nowMs = performance.now(); (this.#heap[0]?.atMs ?? Infinity) <= nowMs + nearMs;) this.#pop()?.act?.()
    this.#arm()
  }

  #arm(): void {
    this.#dropCancelled()
    const first = this.#heap[0]
    if (first === undefined || first.atMs === this.#armedForMs) return
    this.#disarm()
    this.#armedForMs = first.atMs
    const waitMs = first.atMs - performance.now()
    if (waitMs > coarseMs + 1) this.#timer = setTimeout(this.#run, Math.min(Math.floor(waitMs - coarseMs), timerMsMax))
    else this.#immediate = setImmediate(this.#approach)
  }

  readonly #approach = (): void => {
    const waitMs = this.#armedForMs - performance.now()
    if (waitMs <= nearMs) {
      this.#run()
      return
    }
    // Somebody is talking: more may have come in already.
    const quiet = this.#order === this.#orderSeen
    this.#orderSeen = this.#order
    if (quiet) Atomics.wait(this.#sleeper, 0, 0, Math.min(waitMs, sliceMs))
    this.#immediate = setImmediate(this.#approach)
  }

  #disarm(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#immediate)
    this.#timer = undefined
    this.#immediate = undefined
    this.#armedForMs = Infinity
  }

  #dropCancelled(): void {
    while (this.#heap[0] !== undefined && this.#heap[0].act === undefined) this.#pop()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    for (let up = (at - 1) >> 1; at > 0 && before(entry, heap[up]); up = (at - 1) >> 1) {
      heap[at] = heap[up] as Entry
      at = up
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || last === first) return first
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      const [left, right] = [heap[down], heap[down + 1]]
      if (left === undefined) break
      if (right !== undefined && before(right, left)) down += 1
      const child = heap[down] as Entry
      if (!before(child, last)) break
      heap[at] = child
      at = down
    }
    heap[at] = last
    return first
  }
}

function before(a: Entry, b: Entry | undefined): boolean {
  return b !== undefined && (a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order))
}
