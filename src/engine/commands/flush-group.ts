/**
 * Group commit. Writes are decided at once, on the store overlaid with the edits under way; what they edit joins the open
 * group, and one group is flushed at a time. A group that the store refuses takes every later one with it, since those
 * were decided on top of it; after that the owner reads its state from the store again (`onFailed`).
 */
import { assert } from '../../core/assert.ts'
import { ServiceError } from '../../core/errors.ts'
import { groupBytesMax } from '../../core/limits/limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Edit, Range } from '../../ports/store.ts'
import type { DecisionTime } from '../order/decision-time.ts'
import type { SealedStore } from '../store/sealed-store.ts'

/** Edits that become durable together. */
export class Group {
  /** By the key's bytes as latin1 text; the last edit of a key is the one that counts. */
  readonly edits = new Map<string, Edit>()
  /** Records of the log, which are looked up only when they are durable. */
  readonly appended: Edit[] = []
  /** What is to happen once the group is durable, in this order, before anybody is answered. */
  readonly effects: (() => void)[] = []
  readonly durable: Promise<void>
  writes = 0
  bytes = 0
  openedMs = 0
  /** The time of the last decision in it. */
  wallMs = 0
  resolve!: () => void
  reject!: (error: unknown) => void

  constructor() {
    this.durable = new Promise((resolve, reject) => {
      this.resolve = resolve
      this.reject = reject
    })
    // Not everybody who edits waits.
    this.durable.catch(() => {})
  }

  get isEmpty(): boolean {
    return this.edits.size === 0 && this.appended.length === 0 && this.effects.length === 0
  }

  batch(): Edit[] {
    return [...this.edits.values(), ...this.appended]
  }
}

export type GroupsOptions = {
  readonly store: SealedStore
  readonly clock: Clock
  readonly time: DecisionTime
  /** The last edits of a group, just before it goes to the store. */
  readonly onSeal: (group: Group) => void
  /** After the group's effects. */
  readonly onDurable: (group: Group, durationMs: number) => void
  readonly onFailed: (error: unknown, group: Group) => void
  readonly onStopped: (error: Error) => void
}

const none = Buffer.alloc(0)

export class Groups {
  readonly #options: GroupsOptions
  #open = new Group()
  #flushing: Group | undefined
  #scheduled = false
  /** Who reads a key often writes it next: the same bytes are made a text of once. */
  #key: Buffer | undefined
  #text = ''
  /** Why nothing is taken any more: closed, or an invariant broke half-way through an edit. */
  #stopped: Error | undefined

  constructor(options: GroupsOptions) {
    this.#options = options
  }

  /** The group that edits go to now. */
  open(): Group {
    if (this.#stopped !== undefined) throw this.#stopped
    if (this.#open.bytes > groupBytesMax && !this.#options.time.isShared)
      throw new ServiceError('ServiceUnavailable', 'The disk does not keep up with the writes.')
    if (this.#open.isEmpty) this.#open.openedMs = this.#options.clock.monotonicMs()
    this.#open.wallMs = this.#options.time.wallMs()
    this.#schedule()
    return this.#open
  }

  /** Where others decide the same commands none may be refused: the next ones wait until the disk keeps up. */
  untilReady(): Promise<void> | undefined {
    return this.#open.bytes > groupBytesMax ? this.settled() : undefined
  }

  /** The value as decided, durable or not. */
  get(key: Buffer): Buffer | undefined {
    if (this.#open.edits.size === 0 && this.#flushing === undefined) return this.#options.store.get(key)
    const edit = this.#edit(this.#textOf(key))
    return edit === undefined ? this.#options.store.get(key) : (edit.value as Buffer | undefined)
  }

  /**
   * Returns the range's values as decided, in key order, from about `limit` stored ones, with no bytes for one that is damaged; `end` is the
   * exclusive bound up to which nothing is missing.
   */
  entries(range: Range, limit: number): { readonly entries: readonly (readonly [Buffer, Buffer])[]; end: Buffer } {
    const found = new Map<string, readonly [Buffer, Buffer]>()
    let last: Buffer | undefined
    for (const { key, value } of this.#options.store.entriesAsFound({ ...range, limit }, none)) {
      found.set(key.toString('latin1'), [key, value])
      last = key
    }
    const end = found.size < limit || last === undefined ? Buffer.from(range.to) : Buffer.concat([last, Buffer.of(0)])
    for (const edits of [this.#flushing?.edits ?? [], this.#open.edits])
      for (const [text, { key, value }] of edits) {
        if (Buffer.compare(key, range.from) < 0 || Buffer.compare(key, end) >= 0) continue
        if (value === undefined) found.delete(text)
        else found.set(text, [key as Buffer, value as Buffer])
      }
    return { entries: [...found.values()].toSorted(([a], [b]) => Buffer.compare(a, b)), end }
  }

  /** Resolves when the key's value, as decided, is durable; undefined when it is already. */
  durability(key: Buffer): Promise<void> | undefined {
    const text = key.toString('latin1')
    if (this.#open.edits.has(text)) return this.#open.durable
    return this.#flushing?.edits.has(text) === true ? this.#flushing.durable : undefined
  }

  put(group: Group, key: Buffer, value: Buffer | undefined): void {
    assert(group === this.#open, 'group: edits go to the open one')
    group.edits.set(this.#textOf(key), { key, value })
    group.bytes += key.length + (value?.length ?? 0)
  }

  append(group: Group, key: Buffer, value: Buffer): void {
    assert(group === this.#open, 'group: edits go to the open one')
    group.appended.push({ key, value })
    group.bytes += key.length + value.length
  }

  /** The group's own edits, or, if it has none, whatever they would have rested on. */
  written(group: Group): Promise<void> {
    return group.isEmpty ? this.settled() : group.durable
  }

  /** Whatever is decided now is durable once this resolves. */
  async settled(): Promise<void> {
    if (!this.#open.isEmpty) await this.#open.durable
    else await this.#flushing?.durable
  }

  /** An edit was left half-done: nothing of what is under way may reach the disk. */
  stop(error: Error): void {
    this.#stopped ??= error
    this.#options.onStopped(error)
    const open = this.#open
    this.#open = new Group()
    open.reject(error)
  }

  async close(error: Error): Promise<void> {
    if (this.#stopped !== undefined) return
    this.#stopped = error
    try {
      await this.settled()
    } catch {
      // Those whose writes failed have been told.
    }
  }

  #textOf(key: Buffer): string {
    if (key === this.#key) return this.#text
    this.#key = key
    this.#text = key.toString('latin1')
    return this.#text
  }

  #edit(text: string): Edit | undefined {
    return this.#open.edits.get(text) ?? this.#flushing?.edits.get(text)
  }

  /** At the end of the turn, so that writes decided together travel together. */
  #schedule(): void {
    if (this.#scheduled || this.#flushing !== undefined) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (this.#flushing === undefined && !this.#open.isEmpty) this.#flush()
    })
  }

  #flush(): void {
    const group = this.#open
    this.#options.onSeal(group)
    this.#flushing = group
    this.#open = new Group()
    this.#write(group).then(
      () => this.#succeeded(group),
      (error: unknown) => this.#failed(group, error),
    )
  }

  async #write(group: Group): Promise<void> {
    await this.#options.store.write(group.batch())
  }

  #succeeded(group: Group): void {
    this.#flushing = undefined
    for (const effect of group.effects) effect()
    group.resolve()
    this.#options.onDurable(group, this.#options.clock.monotonicMs() - group.openedMs)
    if (!this.#open.isEmpty) this.#flush()
  }

  #failed(group: Group, error: unknown): void {
    const later = this.#open
    this.#flushing = undefined
    this.#open = new Group()
    try {
      this.#options.onFailed(error, group)
    } catch (reason) {
      // A store that cannot be read either: what was decided so far says nothing about it.
      this.stop(reason as Error)
    }
    group.reject(error)
    later.reject(error)
  }
}
