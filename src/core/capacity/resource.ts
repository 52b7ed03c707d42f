/**
 * The capacity of one table or index: what limits its reads and writes, in the order in which DynamoDB names the limits. Provisioned throughput is the
 * table's as a whole, with a burst; so a hot partition may use what the others leave (adaptive capacity). On demand there is the maximum that the
 * table was given, the account's quota, and what its traffic has grown to. Partitions limit both.
 */
import { burstSecondsMax, onDemandUnitsMin, partitionUnitsMax, tableUnitsMax } from '../limits/capacity-limits.ts'
import { Bucket, type Rate } from './bucket.ts'
import type { Direction } from './direction.ts'
import { Growth } from './growth.ts'
import { Partitions } from './partitions.ts'

export type Units = { readonly readUnits: number; readonly writeUnits: number }

/** As a table or index is set now. */
export type Settings =
  | { readonly mode: 'PROVISIONED'; readonly units: Units }
  | {
      readonly mode: 'PAY_PER_REQUEST'
      readonly maxReadUnits?: number | undefined
      readonly maxWriteUnits?: number | undefined
      /** Warm throughput. */
      readonly warm?: Units | undefined
    }

/** What was exceeded, as in AWS's reasons: `TableRead` + cause + `Exceeded`. */
export type Cause = 'ProvisionedThroughput' | 'MaxOnDemandThroughput' | 'AccountLimit' | 'KeyRangeThroughput'

/** `floor`: what is served on demand at least; `grown`: with what the traffic has grown to. */
type Known = {
  readonly settings: Settings
  readonly limits: readonly Limit[]
  readonly floor: number
  readonly grown: number | undefined
}

type Limit = { readonly cause: Cause; readonly bucket: Bucket; readonly rate: Rate }

/** What is kept of the requests of one direction. */
type Lane = { readonly growth: Growth; known: Known | undefined }

export class ResourceCapacity {
  readonly #partitions: Partitions
  readonly #buckets = new Map<string, Bucket>()
  #mode: Settings['mode']
  /** What is known is so as long as the settings, and what the traffic has grown to, are what they were. */
  readonly #read: Lane = { growth: new Growth(), known: undefined }
  readonly #write: Lane = { growth: new Growth(), known: undefined }

  constructor(settings: Settings, nowMs: number) {
    this.#mode = settings.mode
    this.#partitions = new Partitions(partitionsOf(settings), nowMs)
  }

  /**
   * What refuses a request of this direction for these keys, if anything does. `ahead`: units that requests before it will have used by then, as those of one
   * batch.
   */
  refusal({ settings, direction, hashes, ahead = 0 }: Asked, nowMs: number): Cause | undefined {
    for (const { cause, bucket, rate } of this.#limits(settings, direction, nowMs))
      if (bucket.available(rate, nowMs) <= ahead) return cause
    for (const hash of hashes) if (this.#partitions.available(hash, direction, nowMs) <= 0) return 'KeyRangeThroughput'
    return undefined
  }

  /** What a request has used, in equal shares for its keys. */
  debit({ settings, direction, hashes }: Asked, units: number, nowMs: number): void {
    if (units <= 0) return
    for (const { bucket, rate } of this.#limits(settings, direction, nowMs)) bucket.debit(units, rate, nowMs)
    this.#laneOf(direction).growth.note(units, nowMs)
    for (const hash of hashes) this.#partitions.debit(hash, direction, units / hashes.length, nowMs)
  }

  #laneOf(direction: Direction): Lane {
    return direction === 'read' ? this.#read : this.#write
  }

  #limits(settings: Settings, direction: Direction, nowMs: number): readonly Limit[] {
    const lane = this.#laneOf(direction)
    const { known } = lane
    if (known?.settings === settings && settings.mode === this.#mode)
      if (known.grown === undefined || known.grown === lane.growth.perSecond(known.floor, nowMs)) return known.limits
    // What was left of the other mode’s says nothing of this one’s.
    if (settings.mode !== this.#mode) {
      this.#buckets.clear()
      this.#read.known = this.#write.known = undefined
    }
    this.#mode = settings.mode
    lane.known = this.#knownOf(settings, direction, nowMs)
    return lane.known.limits
  }

  #knownOf(settings: Settings, direction: Direction, nowMs: number): Known {
    const limit = (cause: Cause, perSecond: number, burstSeconds: number): Limit => {
      const rate = { perSecond, burstSeconds }
      return { cause, rate, bucket: this.#bucket(`${direction} ${cause}`, rate, nowMs) }
    }
    if (settings.mode === 'PROVISIONED') {
      const limits = [limit('ProvisionedThroughput', unitsOf(settings.units, direction), burstSecondsMax)]
      return { settings, limits, floor: 0, grown: undefined }
    }
    const max = direction === 'read' ? settings.maxReadUnits : settings.maxWriteUnits
    const warm = settings.warm === undefined ? 0 : unitsOf(settings.warm, direction)
    const floor = Math.max(onDemandUnitsMin[direction], warm)
    const grown = this.#laneOf(direction).growth.perSecond(floor, nowMs)
    const limits = [
      ...(max === undefined ? [] : [limit('MaxOnDemandThroughput', max, 1)]),
      limit('AccountLimit', Math.max(tableUnitsMax[direction], warm), 1),
      limit('KeyRangeThroughput', grown, 1),
    ]
    return { settings, limits, floor, grown }
  }

  #bucket(name: string, rate: Rate, nowMs: number): Bucket {
    const known = this.#buckets.get(name)
    if (known !== undefined) return known
    const bucket = new Bucket(rate, nowMs)
    this.#buckets.set(name, bucket)
    return bucket
  }
}

export type Asked = {
  readonly settings: Settings
  readonly direction: Direction
  /** Of the partition keys; none where the request is not limited to keys. */
  readonly hashes: readonly number[]
  readonly ahead?: number
}

const unitsOf = ({ readUnits, writeUnits }: Units, direction: Direction): number =>
  direction === 'read' ? readUnits : writeUnits

/** So many partitions as serve the throughput; a new on-demand table has four. */
function partitionsOf(settings: Settings): number {
  const { readUnits, writeUnits } = settings.mode === 'PROVISIONED' ? settings.units : warmOf(settings)
  return Math.max(1, Math.ceil(readUnits / partitionUnitsMax.read), Math.ceil(writeUnits / partitionUnitsMax.write))
}

function warmOf({ warm }: Extract<Settings, { readonly mode: 'PAY_PER_REQUEST' }>): Units {
  return {
    readUnits: Math.max(onDemandUnitsMin.read, warm?.readUnits ?? 0),
    writeUnits: Math.max(onDemandUnitsMin.write, warm?.writeUnits ?? 0),
  }
}
