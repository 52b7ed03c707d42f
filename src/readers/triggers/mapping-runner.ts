/** Reads the shards of one mapping: each once its parent is read to its end. It runs while the mapping is enabled. */
import { type ChangeStream, shardWithId } from '../../core/change-stream/change-stream.ts'
import { triggerNoteMs } from '../../core/limits/trigger-limits.ts'
import { parseFilter } from '../../core/triggers/event-filter.ts'
import type { Mapping, ShardRange } from '../../core/triggers/mapping.ts'
import { firstShards, inLanes, nextShards } from '../../core/triggers/shard-order.ts'
import { type LaneDeps, LaneRunner } from './lane-runner.ts'
import type { Begun, MappingNotes } from './mapping-notes.ts'

export type MappingDeps = Pick<
  LaneDeps,
  'env' | 'engine' | 'functions' | 'destinations' | 'slots' | 'retries' | 'horizon' | 'onResult'
> & {
  readonly notes: MappingNotes
  readonly stream: () => ChangeStream | undefined
}

type Shard = { readonly range: ShardRange; readonly lanes: readonly LaneRunner[]; notedMs: number }

export class MappingRunner {
  readonly #deps: MappingDeps
  readonly #shards = new Map<string, Shard>()
  readonly #running = new Set<Promise<void>>()
  readonly #mapping: Mapping
  #ranges: readonly ShardRange[] | undefined
  #isStopping = false
  #isAbandoned = false
  #syncing: Promise<void> | undefined
  #syncsAgain = false
  /** The streams that were looked at last: the same array until one of them changes. */
  #seen: readonly ChangeStream[] | undefined

  constructor(deps: MappingDeps, mapping: Mapping) {
    this.#deps = deps
    this.#mapping = mapping
  }

  async start(): Promise<void> {
    this.#ranges = this.#deps.notes.shards(this.#mapping.uuid)
    for (const range of this.#ranges ?? []) this.#begin(range)
    await this.sync()
  }

  /** When the oldest record was written that is not done. */
  get oldestMs(): number | undefined {
    const all = [...this.#shards.values()].flatMap(({ lanes }) => lanes.flatMap(({ oldestMs }) => oldestMs ?? []))
    return all.length === 0 ? undefined : Math.min(...all)
  }

  get shardCount(): number {
    return this.#shards.size
  }

  /** There may be new records, or other shards. */
  wake(): void {
    for (const { lanes } of this.#shards.values()) for (const lane of lanes) lane.wake()
    if (this.#deps.engine.streams.all() !== this.#seen && this.#needsShards()) void this.sync()
  }

  /** Begins the shards that follow those that are read to their end. Never rejects. */
  async sync(): Promise<void> {
    this.#syncsAgain = true
    this.#syncing ??= this.#syncAll().finally(() => (this.#syncing = undefined))
    await this.#syncing
  }

  /** Batches under way are finished and noted; with `abandon` they are not waited for. */
  async stop({ abandon }: { readonly abandon: boolean }): Promise<void> {
    this.#isStopping = true
    this.#isAbandoned ||= abandon
    for (const { lanes } of this.#shards.values()) for (const lane of lanes) lane.stop({ abandon })
    if (!abandon) await Promise.all(this.#running)
    await this.#syncing
    if (this.#isAbandoned) return
    for (const shard of this.#shards.values()) await this.#note(shard)
  }

  #needsShards(): boolean {
    if (this.#isStopping) return false
    if (this.#ranges === undefined) return true
    return [...this.#shards.values()].some(({ lanes }) => lanes.every(({ isFinished }) => isFinished))
  }

  async #syncAll(): Promise<void> {
    while (this.#syncsAgain && !this.#isStopping) {
      this.#syncsAgain = false
      await this.#syncShards()
    }
  }

  async #syncShards(): Promise<void> {
    const { stream: streamOf, retries, engine } = this.#deps
    try {
      const seen = engine.streams.all()
      const stream = streamOf()
      if (stream === undefined) return void (this.#seen = seen)
      if (this.#ranges === undefined) await this.#change(firstShards(stream, this.#mapping), [])
      // Those that are begun meanwhile are not read to their end.
      for (const { range, lanes } of this.#shards.values()) {
        if (this.#isStopping || !lanes.every(({ isFinished }) => isFinished)) continue
        const next = nextShards(stream, range, this.#mapping.settings.lanes)
        if (next.size > 0) await this.#change(next, [range])
      }
      this.#seen = seen
    } catch (error) {
      if (!this.#isAbandoned)
        retries.note('trigger', error, 'a trigger waits', { function: this.#mapping.functionName })
    }
  }

  async #change(begun: Begun, ended: readonly ShardRange[]): Promise<void> {
    if (begun.size === 0) return
    const gone = new Set(ended.map(({ id }) => id))
    const kept = (this.#ranges ?? []).filter(({ id }) => !gone.has(id))
    // A shard has one parent: it is begun once.
    const added = new Map([...begun].filter(([{ id }]) => !this.#shards.has(id)))
    const ranges = [...kept, ...added.keys()]
    await this.#deps.notes.setShards(this.#mapping.uuid, ranges, { begun: added, ended: [...gone] })
    this.#ranges = ranges
    for (const id of gone) this.#shards.delete(id)
    if (!this.#isStopping) for (const range of added.keys()) this.#begin(range)
  }

  #begin(range: ShardRange): void {
    const { notes } = this.#deps
    const { settings, uuid } = this.#mapping
    const progress = inLanes(notes.progress(uuid, range), settings.lanes)
    const shard: Shard = {
      range,
      notedMs: this.#deps.env.clock.monotonicMs(),
      lanes: progress.lanes.map((lane, number) => new LaneRunner(this.#laneDeps(range, number), lane)),
    }
    this.#shards.set(range.id, shard)
    for (const lane of shard.lanes) this.#run(lane)
  }

  #run(lane: LaneRunner): void {
    const running = lane.run()
    this.#running.add(running)
    void running.finally(() => {
      this.#running.delete(running)
      if (this.#needsShards()) void this.sync()
    })
  }

  #laneDeps(range: ShardRange, lane: number): LaneDeps {
    const { notes: _, ...shared } = this.#deps
    const { env } = shared
    const mapping = this.#mapping
    return {
      ...shared,
      mapping,
      patterns: mapping.settings.filters.flatMap((text) => parseFilter(text) ?? []),
      shard: (of) => shardWithId(of, range.id),
      lane,
      note: async (isUrgent) => {
        const shard = this.#shards.get(range.id)
        if (shard === undefined || this.#isAbandoned) return
        if (isUrgent || env.clock.monotonicMs() - shard.notedMs >= triggerNoteMs) await this.#note(shard)
      },
    }
  }

  async #note(shard: Shard): Promise<void> {
    shard.notedMs = this.#deps.env.clock.monotonicMs()
    const progress = { lanes: shard.lanes.map((lane) => lane.progress) }
    await this.#deps.notes.setProgress(this.#mapping.uuid, shard.range, progress)
  }
}
