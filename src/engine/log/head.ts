/**
 * The engine's small state as decided, written with every group: where the log ends and begins, the hybrid logical clock,
 * and the last number given to a table, a conflict, and what was set aside. No counter lives only in memory.
 */
import { assert } from '../../core/assert.ts'
import type { Position } from '../../core/change/change.ts'
import {
  type ClockState,
  clockZero,
  isAfter,
  receive,
  stampOf,
  tick,
} from '../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import type { RegionNumber, Stamp } from '../../core/hybrid-logical-clock/stamp.ts'

/** Numbers (first, last] are kept; `bytes` is their size. */
export type Feed = { readonly first: number; readonly last: number; readonly bytes: number }

type State = {
  readonly position: Position
  readonly oldest: Position
  readonly clock: ClockState
  readonly tables: number
  readonly conflicts: Feed
  readonly setAside: Feed
  /** Absent while there are none, and in a store of an older version. */
  readonly overruled?: Feed
  /** Bytes that have ever been written to the log, since they are counted. */
  readonly logBytes?: number
}

const emptyFeed: Feed = { first: 0, last: 0, bytes: 0 }

export class Head {
  /** The last position given out. */
  position: Position = 0
  /** The first position that the log still holds, or the next one. */
  oldest: Position = 1
  clock: ClockState = clockZero
  tables = 0
  conflicts: Feed = emptyFeed
  setAside: Feed = emptyFeed
  overruled: Feed = emptyFeed
  logBytes = 0

  encode(): Buffer {
    const { position, oldest, clock, tables } = this
    assert(oldest >= 1 && oldest <= position + 1, 'head: the log begins before it ends')
    // By hand, with every commit: JSON.stringify takes several times as long, and longest for a single put.
    const { wallMs, counter } = clock
    const log = `"position":${position},"oldest":${oldest},"clock":{"wallMs":${wallMs},"counter":${counter}},"logBytes":${this.logBytes}`
    const overruled = this.overruled.last === 0 ? '' : `,"overruled":${feedText(this.overruled)}`
    const feeds = `"conflicts":${feedText(this.conflicts)},"setAside":${feedText(this.setAside)}${overruled}`
    return Buffer.from(`{${log},"tables":${tables},${feeds}}`, 'latin1')
  }

  /** Everything as stored, but the clock, which never goes back: it may have been seen by somebody. */
  load(bytes: Buffer | undefined): void {
    const state = bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as State)
    this.position = state?.position ?? 0
    this.oldest = state?.oldest ?? 1
    this.tables = state?.tables ?? 0
    this.conflicts = state?.conflicts ?? emptyFeed
    this.setAside = state?.setAside ?? emptyFeed
    this.overruled = state?.overruled ?? emptyFeed
    this.logBytes = state?.logBytes ?? 0
    if (state !== undefined && isAfter(state.clock, this.clock)) this.clock = state.clock
  }

  /** The stamp of a write of this region. */
  stamp(nowMs: number, region: RegionNumber): Stamp {
    this.#advance(tick(this.clock, nowMs))
    return stampOf(this.clock, region)
  }

  /** Without an event, so that an idle region's time goes on too. */
  follow(nowMs: number): void {
    if (nowMs > this.clock.wallMs) this.#advance({ wallMs: nowMs, counter: 0 })
  }

  /** What is ordered has this time. */
  reach({ wallMs, counter }: ClockState): void {
    if (isAfter({ wallMs, counter }, this.clock)) this.#advance({ wallMs, counter })
  }

  /** What a peer wrote at `remote` has arrived: whatever is written here from now on is later. */
  receive(remote: Stamp, nowMs: number): void {
    this.#advance(receive(this.clock, remote, nowMs))
  }

  #advance(next: ClockState): void {
    assert(isAfter(next, this.clock), 'head: the clock only goes forward')
    this.clock = next
  }
}

const feedText = ({ first, last, bytes }: Feed): string => `{"first":${first},"last":${last},"bytes":${bytes}}`
