/**
 * Kinesis streaming destinations: what a table's setting says, made so. A destination is a trigger of its own kind: its mapping reads the table's hidden stream, and its function hands the
 * records to what the data stream's ARN is mapped to. So its place is durable, and a record goes at least once. It looks again whenever tables have changed, and at a start.
 */
import { errorText } from '../../core/error-text.ts'
import type { ChangeStream } from '../../core/change-stream/change-stream.ts'
import { type KinesisRecord, kinesisRecords } from '../../core/triggers/kinesis-record.ts'
import { triggerMappingsMax } from '../../core/limits/trigger-limits.ts'
import { type Mapping, usualSettings } from '../../core/triggers/mapping.ts'
import { isFed, isGoing, type KinesisDestination, type Table } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { DataStreams, Functions, Invoked } from '../../ports/functions.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import { Triggers, type TriggersDeps } from './triggers.ts'

export type StreamingDeps = Omit<TriggersDeps, 'functions' | 'destinations' | 'notesName' | 'engine'> & {
  readonly engine: TriggersDeps['engine'] & Pick<Engine, 'tables' | 'tableWithId' | 'define'>
  readonly dataStreams: DataStreams
}

type Fed = Table & { readonly kinesis: KinesisDestination }

export class StreamingDestinations implements Service {
  readonly #deps: StreamingDeps
  readonly #triggers: Triggers
  readonly #retries: Retries
  /** The same array until a table changes. */
  #seen: readonly Table[] | undefined
  #working: Promise<void> = Promise.resolve()
  #isStopping = false
  #unsubscribe = (): void => {}

  constructor(deps: StreamingDeps) {
    this.#deps = deps
    this.#retries = new Retries(deps.env)
    const functions: Functions = { all: () => [], invoke: (name, event) => this.#deliver(name, event) }
    const destinations = { has: () => false, send: () => Promise.reject(new Error('nothing is given up')) }
    this.#triggers = new Triggers({ ...deps, functions, destinations, notesName: 'kinesis' })
  }

  start(): void {
    this.#triggers.start()
    this.#unsubscribe = this.#deps.engine.onFlushed(() => this.#look())
    this.#look()
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#unsubscribe()
    await this.#triggers.stop()
  }

  /** Sets the gauges. */
  measure(): void {
    this.#triggers.measure()
    for (const { table, ageSeconds } of this.#triggers.all())
      this.#deps.env.meter.gauge('longitude_kinesis_age_seconds', ageSeconds, { table })
  }

  #look(): void {
    const tables = this.#deps.engine.tables()
    if (tables === this.#seen || this.#isStopping) return
    this.#seen = tables
    if (this.#triggers.all().length === 0 && tables.every(({ kinesis }) => kinesis === undefined)) return
    this.#working = this.#working.then(() => this.#follow()).catch((error: unknown) => this.#failed(error))
  }

  /** The next change of a table, or a start, tries again. */
  #failed(error: unknown): void {
    this.#seen = undefined
    if (!this.#isStopping) this.#retries.note('trigger', error, 'a Kinesis destination waits')
  }

  async #follow(): Promise<void> {
    const { engine } = this.#deps
    const fed = engine.tables().filter((table): table is Fed => isFed(table.kinesis) && !isGoing(table))
    const wanted = new Set(fed.map(nameOf))
    for (const { mapping } of this.#triggers.all())
      if (!wanted.has(mapping.uuid)) await this.#triggers.remove(mapping.uuid)
    for (const table of fed) await this.#begin(table)
    for (const { id, kinesis } of engine.tables())
      if (kinesis?.state === 'disabling') await this.#become(id, kinesis, 'off')
  }

  async #begin(table: Fed): Promise<void> {
    const { kinesis } = table
    const { dataStreams } = this.#deps
    if (kinesis.state === 'enabling' && !dataStreams.has(kinesis.streamArn))
      return await this.#become(table.id, kinesis, 'failed')
    const stream = this.#streamOf(table)
    if (stream === undefined) return
    if (this.#triggers.find(nameOf(table)) === undefined) {
      if (this.#triggers.all().length >= triggerMappingsMax) return await this.#become(table.id, kinesis, 'failed')
      await this.#triggers.create(this.#mappingOf(table, stream))
    }
    if (kinesis.state === 'enabling') await this.#become(table.id, kinesis, 'on')
  }

  async #become(id: string, before: KinesisDestination, state: KinesisDestination['state']): Promise<void> {
    const { engine } = this.#deps
    const now = engine.tableWithId(id)?.kinesis
    if (now?.label !== before.label || now.state !== before.state) return
    await engine.define(id, [{ register: 'local/kinesis', value: { ...now, state } }])
  }

  #streamOf({ id, kinesis }: Fed): ChangeStream | undefined {
    const all = this.#deps.engine.streams.all()
    return all.findLast(({ table, hidden, label }) => hidden === true && table === id && label === kinesis.label)
  }

  #mappingOf(table: Fed, stream: ChangeStream): Mapping {
    const { streamArn } = table.kinesis
    return {
      uuid: nameOf(table),
      functionName: streamArn,
      functionArn: streamArn,
      streamArn: this.#deps.arnOf(stream),
      startingPosition: 'TRIM_HORIZON',
      settings: usualSettings,
      enabled: true,
      modifiedMs: this.#deps.env.clock.wallMs(),
      createdAfter: 0,
    }
  }

  /** What is not taken is sent again. */
  async #deliver(arn: string, event: Buffer): Promise<Invoked> {
    const { engine, dataStreams, env } = this.#deps
    const text = event.toString()
    const [, table = ''] = /"eventSourceARN":"[^"]*:table\/([^/"]+)\/stream\//.exec(text.slice(-sourceLength)) ?? []
    const precision = engine.tables().find(({ name }) => name === table)?.kinesis?.precision
    let records: readonly KinesisRecord[] = []
    try {
      records = kinesisRecords(text, table, precision)
      await dataStreams.put(arn, records)
      for (const { units } of records) env.meter.count('longitude_kinesis_units_total', { table }, units)
      return { kind: 'returned', payload: Buffer.from('null') }
    } catch (error) {
      env.meter.count('longitude_kinesis_failed_records_total', { table }, records.length)
      return { kind: 'unavailable', reason: errorText(error), isThrottled: false }
    }
  }
}

/** The end of an event has the ARN of its stream. */
const sourceLength = 1024

/** Another one of the same table has another label. A replica that becomes a table of its own keeps its number. */
const nameOf = ({ number, kinesis }: Fed): string => `${number}/${kinesis.label}`
