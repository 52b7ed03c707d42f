/** The drill's own global table: made before it, and gone after it. Nobody else's items are touched. */
import { z } from 'zod'
import { watermarkAgeMsMax } from '../../core/limits.ts'
import type { Proof } from '../definition/record.ts'
import { Failure, messageOf } from '../../process/failure.ts'
import { nowMs, pause } from './time.ts'
import type { Target, TargetRegion } from './targets/target.ts'
import { Refusal, type Wire } from './load/wire.ts'

const timeoutMs = 10_000
const activeMsMax = 60_000
const pollMs = 100
const verifyMsMax = 20_000

const description = z.object({
  Table: z.object({
    TableStatus: z.string(),
    Replicas: z.array(z.object({ RegionName: z.string(), ReplicaStatus: z.string() })).optional(),
  }),
})
const page = z.object({
  Items: z.array(z.object({ id: z.object({ S: z.string() }), v: z.object({ S: z.string() }).optional() })),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
})
const verified = z.object({
  equal: z.boolean(),
  watermark: z.object({ wallMs: z.number(), counter: z.number() }),
  watermarkAgeMs: z.number().optional(),
  replicas: z.array(z.string()),
  rows: z.number(),
  inMotion: z.number(),
  differing: z.array(z.unknown()),
})

export class DrillTable {
  readonly name: string
  readonly #target: Target
  readonly #regions: readonly TargetRegion[]
  readonly #wire: Wire

  constructor(options: { name: string; target: Target; regions: readonly TargetRegion[]; wire: Wire }) {
    this.name = options.name
    this.#target = options.target
    this.#regions = options.regions
    this.#wire = options.wire
  }

  async create(signal: AbortSignal): Promise<void> {
    const [first, ...others] = this.#regions
    if (first === undefined) return
    await this.#wire.send(
      first,
      'CreateTable',
      {
        TableName: this.name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      },
      timeoutMs,
    )
    await this.#isActive(first, 0, signal)
    // One a call, as on AWS.
    for (const [n, { region }] of others.entries()) {
      const ReplicaUpdates = [{ Create: { RegionName: region } }]
      await this.#wire.send(first, 'UpdateTable', { TableName: this.name, ReplicaUpdates }, timeoutMs)
      await this.#isActive(first, n + 1, signal)
    }
    for (const region of this.#regions) await this.#isActive(region, others.length, signal)
  }

  /** Best effort: a region that is down keeps its replica until it is up. */
  async remove(): Promise<void> {
    const [first, ...others] = this.#regions
    if (first === undefined) return
    const input = { TableName: this.name }
    try {
      for (const { region } of others) {
        const body = { table: this.name, region, force: true }
        await this.#target.admin(first.region, 'replicas/remove', { body, timeoutMs })
      }
      const deadline = nowMs() + activeMsMax
      while (nowMs() < deadline) {
        const { Table } = description.parse(await this.#wire.send(first, 'DescribeTable', input, timeoutMs))
        if ((Table.Replicas ?? []).length === 0 && Table.TableStatus === 'ACTIVE') break
        await pause(pollMs)
      }
      await this.#wire.send(first, 'DeleteTable', input, timeoutMs)
    } catch (error) {
      if (!(error instanceof Refusal && error.type === 'ResourceNotFoundException'))
        throw new Failure(`the drill's table ${this.name} could not be removed: ${messageOf(error)}`)
    }
  }

  /** Values by key. */
  async scan(region: string): Promise<Readonly<Record<string, string>>> {
    const place = this.#regions.find((each) => each.region === region)
    if (place === undefined) throw new Failure(`no region ${region}`)
    const found: [string, string][] = []
    let start: unknown
    do {
      const input = {
        TableName: this.name,
        ProjectionExpression: 'id, v',
        ...(start === undefined ? {} : { ExclusiveStartKey: start }),
      }
      const told = page.parse(await this.#wire.send(place, 'Scan', input, timeoutMs))
      for (const { id, v } of told.Items) found.push([id.S, v?.S ?? ''])
      start = told.LastEvaluatedKey
    } while (start !== undefined)
    return Object.fromEntries(found)
  }

  async proof(region: string): Promise<Proof> {
    const told = { askedOf: region, atMs: nowMs() }
    try {
      const answer = await this.#target.admin(region, 'verify', { body: { table: this.name }, timeoutMs: verifyMsMax })
      const { equal, watermark, watermarkAgeMs = 0, replicas, rows, inMotion, differing } = verified.parse(answer)
      const proof = { ...told, atMs: nowMs(), equal, watermark, rows, inMotion, replicas, differing: differing.length }
      if (!equal || watermarkAgeMs <= watermarkAgeMsMax) return proof
      const problem = `equal only up to ${Math.round(watermarkAgeMs / 1000)} s before it was asked: that proves too little`
      return { ...proof, equal: false, problem }
    } catch (error) {
      return { ...told, equal: false, rows: 0, inMotion: 0, replicas: [], differing: 0, problem: messageOf(error) }
    }
  }

  async #isActive(region: TargetRegion, replicas: number, signal: AbortSignal): Promise<void> {
    const deadline = nowMs() + activeMsMax
    let last = 'no answer'
    while (nowMs() < deadline) {
      if (signal.aborted) throw new Failure('interrupted')
      try {
        const answer = await this.#wire.send(region, 'DescribeTable', { TableName: this.name }, timeoutMs)
        const { TableStatus, Replicas = [] } = description.parse(answer).Table
        const active = Replicas.filter(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE').length
        if (TableStatus === 'ACTIVE' && Replicas.length === active && active >= replicas) return
        last = `it is ${TableStatus}, ${active} of ${replicas} replicas are active`
      } catch (error) {
        last = messageOf(error)
      }
      await pause(pollMs, signal)
    }
    throw new Failure(`the table ${this.name} is not ready in ${region.region}: ${last}`)
  }
}
