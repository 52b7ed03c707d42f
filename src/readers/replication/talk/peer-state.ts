/** What a peer has said of itself, when that was heard, and what follows from it: its clock against ours, and the watermark. */
import type { Announcement } from '../../../core/change/control.ts'
import type { ClockState } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { clockDriftMsMax } from '../../../core/limits/limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Pace } from './line-pace.ts'
import { Watermark } from './watermark.ts'

const skewsMax = 10

export class PeerState {
  readonly watermark = new Watermark()
  /** Of the line that its words come over. */
  pace: Pace | undefined
  readonly #clock: Clock
  #last: Announcement | undefined
  #atMs = 0
  #skewsMs: number[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get last(): Announcement | undefined {
    return this.#last
  }

  /** The peer's clock minus ours, less the time that its word took. */
  get skewMs(): number | undefined {
    return this.#skewsMs.at(-1)
  }

  /** The same by the word that came the fastest of late. */
  get nearestSkewMs(): number | undefined {
    return this.#skewsMs.length === 0 ? undefined : Math.max(...this.#skewsMs)
  }

  silentForMs(): number {
    return this.#last === undefined ? Infinity : this.#clock.monotonicMs() - this.#atMs
  }

  /** Another session: what was said in the one before may no longer hold. */
  forget(): void {
    this.#last = undefined
  }

  /** By the bound within which changes are taken: a clock from years ahead would be a watermark for years. */
  #isCredible({ clock }: Announcement): boolean {
    return clock.wallMs <= this.#clock.wallMs() + clockDriftMsMax
  }

  /** `isFollowed`: it speaks of the log that our cursor is in. */
  take(said: Announcement, isFollowed: boolean): void {
    this.#last = said
    this.#atMs = this.#clock.monotonicMs()
    this.#skewsMs = [...this.#skewsMs.slice(1 - skewsMax), said.wallMs - this.#clock.wallMs()]
    const seen = said.owes === true ? undefined : said.seen
    if (isFollowed && this.#isCredible(said))
      this.watermark.promise({ position: said.flushed, clock: said.clock, seen })
  }
}

type SeenQuestion = {
  readonly self: string
  readonly here: string
  readonly origin: string
  readonly table: TableId
}

/** Up to when the region `here` has everything that `origin` wrote to the table, as far as the region `self` has heard. */
export function seenOf(
  peers: ReadonlyMap<string, { readonly peerState: PeerState }>,
  { self, here, origin, table }: SeenQuestion,
): ClockState | undefined {
  const seen =
    here === self
      ? peers.get(origin)?.peerState.watermark
      : peers.get(here)?.peerState.last?.seen.find(({ region }) => region === origin)
  return seen?.waiting?.find((each) => each.table === table)?.clock ?? seen?.clock
}
