/**
 * Triggers: the event source mappings of a region, and the loops that send their records to functions. A reader like any other: it reads change streams, and keeps its places as
 * durable notes. A place is written down after its batch is answered. So after a crash a batch may be sent again, and none is left out.
 */
import type { ChangeStream } from '../../core/change-stream/change-stream.ts'
import type { Position } from '../../core/change/change.ts'
import { triggerMappingsMax, triggerWakeMs } from '../../core/limits/trigger-limits.ts'
import { LambdaError } from '../../core/triggers/lambda-error.ts'
import type { Mapping } from '../../core/triggers/mapping.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Destinations, Functions } from '../../ports/functions.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import { MappingNotes } from './mapping-notes.ts'
import { MappingRunner } from './mapping-runner.ts'
import { Slots } from './slots.ts'

export type TriggersDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter' | 'random'>
  readonly engine: Pick<Engine, 'streams' | 'region' | 'flushed' | 'oldest' | 'onFlushed' | 'note' | 'setNote'>
  readonly functions: Functions
  readonly destinations: Destinations
  readonly arnOf: (stream: ChangeStream) => string
  readonly retentionMs: number
  /** What its durable notes are called by. */
  readonly notesName?: 'trigger' | 'kinesis'
}

export type MappingState = 'Creating' | 'Enabling' | 'Enabled' | 'Disabling' | 'Disabled' | 'Updating' | 'Deleting'

export type MappingStatus = {
  readonly mapping: Mapping
  readonly state: MappingState
  readonly lastResult: string
  readonly table: string
  readonly shards: number
  /** Of the oldest record that is not handled. */
  readonly ageSeconds: number
}

type Entry = {
  mapping: Mapping
  state: MappingState
  lastResult: string
  runner: MappingRunner | undefined
  /** Changes of its state, one after the other. */
  work: Promise<void>
}

export class Triggers implements Service {
  readonly #deps: TriggersDeps
  readonly #notes: MappingNotes
  readonly #entries = new Map<string, Entry>()
  readonly #slots = new Slots()
  readonly #retries: Retries
  #unsubscribe = (): void => {}
  #cancelWake: (() => void) | undefined
  #isStopping = false
  #horizon: { readonly position: Position; readonly atMs: number } | undefined

  constructor(deps: TriggersDeps) {
    this.#deps = deps
    this.#notes = new MappingNotes(deps.engine, deps.notesName ?? 'trigger')
    this.#retries = new Retries(deps.env)
  }

  start(): void {
    this.#unsubscribe = this.#deps.engine.onFlushed(() => this.#wakeSoon())
    for (const mapping of this.#read()) {
      const entry = entryOf(mapping, mapping.enabled ? 'Enabling' : 'Disabled')
      this.#entries.set(mapping.uuid, entry)
      if (mapping.enabled) this.#after(entry, () => this.#begin(entry))
    }
  }

  /** A note that is damaged costs its mapping, and not the region. */
  #read(): readonly Mapping[] {
    try {
      return this.#notes.all()
    } catch (error) {
      this.#retries.note('trigger', error, 'triggers cannot be read, and none of them runs')
      return []
    }
  }

  /** Batches under way are not waited for: they are sent again after the next start. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#unsubscribe()
    this.#cancelWake?.()
    await Promise.all([...this.#entries.values()].map(async ({ runner }) => await runner?.stop({ abandon: true })))
  }

  /** In the order of their UUIDs. */
  all(): readonly MappingStatus[] {
    const all = [...this.#entries.values()].map((entry) => this.#statusOf(entry))
    return all.toSorted((a, b) => (a.mapping.uuid < b.mapping.uuid ? -1 : 1))
  }

  find(uuid: string): MappingStatus | undefined {
    const entry = this.#entries.get(uuid)
    return entry === undefined ? undefined : this.#statusOf(entry)
  }

  /** Resolves when it is durable. Throws a LambdaError where there are too many. */
  async create(mapping: Mapping): Promise<MappingStatus> {
    if (this.#entries.size >= triggerMappingsMax)
      throw new LambdaError(
        'TooManyRequestsException',
        `This region has ${triggerMappingsMax} event source mappings, which is as many as it may have.`,
      )
    const entry = entryOf(mapping, 'Creating')
    this.#entries.set(mapping.uuid, entry)
    try {
      await this.#notes.add(mapping)
    } catch (error) {
      this.#entries.delete(mapping.uuid)
      throw error
    }
    const status = this.#statusOf(entry)
    if (mapping.enabled) this.#after(entry, () => this.#begin(entry))
    else entry.state = 'Disabled'
    return status
  }

  /** Resolves when it is durable; batches under way are still answered under the settings before. */
  async update(mapping: Mapping): Promise<MappingStatus | undefined> {
    const entry = this.#entries.get(mapping.uuid)
    if (entry === undefined) return undefined
    const before = entry.mapping
    await this.#notes.change(mapping)
    entry.mapping = mapping
    entry.state = mapping.enabled === before.enabled ? 'Updating' : mapping.enabled ? 'Enabling' : 'Disabling'
    const status = this.#statusOf(entry)
    this.#after(entry, async () => {
      await entry.runner?.stop({ abandon: false })
      entry.runner = undefined
      if (mapping.enabled) await this.#begin(entry)
      else entry.state = 'Disabled'
    })
    return status
  }

  /** Resolves when it is gone; a batch under way is not waited for. */
  async remove(uuid: string): Promise<MappingStatus | undefined> {
    const entry = this.#entries.get(uuid)
    if (entry === undefined) return undefined
    entry.state = 'Deleting'
    await entry.runner?.stop({ abandon: true })
    try {
      await this.#notes.remove(uuid)
    } catch (error) {
      entry.state = 'Enabling'
      this.#after(entry, () => this.#begin(entry))
      throw error
    }
    this.#entries.delete(uuid)
    this.#forget(entry.mapping)
    return this.#statusOf(entry)
  }

  /** Sets the gauges. */
  measure(): void {
    for (const { mapping, table, ageSeconds } of this.all())
      this.#deps.env.meter.gauge('longitude_trigger_iterator_age_seconds', ageSeconds, {
        function: mapping.functionName,
        table,
      })
  }

  /** Figures of a function that no mapping invokes any more. */
  #forget({ functionName }: Mapping): void {
    const isUsed = [...this.#entries.values()].some(({ mapping }) => mapping.functionName === functionName)
    if (!isUsed) this.#deps.env.meter.forget({ function: functionName })
  }

  #after(entry: Entry, work: () => Promise<void>): void {
    entry.work = entry.work.then(work).catch((error: unknown) => {
      if (!this.#isStopping)
        this.#retries.note('trigger', error, 'a trigger waits', { function: entry.mapping.functionName })
    })
  }

  async #begin(entry: Entry): Promise<void> {
    if (this.#isStopping || entry.state === 'Deleting') return
    const { env, engine, functions, destinations } = this.#deps
    const { mapping } = entry
    entry.runner = new MappingRunner(
      {
        env,
        engine,
        functions,
        destinations,
        slots: this.#slots,
        retries: this.#retries,
        notes: this.#notes,
        stream: () => this.#streamOf(mapping),
        horizon: () => this.#oldestReadable(),
        onResult: (result) => (entry.lastResult = result),
      },
      mapping,
    )
    await entry.runner.start()
    entry.state = 'Enabled'
  }

  #streamOf({ streamArn }: Mapping): ChangeStream | undefined {
    return this.#deps.engine.streams.all().findLast((stream) => this.#deps.arnOf(stream) === streamArn)
  }

  /** Flushes come often, and each wakes every lane. */
  #wakeSoon(): void {
    if (this.#entries.size === 0) return
    this.#cancelWake ??= this.#deps.env.clock.after(triggerWakeMs, () => {
      this.#cancelWake = undefined
      for (const { runner } of this.#entries.values()) runner?.wake()
    })
  }

  /** It is looked for by halving the log, and moves slowly. */
  #oldestReadable(): Position {
    const { env, engine, retentionMs } = this.#deps
    const nowMs = env.clock.wallMs()
    if (this.#horizon === undefined || Math.abs(nowMs - this.#horizon.atMs) > horizonMs)
      this.#horizon = { position: engine.streams.before(nowMs - retentionMs), atMs: nowMs }
    return Math.max(this.#horizon.position, engine.oldest() - 1)
  }

  #statusOf({ mapping, state, lastResult, runner }: Entry): MappingStatus {
    const oldestMs = runner?.oldestMs
    const ageMs = oldestMs === undefined ? 0 : Math.max(0, this.#deps.env.clock.wallMs() - oldestMs)
    return {
      mapping,
      state,
      lastResult,
      table: mapping.streamArn.split('/')[1] ?? '',
      shards: runner?.shardCount ?? 0,
      ageSeconds: ageMs / 1000,
    }
  }
}

const horizonMs = 1000

function entryOf(mapping: Mapping, state: MappingState): Entry {
  return { mapping, state, lastResult: 'No records processed', runner: undefined, work: Promise.resolve() }
}
