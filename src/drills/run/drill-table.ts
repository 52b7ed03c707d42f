/** The drill's own global table: made before it, and gone after it. Nobody else's items are touched. */
import { z } from 'zod'
import { watermarkAgeMsMax } from '../../core/limits/limits.ts'
import type { Proof } from '../definition/drill-record.ts'
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
const backups = z.object({
  BackupSummaries: z.array(z.object({ BackupArn: z.string(), BackupStatus: z.string() })),
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

const madeKey = z.object({ KeyMetadata: z.object({ Arn: z.string() }) })

type DrillTableOptions = {
  readonly name: string
  readonly target: Target
  readonly regions: readonly TargetRegion[]
  readonly wire: Wire
  /** It has a key of its own in each region, from the region's key service. */
  readonly hasKeys: boolean
  readonly isStrong?: boolean
}

export class DrillTable {
  readonly name: string
  readonly #target: Target
  readonly #regions: readonly TargetRegion[]
  readonly #wire: Wire
  readonly #hasKeys: boolean
  readonly #isStrong: boolean
  /** By region: the key of the table there. */
  readonly #keys = new Map<string, string>()

  constructor(options: DrillTableOptions) {
    this.name = options.name
    this.#target = options.target
    this.#regions = options.regions
    this.#wire = options.wire
    this.#hasKeys = options.hasKeys
    this.#isStrong = options.isStrong ?? false
  }

  async create(signal: AbortSignal): Promise<void> {
    const [first] = this.#regions
    if (first === undefined) return
    if (this.#hasKeys) for (const region of this.#regions) await this.#makeKey(region)
    const key = this.#keys.get(first.region)
    await this.#wire.send(
      first,
      'CreateTable',
      {
        TableName: this.name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        ...(key === undefined ? {} : { SSESpecification: { Enabled: true, SSEType: 'KMS', KMSMasterKeyId: key } }),
      },
      timeoutMs,
    )
    await this.#isActive(first, 0, signal)
    await this.replicate(first.region, signal)
  }

  /** From that region to all others. One a call, as on AWS. */
  async replicate(from: string, signal: AbortSignal): Promise<void> {
    const first = this.#placeOf(from)
    const others = this.#regions.filter(({ region }) => region !== from)
    if (this.#isStrong) await this.#makeStrong(first, others)
    else await this.#replicateEach(first, others, signal)
    for (const region of this.#regions) await this.#isActive(region, others.length, signal)
  }

  async #makeStrong(first: TargetRegion, others: readonly TargetRegion[]): Promise<void> {
    const ReplicaUpdates = others.map(({ region }) => ({ Create: { RegionName: region } }))
    const input = { TableName: this.name, MultiRegionConsistency: 'STRONG', ReplicaUpdates }
    // The first table of its regions waits for their quorum servers, which elect.
    await this.#wire.send(first, 'UpdateTable', input, activeMsMax)
  }

  async #replicateEach(first: TargetRegion, others: readonly TargetRegion[], signal: AbortSignal): Promise<void> {
    for (const [n, { region }] of others.entries()) {
      const key = this.#keys.get(region)
      const ReplicaUpdates = [{ Create: { RegionName: region, ...(key === undefined ? {} : { KMSMasterKeyId: key }) } }]
      await this.#wire.send(first, 'UpdateTable', { TableName: this.name, ReplicaUpdates }, timeoutMs)
      await this.#isActive(first, n + 1, signal)
    }
  }

  /** Of a table that has keys. */
  async switchKey(region: string, operation: 'EnableKey' | 'DisableKey'): Promise<void> {
    await this.#wire.kms(this.#placeOf(region), operation, { KeyId: this.#keys.get(region) }, timeoutMs)
  }

  async #makeKey(place: TargetRegion): Promise<void> {
    try {
      const made = await this.#wire.kms(place, 'CreateKey', { Description: `of ${this.name}` }, timeoutMs)
      this.#keys.set(place.region, madeKey.parse(made).KeyMetadata.Arn)
    } catch (error) {
      throw new Failure(`${place.region} has no key service, or one that makes no key (--kms): ${messageOf(error)}`)
    }
  }

  async keepHistory(region: string): Promise<void> {
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
    const input = { TableName: this.name, PointInTimeRecoverySpecification }
    await this.#wire.send(this.#placeOf(region), 'UpdateContinuousBackups', input, timeoutMs)
  }

  /** The replicas of all other regions go. */
  async leaveOnly(region: string): Promise<void> {
    if (this.#isStrong) await this.#dissolve(region)
    for (const other of this.#isStrong ? [] : this.#regions) {
      if (other.region === region) continue
      const body = { table: this.name, region: other.region, force: true }
      await this.#target.admin(region, 'replicas/remove', { body, timeoutMs })
    }
    await this.#until(`${this.name} has other replicas than that of ${region}`, async () => {
      const told = await this.#wire.send(this.#placeOf(region), 'DescribeTable', { TableName: this.name }, timeoutMs)
      const { Replicas = [], TableStatus } = description.parse(told).Table
      return Replicas.length === 0 && TableStatus === 'ACTIVE'
    })
  }

  async #dissolve(region: string): Promise<void> {
    const others = this.#regions.filter((each) => each.region !== region)
    const ReplicaUpdates = others.map((other) => ({ Delete: { RegionName: other.region } }))
    await this.#wire.send(this.#placeOf(region), 'UpdateTable', { TableName: this.name, ReplicaUpdates }, activeMsMax)
  }

  async delete(region: string): Promise<void> {
    await this.#wire.send(this.#placeOf(region), 'DeleteTable', { TableName: this.name }, timeoutMs)
  }

  /** From the backup that the deletion has left, under the same name. */
  async restore(region: string, signal: AbortSignal): Promise<void> {
    const place = this.#placeOf(region)
    const asked = { TableName: this.name, BackupType: 'SYSTEM' }
    let arn: string | undefined
    await this.#until(`${this.name} is not restored`, async () => {
      const { BackupSummaries } = backups.parse(await this.#wire.send(place, 'ListBackups', asked, timeoutMs))
      arn = BackupSummaries.findLast(({ BackupStatus }) => BackupStatus === 'AVAILABLE')?.BackupArn
      return arn !== undefined && (await this.#restoreFrom(place, arn))
    })
    await this.#isActive(place, 0, signal)
  }

  /** False while the deleted table still has the name. */
  async #restoreFrom(place: TargetRegion, BackupArn: string): Promise<boolean> {
    try {
      const input = { BackupArn, TargetTableName: this.name }
      await this.#wire.send(place, 'RestoreTableFromBackup', input, timeoutMs)
      return true
    } catch (error) {
      if (error instanceof Refusal && error.type === 'TableAlreadyExistsException') return false
      throw error
    }
  }

  async #until(otherwise: string, isSo: () => Promise<boolean>): Promise<void> {
    for (const deadline = nowMs() + activeMsMax; nowMs() < deadline;) {
      if (await isSo()) return
      await pause(pollMs)
    }
    throw new Failure(`after ${activeMsMax / 1000} s ${otherwise}`)
  }

  #placeOf(region: string): TargetRegion {
    const place = this.#regions.find((each) => each.region === region)
    if (place === undefined) throw new Failure(`no region ${region}`)
    return place
  }

  /** Best effort: a region that is down keeps its replica until it is up. */
  async remove(): Promise<void> {
    const [first] = this.#regions
    if (first === undefined) return
    try {
      await this.leaveOnly(first.region)
      await this.delete(first.region)
      for (const [region, KeyId] of this.#keys)
        await this.#wire.kms(this.#placeOf(region), 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 }, timeoutMs)
    } catch (error) {
      if (!(error instanceof Refusal && error.type === 'ResourceNotFoundException'))
        throw new Failure(`the drill's table ${this.name} could not be removed: ${messageOf(error)}`)
    }
  }

  /** Values by key. */
  async scan(region: string, isStrong = false): Promise<Readonly<Record<string, string>>> {
    const place = this.#placeOf(region)
    const found: [string, string][] = []
    let start: unknown
    do {
      const input = {
        TableName: this.name,
        ProjectionExpression: 'id, v',
        ...(isStrong ? { ConsistentRead: true } : {}),
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
      if (this.#isStrong) return await this.#compared(region)
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

  /** There is no watermark between members of one order: what a strong read of each shows is compared. */
  async #compared(region: string): Promise<Proof> {
    const own = await this.scan(region, true)
    const places = this.#regions.filter((each) => each.region !== region)
    const others = await Promise.all(places.map(async (each) => await this.scan(each.region, true)))
    const keys = new Set([own, ...others].flatMap((items) => Object.keys(items)))
    const differing = [...keys].filter((key) => others.some((items) => items[key] !== own[key])).length
    const replicas = places.map((each) => each.region)
    const rows = Object.keys(own).length
    return { askedOf: region, atMs: nowMs(), equal: differing === 0, rows, inMotion: 0, replicas, differing }
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
