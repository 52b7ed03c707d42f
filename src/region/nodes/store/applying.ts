/**
 * Puts accepted edits into the node's store, in their order. Those that come while the disk is busy go into one batch, together with the
 * place that they lead to; so the store is always as of one place. On a node that follows no request waits for them: it gathers them for a moment
 * between two batches, since each batch costs a flush.
 */
import {
  nodeApplyBytesMax,
  nodeApplyRestMs,
  nodePlaceStep,
  nodeUnappliedBytesMax,
} from '../../../core/limits/nodes-limits.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Edit, Store } from '../../../ports/store.ts'
import { type NodePlace, placeEdit } from './node-place.ts'

type Waiting = {
  readonly edits: readonly Edit[]
  readonly bytes: number
  readonly place: NodePlace
  /** A request waits for them. */
  readonly done: (() => void) | undefined
}

export type ApplyingOptions = {
  readonly store: Store
  readonly clock: Pick<Clock, 'monotonicMs' | 'after'>
  /** The store has taken everything up to there. */
  readonly onDurable: (place: NodePlace) => void
  /** The store is as of its last place, and takes nothing more of this applying. */
  readonly onFailed: (error: unknown) => void
}

export class Applying {
  readonly #options: ApplyingOptions
  #waiting: Waiting[] = []
  #waitingBytes = 0
  #durable: NodePlace
  #writing: Promise<void> | undefined
  #isOver = false
  #wake: (() => void)[] = []
  /** When the last batch was durable. */
  #writtenMs = -Infinity
  /** Ends the rest between two batches. */
  #hurry: () => void = () => undefined

  constructor(options: ApplyingOptions, durable: NodePlace) {
    this.#options = options
    this.#durable = durable
  }

  get durable(): NodePlace {
    return this.#durable
  }

  /** `done` is called when they are durable, unless the store fails before. */
  add(edits: readonly Edit[], place: NodePlace, done?: () => void): void {
    if (this.#isOver) return
    if (done !== undefined) this.#hurry()
    const bytes = edits.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
    this.#waiting.push({ edits, bytes, place, done })
    this.#waitingBytes += bytes
    this.#writing ??= this.#writeAll()
  }

  /** Nothing was written for many entries: the place is, so that they are not needed again. */
  keep(place: NodePlace): void {
    const last = this.#waiting.at(-1)?.place ?? this.#durable
    const isDue = place.sequence >= last.sequence + nodePlaceStep
    const becameWhole = last.wholeFrom !== undefined && place.wholeFrom === undefined
    if (isDue || becameWhole) this.add([], place)
  }

  /** Resolves when more can be added; undefined as a rule. */
  untilReady(): Promise<void> | undefined {
    if (this.#waitingBytes < nodeUnappliedBytesMax || this.#isOver) return undefined
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  /** Resolves when all that was added is durable, or never will be. */
  async settled(): Promise<void> {
    this.#hurry()
    while (this.#writing !== undefined) await this.#writing
  }

  /** Nothing more is written after what is being written now. */
  async stop(): Promise<void> {
    this.#isOver = true
    this.#waiting = []
    this.#ready()
    await this.settled()
  }

  async #writeAll(): Promise<void> {
    // What is added in the same turn goes together.
    await Promise.resolve()
    try {
      while (this.#waiting.length > 0 && !this.#isOver) {
        if (!this.#waiting.some(({ done }) => done !== undefined)) await this.#rest()
        if (!this.#isOver) await this.#writeSome()
      }
    } catch (error) {
      this.#isOver = true
      this.#waiting = []
      this.#options.onFailed(error)
    } finally {
      this.#writing = undefined
      this.#ready()
    }
  }

  /** Since the last batch some time has passed, or something waits. */
  async #rest(): Promise<void> {
    const { clock } = this.#options
    const leftMs = this.#writtenMs + nodeApplyRestMs - clock.monotonicMs()
    if (leftMs <= 0 || this.#waitingBytes >= nodeApplyBytesMax) return
    await new Promise<void>((resolve) => {
      const cancel = clock.after(leftMs, resolve)
      this.#hurry = () => {
        cancel()
        resolve()
      }
    })
    this.#hurry = () => undefined
  }

  async #writeSome(): Promise<void> {
    const taken = this.#takeSome()
    const place = (taken.at(-1) as Waiting).place
    await this.#options.store.write([...taken.flatMap(({ edits }) => edits), placeEdit(place)])
    this.#writtenMs = this.#options.clock.monotonicMs()
    this.#durable = place
    this.#options.onDurable(place)
    for (const { done } of taken) done?.()
    this.#ready()
  }

  #takeSome(): readonly Waiting[] {
    let [count, bytes] = [0, 0]
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > nodeApplyBytesMax) break
      bytes += waiting.bytes
      count++
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }

  #ready(): void {
    if (this.#isOver) this.#waitingBytes = 0
    if (this.#waitingBytes >= nodeUnappliedBytesMax) return
    for (const wake of this.#wake.splice(0)) wake()
  }
}
