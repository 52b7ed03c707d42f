/**
 * Reads the change streams of every region as a consumer does, through the operations, while everything goes on, and compares what they say with
 * the region's log as it was seen from outside. In the end it replays each stream, and must get the region's table.
 */
import { timings } from '../../src/core/table/waits.ts'
import { isDeepStrictEqual } from 'node:util'
import type { Item } from '../../src/core/attribute/value.ts'
import { type ChangeStream, openGeneration, type Shard, shardsOf } from '../../src/core/change-stream/change-stream.ts'
import { parseSequenceNumber } from '../../src/core/change-stream/sequence-number.ts'
import type { Position } from '../../src/core/change/change.ts'
import { ServiceError } from '../../src/core/errors.ts'
import { encodePrimaryKey } from '../../src/core/key/primary-key.ts'
import { decodeRow, type Row } from '../../src/core/item/row.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { Rendered, type OperationContext } from '../../src/operations/operation.ts'
import { requestContext } from '../../src/operations/stages.ts'
import { getRecords } from '../../src/operations/streams/get-records.ts'
import { getShardIterator } from '../../src/operations/streams/get-shard-iterator.ts'
import { decodeIterator } from '../../src/operations/streams/shard-iterator.ts'
import { streamArn } from '../../src/operations/arns.ts'
import { type Entry, isItem, keyName } from './log-watch.ts'
import { rowsOf } from './rows-of.ts'
import { changeStreams } from './shapes.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

const everyMs = 500
const once = 'a stream has each change once'

type StreamRecord = {
  readonly eventID: string
  readonly eventName: string
  readonly dynamodb: {
    readonly Keys: Item
    readonly NewImage?: Item
    readonly OldImage?: Item
    readonly SequenceNumber: string
  }
}

type Page = { readonly Records: readonly StreamRecord[]; readonly NextShardIterator?: string }

type ReadShard = { after: Position; iterator: string | undefined; done: boolean }

/** What has been read of a stream. */
type Read = {
  readonly shards: Map<string, ReadShard>
  readonly records: Map<Position, StreamRecord>
  /** In the order in which they were read. */
  readonly inOrder: StreamRecord[]
  /** Of each item, the shard of its last record. */
  readonly lastShards: Map<string, string>
  /** By generation, up to where the log was compared with the records. */
  readonly compared: Map<number, Position>
}

export class StreamWatch {
  readonly #world: World
  /** By region; another one begins when the region's disk is another. */
  readonly #read = new Map<SimulatedRegion, { readonly disk: string; readonly streams: Map<string, Read> }>()
  readonly #events = new Map<string, string>()
  #stopped = false
  #running = Promise.resolve()

  constructor(world: World) {
    this.#world = world
  }

  start(): void {
    this.#running = this.#run()
    this.#world.sightings.meetWhen(changeStreams.name, () => this.#hasChildren())
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      for (const region of this.#world.regions) await this.#follow(region)
      await this.#world.scheduler.sleep(everyMs)
    }
  }

  /** Everything has settled: reads to the end, and replays. */
  async finish(): Promise<void> {
    this.#stopped = true
    await this.#running
    for (const region of this.#world.regions) {
      await this.#follow(region)
      if (region.engine !== undefined) for (const stream of region.engine.streams.all()) this.#replay(region, stream)
    }
  }

  /** All records that a stream of the region has shown, by their positions. */
  recordsOf(region: SimulatedRegion, number: number): ReadonlyMap<Position, unknown> {
    return this.#read.get(region)?.streams.get(`${number}`)?.records ?? new Map()
  }

  #hasChildren(): boolean {
    return [...this.#read.values()].some(({ streams }) =>
      [...streams.values()].some(({ compared, inOrder }) => compared.size > 1 && inOrder.length > 0),
    )
  }

  async #follow(region: SimulatedRegion): Promise<void> {
    const { engine, ended } = region
    if (engine === undefined) return
    await Promise.race([this.#readAll(region, engine), ended])
  }

  async #readAll(region: SimulatedRegion, engine: Engine): Promise<void> {
    const disk = `${region.setBackAtMs} ${this.#world.wipes}`
    for (const { number } of engine.streams.all()) {
      try {
        await this.#readStream({ region, engine, number, read: this.#readOf(region, { disk, number }) })
      } catch (error) {
        if (region.engine === engine && !(error instanceof ServiceError && error.code === 'ServiceUnavailable'))
          throw error
      }
      if (region.engine !== engine || disk !== `${region.setBackAtMs} ${this.#world.wipes}`) return
    }
  }

  #readOf(region: SimulatedRegion, { disk, number }: { readonly disk: string; readonly number: number }): Read {
    let of = this.#read.get(region)
    if (of?.disk !== disk) this.#read.set(region, (of = { disk, streams: new Map() }))
    const name = `${number}`
    let read = of.streams.get(name)
    if (read === undefined) {
      read = { shards: new Map(), records: new Map(), inOrder: [], lastShards: new Map(), compared: new Map() }
      of.streams.set(name, read)
    }
    return read
  }

  async #readStream({ region, engine, number, read }: Reading): Promise<void> {
    const stream = engine.streams.all().find((each) => each.number === number)
    if (stream === undefined) return
    const context = contextOf(region, engine)
    const arn = streamArn(context.settings, stream.tableName, stream.label)
    // Parents come before their children, and are read to their ends.
    for (const shard of shardsOf(stream)) {
      const known = read.shards.get(shard.id) ?? { after: shard.after, iterator: undefined, done: false }
      read.shards.set(shard.id, known)
      while (!known.done && region.engine === engine) {
        const begin = { StreamArn: arn, ShardId: shard.id, ShardIteratorType: 'TRIM_HORIZON' } as const
        known.iterator ??= (await getShardIterator.run(begin, context)).ShardIterator ?? ''
        const page = await pageOf(known.iterator, context)
        for (const record of page.Records) this.#take({ region, stream, shard, read }, record)
        known.done = page.NextShardIterator === undefined
        known.iterator = page.NextShardIterator
        known.after =
          page.NextShardIterator === undefined ? (shard.upTo ?? 0) : decodeIterator(page.NextShardIterator).after
        if (page.Records.length === 0) break
      }
    }
    this.#world.check(() => this.#compare(region, stream, read))
  }

  #take({ region, stream, shard, read }: Taking, record: StreamRecord): void {
    const { SequenceNumber, Keys } = record.dynamodb
    const { position = 0, atMs = 0 } = parseSequenceNumber(SequenceNumber) ?? {}
    const says = (): string =>
      `${region.name} tells ${record.eventName} at ${position} of ${stream.tableName} in ${shard.id}`
    expectThat(!read.records.has(position), once, says)
    read.records.set(position, record)
    read.inOrder.push(record)
    const event = `${region.name} ${position} ${atMs} ${record.eventName} ${JSON.stringify(Keys)}`
    const known = this.#events.get(record.eventID) ?? event
    this.#events.set(record.eventID, event)
    expectThat(known === event, 'event ids are unique', () => `${record.eventID}: ${known}, and ${event}`)
    const item = JSON.stringify(Keys)
    const last = read.lastShards.get(item)
    expectThat(
      last === undefined || isWithin(stream, last, shard),
      'records of one item are in order',
      () => `${says()} after one in ${last}, which is no parent`,
    )
    read.lastShards.set(item, shard.id)
  }

  /** What has been read up to where all shards of a generation were read, with the log up to there. */
  #compare(region: SimulatedRegion, stream: ChangeStream, { shards, records, compared }: Read): void {
    for (const generation of stream.generations) {
      const own = shardsOf({ generations: [generation] })
      const upTo = Math.min(...own.map(({ id }) => shards.get(id)?.after ?? 0))
      const from = compared.get(generation.number) ?? generation.after
      for (const entry of region.watch.entries.slice(from, upTo)) {
        const record = records.get(entry.change.position)
        if (this.#isOf(region, stream, entry)) this.#checkRecord(region, entry, record)
        else
          expectThat(
            record === undefined,
            once,
            () => `${region.name} has a record of another’s ${entry.change.position}`,
          )
      }
      if (upTo > from) compared.set(generation.number, upTo)
      else compared.set(generation.number, from)
    }
  }

  #isOf({ watch }: SimulatedRegion, stream: ChangeStream, { change }: Entry): boolean {
    return isItem(change) && (change.table === stream.table || watch.nowCalled(change.table) === stream.table)
  }

  #checkRecord(region: SimulatedRegion, entry: Entry, record: StreamRecord | undefined): void {
    const { change, row, before } = entry
    // A mend tells what changed on the disk, which the log has not seen.
    if (this.#world.damage.wasDamaged(change.table, change.key)) return
    const expected = eventOf(entry)
    const says = (): string => `${region.name} has ${record?.eventName} for ${expected} at ${change.position}`
    expectThat(record?.eventName === expected, once, says)
    if (record === undefined || expected === undefined) return
    const { NewImage, OldImage, SequenceNumber } = record.dynamodb
    const isShown = (image: Item | undefined, of: Row | undefined): boolean =>
      isDeepStrictEqual(image, of === undefined || of.tombstone ? undefined : itemIn(of))
    expectThat(
      isShown(NewImage, row) && isShown(OldImage, before) && parseSequenceNumber(SequenceNumber)?.atMs === change.at,
      'a stream shows what was there',
      () => `${says()}: ${JSON.stringify(record)}`,
    )
  }

  /** From what the table was when the stream, or its last part without a break, began. */
  #replay(region: SimulatedRegion, stream: ChangeStream): void {
    const { engine, watch } = region
    const table = engine?.tableWithId(stream.table)
    const read = this.#read.get(region)?.streams.get(`${stream.number}`)
    if (engine === undefined || table === undefined || read === undefined || openGeneration(stream) === undefined)
      return
    const begin = stream.generations.findLast(({ after }, n) => stream.generations[n - 1]?.upTo !== after)?.after ?? 0
    const items = new Map<string, Item>()
    for (const { change } of watch.latestOf(stream.table)) {
      const row = watch.rowAt(change.table, change.key, begin)
      if (row !== undefined && !row.tombstone) items.set(keyName(stream.table, change.key), itemIn(row))
    }
    for (const { dynamodb } of read.inOrder) {
      if ((parseSequenceNumber(dynamodb.SequenceNumber)?.position ?? 0) <= begin) continue
      const name = keyName(stream.table, encodePrimaryKey(stream.key, dynamodb.Keys))
      if (dynamodb.NewImage === undefined) items.delete(name)
      else items.set(name, dynamodb.NewImage)
    }
    const rows = rowsOf(engine, stream.table).filter(({ row }) => !decodeRow(row).tombstone)
    const isDamaged = (key: Buffer): boolean => this.#world.damage.wasDamaged(stream.table, key)
    const wrong = rows.find(({ key, row }) => {
      const item = items.get(keyName(stream.table, key))
      items.delete(keyName(stream.table, key))
      return !isDamaged(key) && !isDeepStrictEqual(item, itemIn(decodeRow(row)))
    })
    const promise = 'replaying a stream gives the table'
    expectThat(wrong === undefined, promise, () => `${region.name} has another row of ${stream.tableName}`)
    const left = [...items].find(([, item]) => !isDamaged(encodePrimaryKey(stream.key, item)))
    expectThat(left === undefined, promise, () => `${region.name} lacks ${JSON.stringify(left)} of ${stream.tableName}`)
  }
}

type Reading = {
  readonly region: SimulatedRegion
  readonly engine: Engine
  readonly number: number
  readonly read: Read
}
type Taking = {
  readonly region: SimulatedRegion
  readonly stream: ChangeStream
  readonly shard: Shard
  readonly read: Read
}

function contextOf(region: SimulatedRegion, engine: Engine): OperationContext {
  return {
    engine,
    env: region.env,
    settings: {
      accountId: '000000000000',
      globalTables2017: false,
      region: region.name,
      regions: region.knownRegions,
      timing: timings.instant,
      streamRetentionMs: 86_400_000,
    },
  }
}

async function pageOf(ShardIterator: string, context: OperationContext): Promise<Page> {
  const rendered = await getRecords.run(getRecords.prepare({ ShardIterator }), requestContext(context))
  if (!(rendered instanceof Rendered)) throw new Error('GetRecords renders its reply')
  return JSON.parse(rendered.bytes.toString()) as Page
}

/** The same shard, or one that comes after it by parents alone. */
function isWithin(stream: ChangeStream, last: string, shard: Shard): boolean {
  const shards = new Map(shardsOf(stream).map((each) => [each.id, each]))
  for (let at: Shard | undefined = shard; at !== undefined; at = shards.get(at.parentId ?? ''))
    if (at.id === last) return true
  return false
}

/** Told again in the simplest way: what the change did to what the region showed. */
function eventOf({ row, before }: Entry): string | undefined {
  const was = before === undefined || before.tombstone ? undefined : itemIn(before)
  const is = row.tombstone ? undefined : itemIn(row)
  if (was === undefined) return is === undefined ? undefined : 'INSERT'
  if (is === undefined) return 'REMOVE'
  return isDeepStrictEqual(was, is) ? undefined : 'MODIFY'
}

function itemIn({ body }: Row): Item {
  return JSON.parse(body.toString()) as Item
}
