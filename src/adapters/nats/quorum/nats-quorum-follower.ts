/**
 * Follows a shared stream. The leader pushes each entry once it is placed; a push may be lost, late, double or out of order, so what is given
 * on is decided by sequences alone, and what is missing is asked for: first of any copy, which has only what a majority has placed and
 * may be behind, then of the leader. No consumer with a memory of its own stands between.
 */
import {
  quorumFetchBytesMax,
  quorumFetchesMax,
  quorumIdlePollMs,
  quorumMissMsMax,
  quorumMissPollMs,
  quorumPushGraceMs,
  quorumSilentMsMax,
} from '../../../core/limits/quorum-server-limits.ts'
import { connectBackOffMsMax, connectBackOffMsMin } from '../../../core/limits/limits.ts'
import { BackOff } from '../../../core/back-off.ts'
import { errorText } from '../../../core/error-text.ts'
import { Repeats } from '../../../core/repeats.ts'
import type { Log } from '../../../ports/log.ts'
import type { QuorumEntry } from '../../../ports/quorum.ts'
import { Pause } from '../nats-pause.ts'
import type { QuorumApi } from './nats-quorum-api.ts'
import { PushedEntries } from './nats-quorum-pushed.ts'

export type FollowerOptions = {
  readonly api: QuorumApi
  readonly after: number
  readonly take: (entry: QuorumEntry) => void | Promise<void>
  readonly onGap: (first: number) => void
  readonly log: Log
}

export class QuorumFollower {
  readonly #options: FollowerOptions
  readonly #pushed = new PushedEntries()
  readonly #repeats = new Repeats()
  readonly #misses = new BackOff(quorumMissPollMs.first, quorumMissPollMs.most)
  readonly #failures = new BackOff(connectBackOffMsMin, connectBackOffMsMax)
  #next: number
  /** When an entry was taken last, or copies were asked whether there is a next one. */
  #lookedMs = -Infinity
  /** The last entry that is placed, as far as is known here. */
  #known = 0
  /** Entries to ask for together. */
  #window = 1
  /** Since when no copy has given the next entry, which is placed. */
  #missingSinceMs: number | undefined
  /** Whether the beginning of the stream has been compared with what is wanted, since the last connection. */
  #isCompared = false
  #isComparing = false
  #grace: NodeJS.Timeout | undefined
  #isOver = false
  #isWoken = false
  readonly #rest = new Pause()
  readonly #running: Promise<void>

  constructor(options: FollowerOptions) {
    this.#options = options
    this.#next = options.after + 1
    this.#running = this.#run()
  }

  /** The last entry that was taken. */
  get taken(): number {
    return this.#next - 1
  }

  pushed(entry: QuorumEntry): void {
    if (entry.sequence < this.#next) return
    this.#pushed.add(entry)
    // Each later one says that those before it are placed too.
    this.#known = Math.max(this.#known, entry.sequence)
    this.#rouse()
  }

  /** An entry of this sequence has its place; it is asked for only when it has not been pushed a moment later. */
  placed(sequence: number): void {
    if (sequence <= this.#known) return
    this.#known = sequence
    if (sequence < this.#next || this.#isOver) return
    this.#grace ??= setTimeout(() => {
      this.#grace = undefined
      if (this.#isBehind) this.#rouse()
    }, quorumPushGraceMs).unref()
  }

  /** What was pushed meanwhile is lost. */
  connected(): void {
    this.#isCompared = false
    this.#lookedMs = -Infinity
    this.#rouse()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#grace)
    this.#rouse()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#isOver)
      try {
        const entries = await this.#entries()
        this.#failures.reset()
        for (const entry of entries) {
          // Also a gap may have been told meanwhile.
          if (this.#isOver) return
          await this.#options.take(entry)
          this.#next = entry.sequence + 1
        }
        if (entries.length > 0) this.#lookedMs = performance.now()
        if (entries.length === 0) await this.#pause(this.#isBehind ? this.#misses.next() : this.#idleMsLeft)
      } catch (error) {
        this.#tell(errorText(error))
        await this.#pause(this.#failures.next())
      }
  }

  get #isBehind(): boolean {
    return this.#known >= this.#next
  }

  /** The next entries, which may be none. */
  async #entries(): Promise<readonly QuorumEntry[]> {
    const entries = await this.#pushedOrFetched()
    if (entries.length > 0) {
      this.#missingSinceMs = undefined
      this.#misses.reset()
    }
    return entries
  }

  async #pushedOrFetched(): Promise<readonly QuorumEntry[]> {
    const pushed = this.#pushed.from(this.#next)
    if (pushed.length > 0) return pushed
    if (!this.#isCompared) void this.#compareAside()
    if (!this.#isBehind && this.#idleMsLeft > 0) return []
    const fetched = this.#isBehind ? await this.#fetchKnown() : await this.#fetchUnknown()
    if (fetched.length > 0 || !this.#isBehind) return fetched
    this.#missingSinceMs ??= performance.now()
    return this.#isMissingLong ? await this.#fetchFromLeader() : []
  }

  /** Until copies are asked. A question after each pushed entry would double what the servers do, and the next push would wait for its answer. */
  get #idleMsLeft(): number {
    return Math.max(0, this.#lookedMs + quorumIdlePollMs - performance.now())
  }

  async #fetchKnown(): Promise<readonly QuorumEntry[]> {
    const { api } = this.#options
    const count = Math.min(this.#window, this.#known - this.#next + 1)
    const asked = Array.from({ length: count }, async (_, index) => await api.entry(this.#next + index, 'any'))
    const entries: QuorumEntry[] = []
    for (const answer of await Promise.allSettled(asked)) {
      if (answer.status === 'rejected') this.#tell(errorText(answer.reason))
      if (answer.status === 'rejected' || answer.value === undefined) break
      entries.push(answer.value)
    }
    this.#adaptWindow(entries)
    return entries
  }

  #adaptWindow(entries: readonly QuorumEntry[]): void {
    const largest = Math.max(1, ...entries.map(({ bytes }) => bytes.length))
    const affordable = Math.floor(quorumFetchBytesMax / largest)
    this.#window = Math.max(1, Math.min(quorumFetchesMax, affordable, entries.length * 2))
  }

  async #fetchUnknown(): Promise<readonly QuorumEntry[]> {
    const found = await this.#options.api.entryFrom(this.#next)
    this.#lookedMs = performance.now()
    if (found === undefined) return []
    this.#known = Math.max(this.#known, found.sequence)
    if (found.sequence === this.#next) return [found]
    // The copy has later entries and not this one: the stream was trimmed, or the copy has a gap.
    this.#missingSinceMs = -Infinity
    return []
  }

  get #isMissingLong(): boolean {
    return this.#missingSinceMs !== undefined && performance.now() - this.#missingSinceMs >= quorumMissMsMax
  }

  async #fetchFromLeader(): Promise<readonly QuorumEntry[]> {
    const entry = await this.#options.api.entry(this.#next, 'leader')
    if (entry === undefined) await this.#compare()
    return entry === undefined ? [] : [entry]
  }

  /** Meanwhile copies give what they have, also where there is no leader. */
  async #compareAside(): Promise<void> {
    if (this.#isComparing) return
    this.#isComparing = true
    try {
      await this.#compare()
      this.#rouse()
    } catch (error) {
      this.#tell(errorText(error))
    } finally {
      this.#isComparing = false
    }
  }

  /** Compares what is wanted with what the leader has. */
  async #compare(): Promise<void> {
    const { api, onGap, log } = this.#options
    const { first, last } = await api.facts(quorumSilentMsMax)
    if (this.#isOver) return
    this.#isCompared = true
    const isLacking = this.#isMissingLong && last >= this.#next
    if (first > this.#next || isLacking) {
      this.#isOver = true
      onGap(Math.max(first, this.#next + 1))
      return
    }
    if (last < this.#next - 1)
      log.error('the shared stream ends before what this region has applied of it: its servers have lost entries', {
        group: api.group,
        last,
        applied: this.#next - 1,
      })
    this.#known = Math.max(last, this.#next - 1)
    this.#missingSinceMs = undefined
  }

  #tell(error: string): void {
    const times = this.#repeats.note(error, performance.now())
    const { api, log } = this.#options
    if (times !== undefined)
      log.warn('a shared stream is not followed for the moment', { group: api.group, error, times })
  }

  #rouse(): void {
    this.#isWoken = true
    this.#rest.end()
  }

  async #pause(ms: number): Promise<void> {
    if (!this.#isOver && !this.#isWoken) await this.#rest.wait(ms)
    this.#isWoken = false
  }
}
