/**
 * The partitions of a table or index: ranges of the hashes of partition keys, each with what a partition serves. One that stays hot is split while both
 * halves are used. In the end a single hot key has a partition of its own, and no more than that serves.
 */
import { partitionsMax, partitionUnitsMax, splitAfterMs, splitPauseMs } from '../limits/capacity-limits.ts'
import { Bucket } from './bucket.ts'
import type { Direction } from './direction.ts'

/** Hashes are unsigned integers of 32 bits. */
const hashesCount = 2 ** 32

type Heat = { sinceMs: number; refusedMs: number; lower: number; upper: number }

class Partition {
  readonly from: number
  readonly to: number
  readonly #read: Bucket
  readonly #write: Bucket
  heat: Heat | undefined

  constructor(from: number, to: number, nowMs: number) {
    this.from = from
    this.to = to
    this.#read = new Bucket(rates.read, nowMs)
    this.#write = new Bucket(rates.write, nowMs)
  }

  available(direction: Direction, nowMs: number): number {
    return direction === 'read' ? this.#read.available(rates.read, nowMs) : this.#write.available(rates.write, nowMs)
  }

  debit(direction: Direction, units: number, nowMs: number): void {
    if (direction === 'read') this.#read.debit(units, rates.read, nowMs)
    else this.#write.debit(units, rates.write, nowMs)
  }

  get middle(): number {
    return this.from + Math.floor((this.to - this.from) / 2)
  }
}

const rates = {
  read: { perSecond: partitionUnitsMax.read, burstSeconds: 1 },
  write: { perSecond: partitionUnitsMax.write, burstSeconds: 1 },
} as const

export class Partitions {
  /** In the order of their ranges, which leave nothing out. */
  readonly #partitions: Partition[]

  constructor(count: number, nowMs: number) {
    const ranges = Math.min(partitionsMax, Math.max(1, Math.ceil(count)))
    const at = (n: number): number => Math.floor((n * hashesCount) / ranges)
    this.#partitions = Array.from({ length: ranges }, (_, n) => new Partition(at(n), at(n + 1), nowMs))
  }

  get count(): number {
    return this.#partitions.length
  }

  /** Tokens of the key’s partition. One without any is noted as hot, and may be split by this. */
  available(hash: number, direction: Direction, nowMs: number): number {
    const partition = this.#of(hash)
    const tokens = partition.available(direction, nowMs)
    if (tokens > 0) return tokens
    if (!this.#refuse(partition, nowMs)) return tokens
    return this.#of(hash).available(direction, nowMs)
  }

  debit(hash: number, direction: Direction, units: number, nowMs: number): void {
    const partition = this.#of(hash)
    partition.debit(direction, units, nowMs)
    const { heat } = partition
    if (heat === undefined) return
    if (hash < partition.middle) heat.lower += units
    else heat.upper += units
  }

  /** True when the partition is split. */
  #refuse(partition: Partition, nowMs: number): boolean {
    const { heat } = partition
    if (heat === undefined || nowMs - heat.refusedMs > splitPauseMs) {
      partition.heat = { sinceMs: nowMs, refusedMs: nowMs, lower: 0, upper: 0 }
      return false
    }
    heat.refusedMs = nowMs
    if (nowMs - heat.sinceMs < splitAfterMs || this.#partitions.length >= partitionsMax) return false
    const { from, to, middle } = partition
    // One key alone is no better off in a half.
    if (heat.lower === 0 || heat.upper === 0) return false
    const halves = [new Partition(from, middle, nowMs), new Partition(middle, to, nowMs)]
    this.#partitions.splice(this.#partitions.indexOf(partition), 1, ...halves)
    return true
  }

  #of(hash: number): Partition {
    const { length } = this.#partitions
    // Where it lies as long as none is split, since they are of one size then.
    const likely = this.#partitions[Math.floor((hash * length) / hashesCount)]
    if (likely !== undefined && likely.from <= hash && hash < likely.to) return likely
    let [low, high] = [0, length - 1]
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#partitions[middle] as Partition).from <= hash) low = middle
      else high = middle - 1
    }
    return this.#partitions[low] as Partition
  }
}
