/**
 * `longitude streams tail TABLE`: a table's change stream in one region, each record a line of JSON. A shard is read once its parent is read to its end, so the records of
 * an item are printed in their order. While the region does not answer, the command waits and goes on where it was.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { z } from 'zod'
import { NoAnswer, type Place, Refusal, Wire } from '../../../drills/run/load/wire.ts'
import { Failure } from '../../../process/failure.ts'
import { placeOf } from '../../options/place.ts'

const pollMs = 500
const describeMs = 5000
const answerMsMax = 10_000

const described = z.object({ Table: z.object({ LatestStreamArn: z.string().optional() }) })
const shard = z.object({
  ShardId: z.string(),
  ParentShardId: z.string().optional(),
  SequenceNumberRange: z.object({ EndingSequenceNumber: z.string().optional() }),
})
const description = z.object({
  StreamDescription: z.object({
    StreamStatus: z.string(),
    Shards: z.array(shard),
    LastEvaluatedShardId: z.string().optional(),
  }),
})
const iterated = z.object({ ShardIterator: z.string() })
const page = z.object({ Records: z.array(z.unknown()), NextShardIterator: z.string().optional() })

type Shard = z.output<typeof shard>
type Followed = { readonly parent: string | undefined; iterator: string | undefined; type: string; isRead: boolean }

export async function runStreamsTail(command: Command, json: boolean): Promise<void> {
  const { region, from = 'now' } = command.opts<{ region?: string; from?: string }>()
  if (from !== 'now' && from !== 'oldest') throw new Failure('--from is now or oldest')
  const wire = new Wire()
  try {
    await new Tail(wire, placeOf(command, region), json).run(command.args[0] ?? '', from)
  } finally {
    wire.close()
  }
}

class Tail {
  readonly #wire: Wire
  readonly #place: Place
  readonly #complain: (error: string) => void
  readonly #shards = new Map<string, Followed>()
  #isDisabled = false
  #isSilent = false

  constructor(wire: Wire, place: Place, json: boolean) {
    this.#wire = wire
    this.#place = place
    this.#complain = (error) => console.error(json ? JSON.stringify({ error }) : `longitude: ${error}`)
  }

  /** Until the stream is disabled and read to its end. */
  async run(table: string, from: 'now' | 'oldest'): Promise<void> {
    const arn = await this.#streamOf(table)
    await this.#look(arn, from)
    for (let lookedMs = Date.now(); ;) {
      const printed = await this.#readAll(arn)
      const open = [...this.#shards.values()].filter(({ isRead }) => !isRead)
      if (open.length === 0 && this.#isDisabled) return
      if (Date.now() - lookedMs > describeMs || open.length === 0) {
        await this.#look(arn, 'oldest')
        lookedMs = Date.now()
      }
      if (printed === 0) await sleep(pollMs)
    }
  }

  async #streamOf(table: string): Promise<string> {
    const { Table: found } = described.parse(await this.#ask('DescribeTable', { TableName: table }))
    if (found.LatestStreamArn === undefined) throw new Failure(`${table} has no stream in ${this.#place.region}`)
    return found.LatestStreamArn
  }

  /** Shards that are there when the command begins are followed from now on, later ones from their beginning. */
  async #look(arn: string, from: 'now' | 'oldest'): Promise<void> {
    const listed = new Set<string>()
    for (let start: string | undefined, isFirst = true; isFirst || start !== undefined; isFirst = false) {
      const input = { StreamArn: arn, ...(start === undefined ? {} : { ExclusiveStartShardId: start }) }
      const { StreamDescription: stream } = description.parse(await this.#ask('DescribeStream', input))
      this.#isDisabled = stream.StreamStatus === 'DISABLED'
      for (const each of stream.Shards) {
        listed.add(each.ShardId)
        this.#follow(each, from)
      }
      start = stream.LastEvaluatedShardId
    }
    // Those that are over are forgotten.
    for (const [id, { isRead }] of this.#shards) if (isRead && !listed.has(id)) this.#shards.delete(id)
  }

  #follow({ ShardId: id, ParentShardId: parent, SequenceNumberRange: range }: Shard, from: 'now' | 'oldest'): void {
    if (this.#shards.has(id)) return
    const isRead = from === 'now' && range.EndingSequenceNumber !== undefined
    this.#shards.set(id, { parent, iterator: undefined, type: from === 'now' ? 'LATEST' : 'TRIM_HORIZON', isRead })
  }

  async #readAll(arn: string): Promise<number> {
    let printed = 0
    for (const [id, followed] of this.#shards) {
      const isParentRead = followed.parent === undefined || this.#shards.get(followed.parent)?.isRead !== false
      if (!followed.isRead && isParentRead) printed += await this.#read(arn, id, followed)
    }
    return printed
  }

  async #read(arn: string, id: string, followed: Followed): Promise<number> {
    try {
      followed.iterator ??= await this.#iteratorOf(arn, id, followed.type)
      const { Records: records, NextShardIterator: next } = page.parse(
        await this.#ask('GetRecords', { ShardIterator: followed.iterator }),
      )
      for (const record of records) console.log(JSON.stringify(record))
      followed.iterator = next
      followed.isRead = next === undefined
      return records.length
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (!lost.has(error.type)) throw error
      this.#complain(`records of ${id} were lost: ${error.message}`)
      Object.assign(followed, { iterator: undefined, type: 'TRIM_HORIZON' })
      return 0
    }
  }

  async #iteratorOf(arn: string, id: string, type: string): Promise<string> {
    const input = { StreamArn: arn, ShardId: id, ShardIteratorType: type }
    return iterated.parse(await this.#ask('GetShardIterator', input)).ShardIterator
  }

  /** Waits for a region that does not answer. */
  async #ask(operation: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
    for (;;) {
      try {
        const answer = await this.#wire.send(this.#place, operation, input, answerMsMax)
        this.#isSilent = false
        return answer
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error
        if (!this.#isSilent) this.#complain(`${this.#place.region} does not answer: ${error.message}`)
        this.#isSilent = true
        await sleep(pollMs)
      }
    }
  }
}

/** The iterator is too old, or the region could not keep what it points at. */
const lost: ReadonlySet<string> = new Set(['TrimmedDataAccessException', 'ExpiredIteratorException'])
