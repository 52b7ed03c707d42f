/**
 * What an engine keeps of an order that several regions share, written with every flush group: the order's place, the clock of its
 * stamps and the digest of what was decided. All of it follows from the order alone, so it is the same in every region at the same place.
 */
import { checksum } from '../../core/checksum.ts'
import {
  type ClockState,
  clockZero,
  isAfter,
  stampOf,
  tick,
} from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { Stamp } from '../../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../core/table/table.ts'
import type { Author, Decided, Ordered, OrderPlace } from '../../ports/order.ts'
import type { Store } from '../../ports/store.ts'
import type { DecisionTime } from './decision-time.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import { orderKey } from '../store/keys.ts'

/** The record, and what a replica that starts from the state of another one is given. */
export type OrderRecord = Decided & {
  readonly place: OrderPlace
  /** The rows were taken from another replica, which had come to this place when the last of them was read. */
  readonly ahead?: { readonly sequence: number; readonly digest: number } | undefined
}

export class OrderBook {
  /** The durable place of the order. */
  durable: OrderPlace | undefined
  readonly #groups: Groups
  readonly #time: DecisionTime
  readonly #place: (() => OrderPlace) | undefined
  #isFollowed = false
  #clock: ClockState = clockZero
  #digest = 0
  #ahead: OrderRecord['ahead']
  #author: Author | undefined

  /** `place` undefined: the order is this process' own, and nothing is kept. */
  constructor(groups: Groups, time: DecisionTime, place: (() => OrderPlace) | undefined) {
    this.#groups = groups
    this.#time = time
    this.#place = place
  }

  /** Who has appended what is decided now; undefined for what no other region decides. */
  get author(): Author | undefined {
    return this.#author
  }

  decidedUpTo(sequence: number): Decided {
    if (this.#ahead !== undefined && sequence >= this.#ahead.sequence) {
      this.#digest = this.#ahead.digest
      this.#ahead = undefined
    }
    return { clock: this.#clock, digest: this.#ahead === undefined ? this.#digest : undefined }
  }

  /** As it is durable; undefined before anything is. */
  stored(store: Pick<Store, 'get'>): OrderRecord | undefined {
    const bytes = this.#place === undefined ? undefined : store.get(orderKey)
    return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as OrderRecord)
  }

  /** What another replica may start from; undefined while this one has not come as far as the one that it started from. */
  told(store: Pick<Store, 'get'>): OrderRecord | undefined {
    const record = this.stored(store)
    return record?.ahead === undefined ? record : undefined
  }

  /** The store has the rows of another replica, as they were read from `begin` to `end`. */
  begin(group: Group, { clock, place }: OrderRecord, end: OrderRecord): void {
    const { place: last, digest = 0 } = end
    // Where nothing was decided meanwhile the digest is that of the place: what follows is added to it.
    const isThere = last.sequence <= place.sequence
    const record: OrderRecord = isThere
      ? { clock, digest, place }
      : { clock, digest: 0, place, ahead: { sequence: last.sequence, digest } }
    this.#groups.put(group, orderKey, Buffer.from(JSON.stringify(record)))
  }

  load(store: Pick<Store, 'get'>): void {
    const stored = this.stored(store)
    this.#clock = stored?.clock ?? clockZero
    this.#digest = stored?.digest ?? 0
    this.#ahead = stored?.ahead
    this.durable = stored?.place
  }

  /** Until the order is followed again, the store is further back than the order has come. */
  unfollow(): void {
    this.#isFollowed = false
  }

  follow(): void {
    this.#isFollowed = true
  }

  seal(group: Group): void {
    if (this.#place === undefined || !this.#isFollowed) return
    const place = this.#place()
    const stored: OrderRecord = { ...this.decidedUpTo(place.sequence), place, ahead: this.#ahead }
    this.#groups.put(group, orderKey, Buffer.from(JSON.stringify(stored)))
    group.effects.push(() => (this.durable = place))
  }

  /** `work` decides it in one turn. */
  deciding<Result>({ atMs, author }: Pick<Ordered<unknown>, 'atMs' | 'author'>, work: () => Result): Result {
    this.#author = author
    try {
      return this.#time.at(atMs, work)
    } finally {
      this.#author = undefined
    }
  }

  /** `work` is this region's own part of what is decided now. */
  aside(work: () => void): void {
    const author = this.#author
    this.#author = undefined
    try {
      work()
    } finally {
      this.#author = author
    }
  }

  /** The stamp of the write that is decided now, accepted or not; undefined where no other region decides it. */
  nextStamp(): Stamp | undefined {
    if (this.#author === undefined) return undefined
    this.#clock = tick(this.#clock, this.#time.wallMs())
    return stampOf(this.#clock, this.#author.number)
  }

  /** The author did not know of this write when it appended what is decided now. */
  isUnknown(stamp: Stamp): boolean {
    const author = this.#author
    return author?.basis !== undefined && stamp.region !== author.number && isAfter(stamp, author.basis)
  }

  /** A row that was decided. */
  note(table: TableId, key: Buffer, row: Buffer): void {
    if (this.#author === undefined) return
    const named = Buffer.from(table)
    const before = checksum(key, 0, key.length, checksum(named, 0, named.length, this.#digest))
    this.#digest = checksum(row, 0, row.length, before)
  }
}
