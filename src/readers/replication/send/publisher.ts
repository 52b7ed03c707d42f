/**
 * Follows the own log up to what is durable and appends what concerns the peers to the own stream, in the log's order.
 * The stream itself says how far that has come: the header of its last message. Messages carry one change when little
 * happens and grow while much does, since the next waits a moment. Whatever goes wrong with the stream (away, wiped, another
 * publisher, a full disk), the publisher reads its end again and goes on from there; local writes never wait for it. What a refusal is, and
 * how long the publisher then waits, is in core/stream-refusal.ts; it never gives up.
 */
import { decodeBatch, encodeBatch, type Part } from '../../../core/change/batch.ts'
import type { Change, Position } from '../../../core/change/change.ts'
import { proofByChange } from '../../../core/change/proof.ts'
import {
  connectBackOffMsMin,
  messagesApartMs,
  messagesUnderWayBytesMax,
  messagesUnderWayMax,
} from '../../../core/limits/limits.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { StreamEnd } from '../../../ports/bus.ts'
import type { Env } from '../../../ports/env.ts'
import type { Service } from '../../../ports/service.ts'
import type { Claims } from '../prove/claims.ts'
import type { Ledger } from './ledger.ts'
import { Loop } from '../flow/loop.ts'
import { batchOf, nextPart } from './own-changes.ts'
import type { Seals } from '../talk/seals.ts'
import { StreamTrouble, type StreamTroubleStatus } from './stream-trouble.ts'

/** Turns without an append after which the event loop gets its chance. */
const turnsMax = 8

export type PublisherOptions = {
  readonly env: Env
  readonly engine: Engine
  readonly ledger: Ledger
  readonly claims: Claims
  readonly seals: Seals
}

export class Publisher implements Service {
  readonly #env: Env
  readonly #engine: Engine
  readonly #ledger: Ledger
  readonly #claims: Claims
  readonly #seals: Seals
  readonly #loop: Loop
  readonly #trouble: StreamTrouble
  #unsubscribe: () => void = () => undefined
  #running: Promise<void> | undefined
  /** Where the next message begins, and where the log has been read to; equal unless the tail concerns no peer. */
  #next: Position = 0
  #read: Position = 0
  #sequence = 0
  #underWay = 0
  #underWayBytes = 0
  #sent: Position = 0
  /** The end of what this process has put on the stream. */
  #written: Position = 0
  #failure: unknown
  /** Tells the appends of one resumption from those before it, whose answers come too late. */
  #round = 0
  #away = true
  /** The next message waits until then. */
  #notBeforeMs = 0

  constructor({ env, engine, ledger, claims, seals }: PublisherOptions) {
    this.#env = env
    this.#engine = engine
    this.#ledger = ledger
    this.#claims = claims
    this.#seals = seals
    this.#trouble = new StreamTrouble(env)
    this.#loop = new Loop(env.clock)
  }

  start(): void {
    this.#unsubscribe = this.#engine.onFlushed(() => this.#loop.ring())
    this.#running = this.#run()
  }

  /** The end of the last message that the stream has stored. */
  get sent(): Position {
    return this.#sent
  }

  /** Everything that concerns peers up to here is on the stream: between `sent` and here there is nothing. */
  get published(): Position {
    return this.#away || this.#underWay > 0 ? this.#sent : Math.max(this.#sent, this.#read)
  }

  get away(): boolean {
    return this.#away
  }

  /** Why the stream cannot be written; undefined while it can. */
  get trouble(): StreamTroubleStatus | undefined {
    return this.#trouble.told
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#loop.stop()
    await this.#running
  }

  async #run(): Promise<void> {
    while (!this.#loop.stopped) {
      let pauseMs = connectBackOffMsMin
      try {
        if (!this.#isSilent()) await this.#resume()
        if (!this.#isSilent()) await this.#pump()
      } catch (error) {
        pauseMs = this.#trouble.met(error, this.#away ? 'end' : 'append')
      }
      this.#away = true
      await this.#loop.pause(pauseMs)
    }
  }

  /** The stream's end is also what tells the next process on this store that it is an older copy: nothing may come after it. */
  #isSilent(): boolean {
    return this.#loop.stopped || this.#claims.hasFound
  }

  async #resume(): Promise<void> {
    this.#round++
    this.#failure = undefined
    this.#underWay = 0
    this.#underWayBytes = 0
    const end = await this.#endOfStream()
    if (end === undefined) return
    this.#sequence = end.sequence
    this.#next = this.#placeOf(end)
    if (this.#isSilent()) return
    this.#read = this.#next
    this.#sent = this.#next
    this.#away = false
    this.#trouble.over('end')
    this.#env.log.info('publish', { from: this.#next, sequence: end.sequence })
  }

  /** Undefined when the loop was stopped meanwhile. */
  async #endOfStream(): Promise<StreamEnd | undefined> {
    const answer: { end?: StreamEnd; failure?: unknown } = {}
    void this.#env.bus.stream
      .last()
      .then(
        (end) => (answer.end = end),
        (error: unknown) => (answer.failure = error ?? new Error('the stream is away')),
      )
      .then(() => this.#loop.ring())
    while (answer.end === undefined && answer.failure === undefined && !this.#loop.stopped) await this.#loop.wait()
    if (answer.failure !== undefined) throw answer.failure
    return answer.end
  }

  /** The stream's last message tells; of an empty or foreign stream, what all peers are known to have. */
  #placeOf({ payload }: StreamEnd): Position {
    const { begunAfter } = this.#engine.lineage
    const fallback = Math.max(this.#ledger.leastConfirmed(), this.#engine.oldest() - 1, begunAfter)
    if (payload === undefined) return fallback
    try {
      this.#seals.checkOwn(payload)
      const batch = decodeBatch(payload)
      if (batch.origin !== this.#engine.region.name || batch.epoch !== this.#engine.epoch) return fallback
      const last = batch.changes.at(-1)
      if (last === undefined) throw new RangeError('an empty message, as no region publishes')
      const claim = { epoch: batch.epoch, position: batch.upTo, proof: proofByChange(last) }
      if (this.#claims.holdsOnStream(claim, this.#written)) return Math.max(batch.upTo, this.#engine.oldest() - 1)
    } catch (error) {
      this.#env.log.warn('the stream’s last message is not ours', { error: String(error) })
      return fallback
    }
    return fallback
  }

  async #pump(): Promise<void> {
    for (let turns = 1; !this.#isSilent(); turns++) {
      if (this.#failure !== undefined) throw this.#failure
      const full = this.#underWay >= messagesUnderWayMax || this.#underWayBytes >= messagesUnderWayBytesMax
      const earlyMs = this.#notBeforeMs - this.#env.clock.monotonicMs()
      if (earlyMs > 0) await this.#loop.pause(earlyMs)
      else if (full || !this.#advance()) await this.#rest()
      else if (turns % turnsMax === 0) await this.#env.clock.sleep(0)
    }
  }

  /** Waits for an append to end, or for something to append; where neither is open, the stream has everything. */
  async #rest(): Promise<void> {
    if (this.#underWay === 0 && this.#failure === undefined) this.#trouble.over('append')
    await this.#loop.wait()
  }

  /** Reads the next part of the log and sends what leaves. False when there is nothing to read yet. */
  #advance(): boolean {
    this.#engine.retention.check('the publisher', this.#read)
    const { leaving, upTo, part } = nextPart(this.#engine, this.#read)
    if (upTo === this.#read) return false
    this.#ledger.observe(this.#read, upTo, leaving)
    this.#read = upTo
    this.#append(leaving, part)
    // What is left behind already does not wait.
    if (leaving.length > 0 && upTo >= this.#engine.flushed())
      this.#notBeforeMs = this.#env.clock.monotonicMs() + messagesApartMs
    return true
  }

  /** A message ends with its last change, so that the change proves the place that it leads to. */
  #append(leaving: readonly Change[], part: Part | undefined): void {
    const upTo = leaving.at(-1)?.position
    if (upTo === undefined) return
    const batch = batchOf(this.#engine, { after: this.#next, upTo, part }, leaving)
    const payload = this.#seals.toAll(encodeBatch(batch))
    const round = this.#round
    this.#next = upTo
    this.#underWay++
    this.#underWayBytes += payload.length
    this.#env.bus.stream.append(payload, this.#sequence).then(
      () => this.#stored(round, upTo, payload.length),
      (error: unknown) => this.#rejected(round, error),
    )
    this.#sequence++
  }

  #stored(round: number, upTo: Position, sizeBytes: number): void {
    this.#written = Math.max(this.#written, upTo)
    if (round !== this.#round) return
    this.#underWay--
    this.#underWayBytes -= sizeBytes
    this.#sent = Math.max(this.#sent, upTo)
    this.#trouble.over('append')
    this.#loop.ring()
  }

  /** Those after it will be rejected too, since they must follow it. */
  #rejected(round: number, error: unknown): void {
    if (round !== this.#round) return
    this.#failure ??= error ?? new Error('the append was rejected')
    this.#loop.ring()
  }
}
