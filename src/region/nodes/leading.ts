/**
 * One term of a node that leads: makes entries of the batches that its region writes, and appends each until it has come back.
 *
 *   write ─▶ queue ─▶ entry n, n + 1 … ─▶ stream ─▶ accepted ─▶ applied ─▶ answered
 *                       ▲ again, also where a later one overtook it │
 *                       └───────────────────────────────────────────┘
 *
 * All attempts of one number have the same bytes, so it does not matter which of them is accepted.
 */
import {
  nodeAppendAgainMs,
  nodeAppendRetryMsMax,
  nodeBarriersMax,
  nodeBatchBytesMax,
  nodeBeatMs,
  nodeBeatsInFlightMax,
  nodeBytesInFlightMax,
  nodeEntriesInFlightMax,
  nodeQueuedBytesMax,
} from '../../core/limits/nodes-limits.ts'
import type { Clock } from '../../ports/clock.ts'
import type { QuorumStream } from '../../ports/quorum.ts'
import { type Edit, StoreFailed } from '../../ports/store.ts'
import { encodeEdits, encodeNodeEntry, partsOf } from './node-entry.ts'
import { placed } from './placed-entry.ts'
import { type AskTerm, TermRounds } from './term-rounds.ts'
import { digestAfter } from './terms.ts'

type Waiter = { readonly resolve: () => void; readonly reject: (error: Error) => void }
/** A batch, or what is left of it. */
type Queued = { readonly parts: readonly Buffer[]; next: number; readonly waiter: Waiter }
type Flight = {
  readonly n: number
  readonly madeMs: number
  readonly bytes: Buffer
  readonly isBeat: boolean
  /** Reads that asked before it was made. */
  readonly barriers: readonly Waiter[]
  /** Of the batch whose last part it is. */
  readonly waiter: Waiter | undefined
  attempt: number
  /** It was placed before an earlier one, so it did not count there. */
  isOvertaken: boolean
  isOver: boolean
}

export type LeadingOptions = {
  readonly term: number
  readonly run: string
  /** Of all edits before the term. */
  readonly digest: number
  readonly stream: QuorumStream
  readonly clock: Clock
  /** Of an entry; a larger batch goes in parts. */
  readonly entryBytesMax: number
  readonly others: readonly string[]
  readonly askTerm: AskTerm
}

export class Leading {
  readonly #options: LeadingOptions
  #besideMs = 0
  readonly #flights = new Map<number, Flight>()
  #queue: Queued[] = []
  #queuedBytes = 0
  #bytesInFlight = 0
  #beatsInFlight = 0
  readonly #rounds: TermRounds<Waiter>
  /** What the other nodes could not tell: they wait for an entry. */
  #barriers: Waiter[] = []
  /** Batches that are accepted and not durable yet. */
  readonly #applied = new Set<Waiter>()
  #n = 0
  #digest: number
  #isScheduled = false
  #end: Error | undefined
  /** When the last entry was made. */
  #madeMs: number

  constructor(options: LeadingOptions) {
    this.#options = options
    this.#digest = options.digest
    this.#madeMs = options.clock.monotonicMs()
    this.#rounds = new TermRounds({ ...options, onRound: (waiters, isSure) => this.#asked(waiters, isSure) })
    this.#make({ kind: 'beat' }, undefined)
  }

  get term(): number {
    return this.#options.term
  }

  get isOver(): boolean {
    return this.#end !== undefined
  }

  write(edits: readonly Edit[]): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    const bytes = encodeEdits(edits)
    if (bytes.length > nodeBatchBytesMax || this.#queuedBytes + bytes.length > nodeQueuedBytesMax)
      return Promise.reject(new StoreFailed(`a batch of ${bytes.length} bytes is too large for the nodes of a region`))
    return new Promise((resolve, reject) => {
      this.#queue.push({ parts: partsOf(bytes, this.#options.entryBytesMax), next: 0, waiter: { resolve, reject } })
      this.#queuedBytes += bytes.length
      this.#schedule()
    })
  }

  /** Resolves when no other node had led after this call: none of them knows of it, or an entry that was made after the call is accepted. */
  barrier(): Promise<void> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    if (this.#barriers.length + this.#rounds.count >= nodeBarriersMax)
      return Promise.reject(new StoreFailed('too many reads wait'))
    return new Promise((resolve, reject) => this.#rounds.wait({ resolve, reject }))
  }

  #asked(waiters: readonly Waiter[], isSure: boolean): void {
    if (isSure) {
      for (const { resolve } of waiters) resolve()
      return
    }
    this.#barriers.push(...waiters)
    this.#schedule()
  }

  /** Now and then: places a beat when nothing else was placed for a while. */
  watch(): void {
    const nowMs = this.#options.clock.monotonicMs()
    const [oldest] = this.#flights.values()
    if (oldest === undefined && nowMs - this.#madeMs >= nodeBeatMs) this.#make({ kind: 'beat' }, undefined)
    if (oldest !== undefined && nowMs - oldest.madeMs >= nodeAppendAgainMs) this.#appendBeside(oldest, nowMs)
  }

  /** The answer of an append that went to a leader of the stream which is lost takes its time. A new one may be placed meanwhile. */
  #appendBeside(flight: Flight, nowMs: number): void {
    if (nowMs - this.#besideMs < nodeAppendRetryMsMax) return
    this.#besideMs = nowMs
    this.#options.stream.append(this.#idOf(flight, flight.attempt), flight.bytes).catch(() => undefined)
  }

  #idOf({ n }: Flight, attempt: number): string {
    return `${this.#options.run}.${this.term}.${n}.${attempt}`
  }

  /** Returns what is to be called when the edits of the entry are durable. */
  accepted(n: number): () => void {
    const flight = this.#flights.get(n)
    if (flight === undefined) return () => undefined
    this.#land(flight)
    this.#appendOvertaken(n + 1)
    for (const { resolve } of flight.barriers) resolve()
    const { waiter } = flight
    if (waiter === undefined) return () => undefined
    this.#applied.add(waiter)
    return () => {
      if (this.#applied.delete(waiter)) waiter.resolve()
    }
  }

  /** An own entry did not count. When it came too early, it is placed again, after those before it. */
  dropped(n: number): void {
    const flight = this.#flights.get(n)
    if (flight !== undefined) flight.isOvertaken = true
  }

  /** What waits is refused; what becomes of it is not known. */
  end(error: Error): void {
    if (this.#end !== undefined) return
    this.#end = error
    const waiting = [...this.#flights.values()].flatMap(({ barriers, waiter }) => [...barriers, waiter])
    const queued = this.#queue.map(({ waiter }) => waiter)
    const reading = [...this.#rounds.drain(), ...this.#barriers]
    for (const waiter of [...this.#applied, ...waiting, ...queued, ...reading]) waiter?.reject(error)
    this.#applied.clear()
    this.#flights.clear()
    this.#queue = []
    this.#barriers = []
  }

  /** At the end of the turn, so that reads that come together share an entry. */
  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      if (this.#end === undefined) this.#send()
    })
  }

  #send(): void {
    for (let next = this.#queue[0]; next !== undefined && this.#hasSpace(); next = this.#queue[0]) this.#sendPart(next)
    const isWanted = this.#barriers.length > 0 && this.#queue.length === 0
    if (isWanted && this.#beatsInFlight < nodeBeatsInFlightMax) this.#make({ kind: 'beat' }, undefined)
  }

  #sendPart(queued: Queued): void {
    const { parts, next, waiter } = queued
    const bytes = parts[next] as Buffer
    queued.next += 1
    this.#queuedBytes -= bytes.length
    const isLast = queued.next === parts.length
    if (isLast) this.#queue.shift()
    this.#digest = digestAfter(this.#digest, bytes)
    this.#make({ kind: 'batch', part: next, of: parts.length, bytes }, isLast ? waiter : undefined)
  }

  #hasSpace(): boolean {
    return this.#flights.size < nodeEntriesInFlightMax && this.#bytesInFlight < nodeBytesInFlightMax
  }

  #make(
    what: { kind: 'beat' } | { kind: 'batch'; part: number; of: number; bytes: Buffer },
    waiter: Waiter | undefined,
  ): void {
    this.#n += 1
    const head = { term: this.term, n: this.#n, digest: this.#digest }
    const bytes = encodeNodeEntry({ ...what, ...head })
    const [barriers, isBeat] = [this.#barriers, what.kind === 'beat']
    const madeMs = this.#options.clock.monotonicMs()
    const said = { n: this.#n, madeMs, bytes, isBeat, barriers, waiter }
    const flight: Flight = { ...said, attempt: 1, isOvertaken: false, isOver: false }
    this.#barriers = []
    this.#flights.set(flight.n, flight)
    this.#bytesInFlight += bytes.length
    if (isBeat) this.#beatsInFlight += 1
    this.#madeMs = madeMs
    void this.#append(flight, flight.attempt)
  }

  #appendOvertaken(from: number): void {
    for (let flight = this.#flights.get(from); flight?.isOvertaken === true; flight = this.#flights.get(flight.n + 1)) {
      flight.isOvertaken = false
      flight.attempt += 1
      void this.#append(flight, flight.attempt)
    }
  }

  /** A later attempt takes over where the entry did not count at its place. */
  async #append(flight: Flight, attempt: number): Promise<void> {
    const { stream, clock } = this.#options
    const isWanted = (): boolean => !flight.isOver && flight.attempt === attempt && this.#end === undefined
    const { bytes } = flight
    const entry = { id: this.#idOf(flight, attempt), bytes, stream: () => stream, isWanted, clock }
    await placed({ ...entry, retryMsMax: nodeAppendRetryMsMax })
  }

  #land(flight: Flight): void {
    flight.isOver = true
    this.#flights.delete(flight.n)
    this.#bytesInFlight -= flight.bytes.length
    if (flight.isBeat) this.#beatsInFlight -= 1
    this.#schedule()
  }
}
