/**
 * What rows and index rows were before they changed, for reads of a moment ago (docs/coding/faults.md). Nothing is kept until somebody asks for it, and then for a
 * time, in memory and within bounds: a change whose former rows had to go makes that moment the oldest that can be read.
 */
import { formerBytesMax, formerRowsMax } from '../../core/limits/fault-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Edit, Entry, Range, Store } from '../../ports/store.ts'
import { isFormerKind } from './keys.ts'

type Rows = Pick<Store, 'get' | 'entries'>
/** A row until then. */
type Former = { readonly untilMs: number; readonly value: Buffer | undefined }
type Kept = { readonly name: string; readonly untilMs: number; readonly bytes: number }
/** By key, as latin1 text, whose order is that of the bytes. */
type Before = readonly (readonly [name: string, value: Buffer | undefined])[]

export class FormerRows {
  readonly #store: Rows
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #rows = new Map<string, Former[]>()
  #kept: Kept[] = []
  #bytes = 0
  #untilMs = -Infinity
  #ageMs = 0
  /** Nothing before it can be read. */
  #oldestMs = -Infinity

  constructor(store: Rows, clock: Pick<Clock, 'monotonicMs'>) {
    this.#store = store
    this.#clock = clock
  }

  /** Keeps from now on what rows were, so long back, for so long. */
  keep(ageMs: number, forMs: number): void {
    const nowMs = this.#clock.monotonicMs()
    if (!this.#isKeeping(nowMs)) {
      this.#forgetAll()
      this.#oldestMs = nowMs
      this.#ageMs = 0
    }
    this.#ageMs = Math.max(this.#ageMs, ageMs)
    this.#untilMs = Math.max(this.#untilMs, nowMs + forMs)
  }

  /** What the batch will replace; undefined while nothing is kept. */
  before(batch: readonly Edit[]): Before | undefined {
    if (this.#untilMs === -Infinity) return undefined
    if (!this.#isKeeping(this.#clock.monotonicMs())) {
      this.#forgetAll()
      this.#untilMs = -Infinity
      return undefined
    }
    return batch
      .filter(({ key }) => isFormerKind(key))
      .map(({ key }) => [Buffer.from(key).toString('latin1'), this.#store.get(key)] as const)
  }

  /** The batch is durable: that was so until now. */
  add(before: Before): void {
    const nowMs = this.#clock.monotonicMs()
    for (const [name, value] of before) {
      const former = this.#rows.get(name) ?? []
      former.push({ untilMs: nowMs, value })
      this.#rows.set(name, former)
      const bytes = 2 * name.length + (value?.length ?? 0)
      this.#kept.push({ name, untilMs: nowMs, bytes })
      this.#bytes += bytes
    }
    this.#trim(nowMs)
  }

  /** The rows of so long ago, or of the oldest moment that is kept. */
  at(ageMs: number): Rows {
    const atMs = Math.max(this.#clock.monotonicMs() - ageMs, this.#oldestMs)
    return {
      get: (key) => {
        const former = this.#formerOf(Buffer.from(key).toString('latin1'), atMs)
        return former === undefined ? this.#store.get(key) : former.value
      },
      entries: (range) => this.#entries(range, atMs),
    }
  }

  #isKeeping(nowMs: number): boolean {
    return nowMs < this.#untilMs
  }

  #formerOf(name: string, atMs: number): Former | undefined {
    return this.#rows.get(name)?.find(({ untilMs }) => untilMs > atMs)
  }

  *#entries({ limit = Infinity, ...range }: Range, atMs: number): Generator<Entry> {
    const former = this.#formerIn(range, atMs)
    const isBefore = range.reverse === true ? (a: string, b: string) => a > b : (a: string, b: string) => a < b
    let next = 0
    let left = limit
    const emit = function* (entry: { readonly name: string; readonly value: Buffer | undefined }): Generator<Entry> {
      if (entry.value === undefined || left <= 0) return
      left--
      yield { key: Buffer.from(entry.name, 'latin1'), value: entry.value }
    }
    for (const { key, value } of this.#store.entries(range)) {
      if (left <= 0) return
      const name = key.toString('latin1')
      for (let one = former[next]; one !== undefined && isBefore(one.name, name); one = former[++next]) yield* emit(one)
      const same = former[next]?.name === name ? former[next++] : undefined
      yield* emit(same ?? { name, value })
    }
    for (const one of former.slice(next)) yield* emit(one)
  }

  /** In the order in which the range is read. */
  #formerIn({ from, to, reverse }: Range, atMs: number): readonly { name: string; value: Buffer | undefined }[] {
    const [first, end] = [from, to].map((key) => Buffer.from(key).toString('latin1')) as [string, string]
    const names = [...this.#rows.keys()].filter((name) => name >= first && name < end)
    names.sort()
    if (reverse === true) names.reverse()
    return names.flatMap((name) => {
      const former = this.#formerOf(name, atMs)
      return former === undefined ? [] : [{ name, value: former.value }]
    })
  }

  /** Lets go of what is older than anybody asks for, or too much. */
  #trim(nowMs: number): void {
    let gone = 0
    for (const { name, untilMs, bytes } of this.#kept) {
      const isTooMuch = this.#kept.length - gone > formerRowsMax || this.#bytes > formerBytesMax
      // Of one batch all go.
      const isSameMoment = gone > 0 && untilMs === this.#oldestMs
      if (untilMs > nowMs - this.#ageMs && !isTooMuch && !isSameMoment) break
      gone++
      this.#bytes -= bytes
      this.#oldestMs = Math.max(this.#oldestMs, untilMs)
      const former = this.#rows.get(name)
      former?.shift()
      if (former?.length === 0) this.#rows.delete(name)
    }
    if (gone > 0) this.#kept = this.#kept.slice(gone)
  }

  #forgetAll(): void {
    this.#rows.clear()
    this.#kept = []
    this.#bytes = 0
  }
}
