/** Reads what a lane sends next: its records of a shard, as a function is given them, that pass the filters. */
import { type ChangeStream, type Shard } from '../../core/change-stream/change-stream.ts'
import { PageWriter } from '../../core/change-stream/page-writer.ts'
import { StreamRecords } from '../../core/change-stream/stream-record.ts'
import type { Position } from '../../core/change/change.ts'
import type { RecordHead } from '../../core/change/record.ts'
import { murmur3 } from '../../core/key/partition-hash.ts'
import { streamPageBytesMax, streamTurnRecordsMax } from '../../core/limits/stream-limits.ts'
import { triggerLookedMax } from '../../core/limits/trigger-limits.ts'
import { matchesAny, type Pattern } from '../../core/triggers/event-filter.ts'
import type { Gathered, LaneRecord } from '../../core/triggers/trigger-lane.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Clock } from '../../ports/clock.ts'

export type LaneQuery = {
  readonly stream: ChangeStream
  readonly shard: Shard
  readonly streamArn: string
  readonly lane: number
  readonly lanes: number
  readonly after: Position
  readonly upTo: Position
  readonly countMax: number
  readonly bytesMax: number
  readonly patterns: readonly Pattern[]
}

export type LaneBatch = Gathered & {
  /** The first records of the batch in JSON, with commas between them. */
  readonly json: (count: number) => Buffer
  readonly filtered: number
}

type Reads = Pick<Engine, 'streams' | 'region'>

export async function readLane(engine: Reads, clock: Pick<Clock, 'sleep'>, query: LaneQuery): Promise<LaneBatch> {
  const gathering = new Gathering(query, engine.region)
  let after = query.after
  while (after < query.upTo && !gathering.isFull) {
    const bounds = { after, upTo: query.upTo, countMax: streamTurnRecordsMax, bytesMax: streamPageBytesMax }
    const part = { stream: query.stream.number, shard: query.shard, ...bounds }
    const turns = engine.streams.read(part, (head, entry) => gathering.visit(head, entry))
    let step = turns.next()
    for (; step.done !== true; step = turns.next()) await clock.sleep(0)
    after = step.value.upTo
    if (after < query.upTo) await clock.sleep(0)
  }
  return gathering.batch(after)
}

class Gathering {
  readonly #query: LaneQuery
  readonly #writer = new PageWriter()
  readonly #written: StreamRecords
  readonly #end: string
  readonly #records: LaneRecord[] = []
  /** Where each record ends. */
  readonly #ends: number[] = []
  #looked = 0
  #filtered = 0
  /** The position of the first record that did not fit. */
  #rest: Position | undefined

  constructor(query: LaneQuery, region: Reads['region']) {
    this.#query = query
    this.#written = new StreamRecords({ stream: query.stream, shard: query.shard, region }, this.#writer)
    this.#end = `,"eventSourceARN":${JSON.stringify(query.streamArn)}}`
  }

  get isFull(): boolean {
    return this.#rest !== undefined || this.#looked >= triggerLookedMax
  }

  visit(head: RecordHead, entry: Buffer): void {
    const { countMax, bytesMax, patterns } = this.#query
    if (this.#rest !== undefined || !this.#isOfLane(head, entry)) return
    if (this.#records.length >= countMax) return void (this.#rest = head.position)
    this.#looked++
    const writer = this.#writer
    const from = writer.length
    if (this.#records.length > 0) writer.text(',')
    const start = writer.length
    this.#written.write(head, entry)
    writer.cut(writer.length - 1)
    writer.copy(Buffer.from(this.#end))
    if (patterns.length > 0 && !matchesAny(patterns, JSON.parse(writer.bytes().toString('utf8', start)))) {
      this.#filtered++
      return writer.cut(from)
    }
    if (writer.length > bytesMax && this.#records.length > 0) {
      this.#rest = head.position
      return writer.cut(from)
    }
    this.#records.push({ position: head.position, atMs: head.at })
    this.#ends.push(writer.length)
  }

  batch(readUpTo: Position): LaneBatch {
    const { shard } = this.#query
    const upTo = this.#rest === undefined ? readUpTo : this.#rest - 1
    const bytes = this.#writer.bytes()
    return {
      records: this.#records,
      upTo,
      isFull: this.isFull || this.#records.length >= this.#query.countMax,
      isEnd: shard.upTo !== undefined && upTo >= shard.upTo,
      json: (count) => bytes.subarray(0, count === 0 ? 0 : this.#ends[count - 1]),
      filtered: this.#filtered,
    }
  }

  /** All records of an item are in one lane. */
  #isOfLane({ keyStart, rowStart }: RecordHead, entry: Buffer): boolean {
    const { lane, lanes } = this.#query
    return lanes === 1 || (murmur3(entry, keyStart, rowStart, laneSeed) >>> 0) % lanes === lane
  }
}

const laneSeed = 0x54726967
