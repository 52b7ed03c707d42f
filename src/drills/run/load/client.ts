/**
 * One client of the load: a reader or a writer that lives in a region and does one request after the other, with the
 * time-outs and repetitions of an SDK. When its region fails it for good it goes on in another, as the drill says, and looks
 * after its own until that answers again; the distance to whoever serves it is in its latency.
 */
import type { Load } from '../../definition/definition.ts'
import type { Fate, Operation } from '../../definition/drill-record.ts'
import { messageOf } from '../../../process/failure.ts'
import type { Seeded } from './seeded.ts'
import { nowMs, pause } from '../time.ts'
import { NoAnswer, type Place, Refusal, type Wire } from './wire.ts'

export type ClientOptions = {
  readonly kind: 'read' | 'write'
  readonly name: string
  readonly home: Place
  /** Where to go when it fails, in this order. */
  readonly others: readonly Place[]
  readonly load: Load
  readonly table: string
  readonly wire: Wire
  readonly random: Seeded
  readonly roundTripMs: (from: string, to: string) => number
  readonly record: (operation: Operation) => void
  /** Keys that writers of its region have had acknowledged, for readers to choose from. */
  readonly known: string[]
}

/** An SDK's back-off between attempts: up to 50 ms, doubled, with full jitter. */
const backOffMs = 50
const probeEveryMs = 250
const knownMax = 2000
/** Chosen from the last so many, so that a failover meets items that may not have arrived. */
const recent = 50

type Done = { readonly fields: Readonly<Record<string, unknown>>; readonly attempts: number }
type Failed = { readonly fate: Fate; readonly attempts: number; readonly error: string; readonly moveOn: boolean }

export class Client {
  readonly kind: 'read' | 'write'
  readonly home: string
  readonly #options: ClientOptions
  readonly #ended = new AbortController()
  #place: Place
  /** Told to use this one by a step of the drill. */
  #assigned: Place
  #paused = false
  #count = 0
  #healthySinceMs: number | undefined
  #running: Promise<void> | undefined
  #probing: Promise<void> | undefined

  constructor(options: ClientOptions) {
    this.#options = options
    this.kind = options.kind
    this.home = options.home.region
    this.#place = options.home
    this.#assigned = options.home
  }

  start(): void {
    this.#running = this.#run()
  }

  /** What is under way ends as it ends. */
  async stop(): Promise<void> {
    this.#ended.abort()
    await this.#running
    await this.#probing
  }

  setPaused(paused: boolean): void {
    this.#paused = paused
  }

  move(to: Place): void {
    this.#assigned = to
    this.#place = to
    this.#healthySinceMs = undefined
  }

  async #run(): Promise<void> {
    const { load, random } = this.#options
    const everyMs = 1000 / load.rate
    const { signal } = this.#ended
    await pause(random() * everyMs, signal)
    let dueMs = nowMs()
    while (!signal.aborted) {
      if (this.#paused) dueMs = nowMs()
      else await (this.kind === 'write' ? this.#write() : this.#read())
      // What was late is not made up for: a client that waits for an answer asks nothing meanwhile.
      dueMs = Math.max(dueMs + everyMs * (0.5 + random()), nowMs() - everyMs)
      await pause(dueMs - nowMs(), signal)
    }
  }

  async #write(): Promise<void> {
    const { load, random, name, table } = this.#options
    const value = `${name}:${++this.#count}`
    const shared = load['shared items'] > 0 && random() * 100 < load['shared writes']
    const key = shared ? `shared-${Math.floor(random() * load['shared items'])}` : value
    const place = this.#place.region
    const item = {
      id: { S: key },
      v: { S: value },
      by: { S: place },
      at: { N: String(Math.round(nowMs())) },
      pad: { S: 'x'.repeat(load['value size']) },
    }
    const startMs = nowMs()
    const input = { TableName: table, Item: item, ReturnValues: 'ALL_OLD' }
    const outcome = await this.#attempt('PutItem', input)
    const told = { kind: 'write', client: name, home: this.home, key, value, shared, startMs, endMs: nowMs() } as const
    if ('fields' in outcome) {
      const replaced = valueOf(outcome.fields['Attributes'])
      if (!shared) this.#remember(key)
      this.#options.record({
        ...told,
        served: this.#place.region,
        fate: 'acknowledged',
        attempts: outcome.attempts,
        // Its own, when an attempt that was not answered has happened after all: what that replaced, nobody knows.
        ...(replaced === undefined || replaced === value ? {} : { replaced }),
      })
    } else this.#failed(told, outcome)
  }

  async #read(): Promise<void> {
    const { random, name, table, known, load } = this.#options
    const shared = known.length === 0 || random() < 0.2
    const from = Math.max(0, known.length - recent)
    const key = shared
      ? `shared-${Math.floor(random() * load['shared items'])}`
      : (known[from + Math.floor(random() * (known.length - from))] ?? '')
    const startMs = nowMs()
    const strong = load.reads === 'strong' ? { strong: true } : {}
    const consistent = load.reads === 'strong' ? { ConsistentRead: true } : {}
    const outcome = await this.#attempt('GetItem', { TableName: table, Key: { id: { S: key } }, ...consistent })
    const common = { kind: 'read', client: name, home: this.home, key, shared, startMs, endMs: nowMs() } as const
    const told = { ...common, ...strong }
    if ('fields' in outcome) {
      const value = valueOf(outcome.fields['Item'])
      this.#options.record({
        ...told,
        served: this.#place.region,
        fate: 'acknowledged',
        attempts: outcome.attempts,
        ...(value === undefined ? {} : { value }),
        ...(!shared && value === undefined ? { stale: true } : {}),
      })
    } else this.#failed(told, outcome)
  }

  #failed(
    told: Pick<Operation, 'kind' | 'client' | 'home' | 'key' | 'strong' | 'shared' | 'startMs' | 'endMs'>,
    failed: Failed,
  ): void {
    const { fate, attempts, error } = failed
    this.#options.record({ ...told, served: this.#place.region, fate, attempts, error })
    if (failed.moveOn) this.#moveOn()
  }

  #remember(key: string): void {
    const { known } = this.#options
    known.push(key)
    if (known.length > 2 * knownMax) known.splice(0, knownMax)
  }

  /** A write may be repeated: it says the same thing again. */
  async #attempt(operation: string, input: Readonly<Record<string, unknown>>): Promise<Done | Failed> {
    const { wire, load, random } = this.#options
    let sure = true
    let error = ''
    let refused = false
    for (let attempts = 1; ; attempts++) {
      const place = this.#place
      try {
        const wayMs = this.#options.roundTripMs(this.home, place.region)
        await pause(wayMs / 2)
        const fields = await wire.send(place, operation, input, load.timeout)
        await pause(wayMs / 2)
        return { fields, attempts }
      } catch (thrown) {
        error = `${place.region}: ${messageOf(thrown)}`
        refused = thrown instanceof Refusal && thrown.status < 500
        if (!(refused || (thrown instanceof NoAnswer && thrown.nothingSent))) sure = false
      }
      if (attempts >= load.attempts || refused || this.#ended.signal.aborted)
        return { fate: sure ? 'refused' : 'unknown', attempts, error, moveOn: true }
      await pause(random() * backOffMs * 2 ** attempts)
    }
  }

  #moveOn(): void {
    const { load, others, home } = this.#options
    if (load.failover === 'none' || others.length === 0) return
    const at = this.#place.region === home.region ? -1 : others.findIndex(({ region }) => region === this.#place.region)
    this.#place = others[(at + 1) % others.length] ?? home
    if (load.failback !== 'never') this.#probing ??= this.#probe(load.failback)
  }

  /** Until its region has answered for long enough. */
  async #probe(afterMs: number): Promise<void> {
    const { wire, table, load } = this.#options
    const { signal } = this.#ended
    this.#healthySinceMs = undefined
    while (!signal.aborted && this.#place !== this.#assigned) {
      await pause(probeEveryMs, signal)
      const startMs = nowMs()
      try {
        await wire.send(this.#assigned, 'GetItem', { TableName: table, Key: { id: { S: 'probe' } } }, load.timeout)
        this.#healthySinceMs ??= startMs
      } catch {
        this.#healthySinceMs = undefined
      }
      if (this.#healthySinceMs !== undefined && nowMs() - this.#healthySinceMs >= afterMs) this.#place = this.#assigned
    }
    this.#probing = undefined
  }
}

function valueOf(item: unknown): string | undefined {
  return (item as { readonly v?: { readonly S?: string } } | undefined)?.v?.S
}
