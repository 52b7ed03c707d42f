/**
 * The order that the regions of a group share: commands go together into entries of a replicated stream, and come back in the order that
 * the stream gives them (docs/design/quorum.md).
 *
 *   append ─▶ queue ─▶ entry, sealed ─▶ stream ─▶ opened, repeats dropped ─▶ take
 *                       ▲ again under its name │
 *                       └───── no answer ──────┘
 *
 * An entry counts once, whatever the stream does with it. What does not come back in time is refused, though it may still be decided.
 */
import type { KeySeal } from '../../ports/key-service.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Follower, Order, Ordered, Sequence } from '../../ports/order.ts'
import type { QuorumEntry, QuorumSight, QuorumStream } from '../../ports/quorum.ts'
import type { Random } from '../../ports/random.ts'
import { BackOff } from '../../core/back-off.ts'
import { ServiceError } from '../../core/errors.ts'
import {
  quorumEntriesInFlightMax,
  quorumEntryCommandsMax,
  quorumReportMs,
  quorumKeepStep,
  quorumRetryMsMax,
  quorumRetryMsMin,
  quorumTrimStep,
} from '../../core/limits/quorum-limits.ts'
import { UnreadableCommand } from '../../core/write/write-codec.ts'
import type { Command } from '../commands/command.ts'
import { decodeCommand, encodeCommand } from '../commands/codec/command-codec.ts'
import { decodeEntryBody, encodeEntryBody, type EntryBody } from './quorum-entry.ts'
import type { QuorumPlace } from './quorum-place.ts'
import { QuorumQueue, type Waiting } from './quorum-queue.ts'
import { QuorumReplicas } from './quorum-replicas.ts'
import { type EntryId, entryIdOf, Runs, textOfEntryId } from './quorum-runs.ts'

/** Why an order ends by itself. */
export type OrderEnd =
  /** This replica needs entries that are trimmed, or the stream has lost some: it has to start from the state of another one. */
  | 'trimmed'
  /** Other replicas have another state after the same entries. */
  | 'differs'
  /** The entries are sealed with another key. */
  | 'sealed otherwise'

export type QuorumOrderOptions = {
  /** Tried until it resolves. */
  readonly open: () => Promise<QuorumStream>
  readonly self: { readonly name: string; readonly number: number }
  readonly group: string
  /** Of the group, this one included. */
  readonly replicas: number
  readonly key: Buffer
  readonly seal: KeySeal
  /** Writes of clients that did not know of a write of another region are refused. */
  readonly guards: boolean
  readonly clock: Clock
  readonly random: Pick<Random, 'uuid' | 'fraction'>
  readonly log: Log
  /** No command is given or taken any more. */
  readonly onEnd: (why: OrderEnd, message: string) => void
}

const start: QuorumPlace = { sequence: 0, atMs: 0, runs: {}, isOpened: false }

type Flight = { readonly id: EntryId; readonly bytes: Buffer; readonly waiting: readonly Waiting[]; isOver: boolean }
type Take = (ordered: Ordered<Command>) => void
type Following = { readonly take: Take; readonly follower: Follower; isOver: boolean; stop: () => void }

export class QuorumOrder implements Order<Command> {
  readonly #options: QuorumOrderOptions
  readonly #queue: QuorumQueue
  readonly #runs = new Runs()
  readonly #replicas: QuorumReplicas
  readonly #flights = new Map<string, Flight>()
  #stream: QuorumStream | undefined
  #following: Following | undefined
  #sequence = start.sequence
  #atMs = start.atMs
  #isOpened = start.isOpened
  #own = { run: 0, name: '', number: 0 }
  #isScheduled = false
  #end: Error | undefined
  /** The last entry with commands, and the one up to which the others know of this replica's state. */
  #decidedUpTo = 0
  #toldUpTo = 0
  #toldDurable = 0
  /** Set while there is something to tell. */
  #cancelReport: (() => void) | undefined

  constructor(options: QuorumOrderOptions) {
    this.#options = options
    this.#queue = new QuorumQueue(options.clock)
    this.#replicas = new QuorumReplicas(options.replicas)
  }

  append(command: Command): Promise<Sequence> {
    return this.#add(encodeCommand(command))
  }

  /** An entry without commands, or one that goes anyway: all that wait at a time share it. */
  barrier(): Promise<Sequence> {
    return this.#add(undefined)
  }

  follow(_after: Sequence, take: Take, follower: Follower): () => void {
    const place = (follower.place() as QuorumPlace | undefined) ?? start
    this.#sequence = place.sequence
    this.#atMs = place.atMs
    this.#isOpened = place.isOpened
    this.#runs.load(place.runs)
    this.#replicas.forget()
    const following: Following = { take, follower, isOver: false, stop: () => {} }
    this.#following = following
    this.#reportWhenDue()
    void this.#followStream(following)
    return () => {
      following.isOver = true
      following.stop()
    }
  }

  place(): QuorumPlace {
    return { sequence: this.#sequence, atMs: this.#atMs, runs: this.#runs.state(), isOpened: this.#isOpened }
  }

  /** No majority is reached before the stream is opened. `applied` is the last entry that is decided here. */
  sight(): QuorumSight & { readonly applied: number } {
    const seen = this.#stream?.sight() ?? { state: 'minority', last: this.#sequence }
    return { ...seen, last: Math.max(seen.last, this.#sequence), applied: this.#sequence }
  }

  close(): void {
    this.#stop(new ServiceError('ServiceUnavailable', 'The region is stopping.'))
  }

  #add(bytes: Buffer | undefined): Promise<Sequence> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const added = this.#queue.add(bytes)
    this.#schedule()
    return added
  }

  async #followStream(following: Following): Promise<void> {
    const stream = await this.#opened(following)
    if (stream === undefined) return
    const followed = stream.follow(this.#sequence, (entry) => this.#take(following, entry), {
      onGap: (first) => {
        if (!following.isOver) this.#endAs('trimmed', `the entries before ${first} are trimmed`)
      },
    })
    following.stop = () => void followed.stop()
    this.#schedule()
  }

  async #opened(following: Following): Promise<QuorumStream | undefined> {
    const backOff = new BackOff(quorumRetryMsMin, quorumRetryMsMax)
    while (this.#stream === undefined && !following.isOver)
      try {
        this.#stream = await this.#options.open()
      } catch (error) {
        this.#options.log.debug('the stream of the group cannot be opened yet', { error: String(error) })
        await this.#options.clock.sleep(backOff.next())
      }
    return following.isOver ? undefined : this.#stream
  }

  /** At the end of the turn, so that what is appended together goes together. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#send()
    })
  }

  #send(): void {
    const { stream, following } = { stream: this.#stream, following: this.#following }
    if (stream === undefined || following === undefined || following.isOver || this.#end !== undefined) return
    while (!this.#queue.isEmpty && this.#flights.size < quorumEntriesInFlightMax) {
      const waiting = this.#queue.take()
      if (waiting.length > 0) void this.#fly(stream, this.#flightOf(waiting, following.follower))
    }
  }

  #flightOf(waiting: readonly Waiting[], follower: Follower): Flight {
    const id = this.#nextId()
    const { self, guards } = this.#options
    const { clock, digest } = follower.decidedUpTo(this.#sequence)
    const durable = (follower.place() as QuorumPlace | undefined)?.sequence ?? 0
    const commands = waiting.flatMap(({ bytes }) => (bytes === undefined ? [] : [bytes]))
    const told = digest === undefined ? { place: 0, digest: 0 } : { place: this.#sequence, digest }
    const head = { region: self.number, guards, basis: clock, ...told, durable }
    this.#toldUpTo = this.#sequence
    this.#toldDurable = durable
    const sealed = this.#options.seal.seal(this.#options.key, this.#placeOf(id), encodeEntryBody({ ...head, commands }))
    const flight: Flight = { id, bytes: sealed, waiting, isOver: false }
    this.#flights.set(textOfEntryId(id), flight)
    return flight
  }

  #nextId(): EntryId {
    const known = this.#runs.of(this.#options.self.name)
    if (this.#own.run <= (known?.run ?? 0) && known?.name !== this.#own.name)
      this.#own = { run: (known?.run ?? 0) + 1, name: this.#options.random.uuid(), number: 0 }
    this.#own = { ...this.#own, number: this.#own.number + 1 }
    return { member: this.#options.self.name, ...this.#own }
  }

  /** Under the same name until it has a place, comes back, or is waited for no more. */
  async #fly(stream: QuorumStream, flight: Flight): Promise<void> {
    const backOff = new BackOff(quorumRetryMsMin, quorumRetryMsMax)
    const isWanted = (): boolean => !flight.isOver && flight.waiting.some(({ isOver }) => !isOver)
    while (isWanted() && this.#end === undefined)
      try {
        const sequence = await stream.append(textOfEntryId(flight.id), flight.bytes)
        while (isWanted() && sequence > this.#sequence) await this.#options.clock.sleep(backOff.next())
        if (isWanted() && this.#end === undefined)
          return this.#endAs('trimmed', `the stream gave place ${sequence}, which has another entry here`)
      } catch {
        await this.#options.clock.sleep(backOff.next())
      }
    this.#land(flight)
  }

  #land(flight: Flight): void {
    flight.isOver = true
    this.#flights.delete(textOfEntryId(flight.id))
    this.#schedule()
  }

  async #take(following: Following, entry: QuorumEntry): Promise<void> {
    for (let wait = following.follower.untilReady(); wait !== undefined; wait = following.follower.untilReady())
      await wait.catch(() => undefined)
    if (following.isOver || this.#end !== undefined) return
    if (entry.sequence !== this.#sequence + 1)
      return this.#endAs('trimmed', `entry ${entry.sequence} follows entry ${this.#sequence}`)
    const id = entryIdOf(entry.id)
    const body = id === undefined ? undefined : this.#openEntry(id, entry.bytes)
    if (body === undefined && !this.#isOpened)
      return this.#endAs('sealed otherwise', `entry ${entry.sequence} is sealed with another key`)
    this.#sequence = entry.sequence
    this.#atMs = Math.max(this.#atMs, entry.atMs)
    if (id === undefined || body === undefined)
      this.#options.log.warn('passed over an entry that is not of this group', { sequence: entry.sequence })
    else this.#decide(following, id, body)
    const { digest } = following.follower.decidedUpTo(this.#sequence)
    if (digest !== undefined) this.#replicas.note(this.#sequence, digest)
    if (this.#sequence % quorumKeepStep === 0 && this.#sequence - this.#durable() >= quorumTrimStep) {
      following.follower.keep()
      this.#reportLater()
    }
    this.#reportWhenDue()
  }

  #openEntry(id: EntryId, bytes: Buffer): EntryBody | undefined {
    const plain = this.#options.seal.open(this.#options.key, this.#placeOf(id), bytes)
    const body = plain === undefined ? undefined : decodeEntryBody(plain)
    if (body !== undefined) this.#isOpened = true
    return body
  }

  #decide(following: Following, id: EntryId, body: EntryBody): void {
    const flight = this.#flights.get(textOfEntryId(id))
    if (!this.#runs.accept(id)) {
      if (flight !== undefined) this.#again(flight)
      return
    }
    if (body.commands.length > 0) this.#decidedUpTo = this.#sequence
    const own = flight?.waiting.filter(({ bytes }) => bytes !== undefined) ?? []
    for (const [n, bytes] of body.commands.entries()) this.#give(following, { n, bytes, body, own: own[n] })
    if (flight !== undefined) {
      for (const waiting of flight.waiting)
        if (waiting.bytes === undefined) this.#queue.settle(waiting, this.#sequence * quorumEntryCommandsMax)
      this.#land(flight)
    }
    if (id.member === this.#options.self.name) this.#afterOwn(id)
    else this.#hear(id.member, body)
  }

  /** Entries of this process that were overtaken never count. */
  #afterOwn({ run, number }: EntryId): void {
    for (const flight of this.#flights.values())
      if (flight.id.run < run || (flight.id.run === run && flight.id.number < number)) this.#again(flight)
    this.#replicas.hear(this.#options.self.name, { place: 0, digest: 0, durable: this.#durable() })
    this.#trim()
  }

  #again(flight: Flight): void {
    this.#queue.putBack(flight.waiting)
    this.#land(flight)
  }

  #give(following: Following, given: { n: number; bytes: Buffer; body: EntryBody; own: Waiting | undefined }): void {
    const { n, bytes, body, own } = given
    const sequence = this.#sequence * quorumEntryCommandsMax + n
    const command = commandIn(bytes)
    if (command === undefined) {
      this.#options.log.warn('passed over a command that cannot be read', { sequence: this.#sequence })
      return
    }
    const author = { number: body.region, basis: body.guards ? body.basis : undefined }
    const isOwn = own !== undefined && !own.isOver
    following.take({ sequence, atMs: this.#atMs, command, isOwn, author })
    if (isOwn) this.#queue.settle(own, sequence)
  }

  #hear(member: string, body: EntryBody): void {
    const differing = this.#replicas.hear(member, body)
    if (differing.length > 0)
      this.#endAs('differs', `after entry ${body.place} the state of ${differing.join(' and ')} is another`)
    else this.#trim()
  }

  #trim(): void {
    const upTo = this.#replicas.trimmable(this.#sequence, this.#durable())
    if (upTo !== undefined) this.#stream?.trim(upTo).catch(() => undefined)
  }

  #durable(): number {
    return (this.#following?.follower.place() as QuorumPlace | undefined)?.sequence ?? 0
  }

  /** What was decided since this replica told its state last, which any entry of it does, so that the others can compare and trim. */
  get #isReportDue(): boolean {
    const isFar = this.#durable() - this.#toldDurable >= quorumTrimStep
    return isFar || this.#decidedUpTo > this.#toldUpTo
  }

  #reportWhenDue(): void {
    if (this.#cancelReport === undefined && this.#isReportDue) this.#reportLater()
  }

  /** In an idle group nothing is due, and no timer runs. */
  #reportLater(): void {
    if (this.#end !== undefined) return
    this.#cancelReport ??= this.#options.clock.after(quorumReportMs, () => void this.#report())
  }

  async #report(): Promise<void> {
    if (this.#isReportDue) await this.barrier().catch(() => undefined)
    this.#cancelReport = undefined
    this.#reportWhenDue()
  }

  #endAs(why: OrderEnd, message: string): void {
    if (this.#end !== undefined) return
    this.#options.log.error('stop following the order of the group', { group: this.#options.group, why, message })
    this.#stop(new ServiceError('ServiceUnavailable', 'This region has to start from the state of another one.'))
    this.#options.onEnd(why, message)
  }

  #stop(error: Error): void {
    this.#end ??= error
    this.#cancelReport?.()
    this.#queue.fail(error)
    this.#flights.clear()
    if (this.#following === undefined) return
    this.#following.isOver = true
    this.#following.stop()
  }

  #placeOf(id: EntryId): Buffer {
    return Buffer.from(`${this.#options.group} ${textOfEntryId(id)}`)
  }
}

/** Bytes that are none are passed over in every region. */
function commandIn(bytes: Buffer): Command | undefined {
  try {
    return decodeCommand(bytes)
  } catch (error) {
    if (error instanceof UnreadableCommand) return undefined
    throw error
  }
}
