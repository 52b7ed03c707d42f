/** The state of an engine around its flush groups: what each of them takes along to the disk, how far the durable log reaches, and what is read again after a failure. */
import { assert } from '../core/assert.ts'
import type { Position } from '../core/change/change.ts'
import type { ClockState } from '../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { inOneTurn, type Turns } from '../core/turns.ts'
import type { Env } from '../ports/env.ts'
import { StoreLost } from '../ports/store.ts'
import { type EngineOptions, openState } from './assemble.ts'
import type { Group } from './commands/flush-group.ts'
import type { State } from './state.ts'
import { headKey } from './store/keys.ts'
import { type Trouble, TroubleWatch } from './trouble.ts'

type Hooks = {
  readonly epoch: string
  /** The engine takes no more writes. */
  readonly onStopped: () => void
  /** Whatever was decided and is not durable never was. */
  readonly onReverted: () => void
}

export class DurableState {
  readonly state: State
  readonly #hooks: Hooks
  readonly #listeners = new Set<() => void>()
  readonly #trouble = new TroubleWatch()
  /** As of the last durable group. */
  #flushed: Position = 0
  #oldest: Position = 1
  #clock!: ClockState

  constructor(env: Env, options: EngineOptions, hooks: Hooks) {
    this.#hooks = hooks
    this.state = openState(env, options, {
      epoch: hooks.epoch,
      onSeal: (group) => this.#seal(group),
      onDurable: (group, durationMs) => this.#durable(group, durationMs),
      onFailed: (error, group) => this.#failed(error, group),
      onStopped: () => hooks.onStopped(),
    })
  }

  get flushed(): Position {
    return this.#flushed
  }

  get oldest(): Position {
    return this.#oldest
  }

  get clock(): ClockState {
    return this.#clock
  }

  get trouble(): Trouble | undefined {
    return this.#trouble.current
  }

  get probeSizeBytes(): number {
    return this.#trouble.probeSizeBytes
  }

  onFlushed(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Waits for the open group, then refuses more. */
  close(): Promise<void> {
    return this.state.groups.close(new Error('the engine is closed')).finally(() => this.#listeners.clear())
  }

  /** Everything as the store has it; of tables only what was under way, when that is refused: of a full disk every batch is. */
  *load(tables: 'load' | 'revert'): Turns<void> {
    const { head, counts, catalog, cursors, lineage, store, streams, backups, copies } = this.state
    head.load(store.get(headKey))
    counts.reset()
    if (tables === 'load') {
      yield* catalog.load()
      streams.load(store)
    } else for (const part of [catalog, streams]) part.revert()
    for (const part of [cursors, backups, copies]) part.load(store)
    lineage.load(store, head.position)
    this.state.orderBook.load(store)
    if (tables === 'load') this.#reach(head.position, head.oldest, head.clock)
  }

  #seal(group: Group): void {
    const { head, counts, catalog, groups, lineage, orderBook, writer } = this.state
    for (const part of [writer, counts]) part.seal(group)
    catalog.seal((key, value) => groups.put(group, key, value))
    head.follow(group.wallMs)
    lineage.seal(group)
    orderBook.seal(group)
    groups.put(group, headKey, head.encode())
    const { position, oldest, clock: time } = head
    group.effects.push(() => this.#reach(position, oldest, time))
  }

  #reach(position: Position, oldest: Position, clock: ClockState): void {
    assert(position >= this.#flushed && oldest >= this.#oldest, 'engine: the log goes forward at both ends')
    this.#flushed = position
    this.#oldest = oldest
    this.#clock = clock
  }

  #durable(group: Group, durationMs: number): void {
    const { meter, log, damage } = this.state
    if (this.#trouble.stored(group.bytes)) log.info('the disk takes writes again')
    if (group.writes > 0) {
      meter.observe('longitude_commit_seconds', durationMs / 1000)
      meter.observe('longitude_commit_writes', group.writes)
    }
    for (const listener of this.#listeners) damage.surviving(listener)
  }

  #failed(error: unknown, group: Group): void {
    const { log, head, clock, localOnly } = this.state
    if (error instanceof StoreLost) log.info('the store is not this process’s to write any more')
    // Once: while the disk is full it happens to every batch.
    else if (this.#trouble.refused(error, group.bytes, clock.wallMs()))
      log.error('the store refused a batch of writes', { error: String(error) })
    inOneTurn(this.load('revert'))
    localOnly.cut(head.position)
    assert(head.position === this.#flushed, 'engine: the store is where it was last seen durable')
    this.#hooks.onReverted()
  }
}
