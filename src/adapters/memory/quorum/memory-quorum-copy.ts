/**
 * One server's copy of a quorum's stream, in memory: the log of Raft, with two differences that keep sequences free of gaps. A new leader
 * places nothing of its own; it takes the entries that were not known to be placed into its term. And nothing is sent while nothing
 * happens: a leader speaks when it has something to say, or when the network has changed (memory-quorum-server.ts).
 */
import { required } from '../../../core/assert.ts'

export type Placed = { readonly term: number; readonly id: string; readonly bytes: Buffer; readonly atMs: number }

type Said =
  | {
      readonly kind: 'entries'
      readonly after: number
      readonly afterTerm: number
      readonly entries: readonly Placed[]
      readonly placed: number
      /** Nothing before this is left. */
      readonly base: number
    }
  | { readonly kind: 'stored'; readonly upTo: number }
  | { readonly kind: 'behind'; readonly last: number }
  | { readonly kind: 'vote'; readonly last: number; readonly lastTerm: number }
  | { readonly kind: 'voted'; readonly isGranted: boolean }
export type CopyMessage = Said & { readonly term: number }

export type CopyOptions = {
  readonly self: string
  readonly members: readonly string[]
  readonly entriesMax: number
  readonly send: (to: string, message: CopyMessage) => void
  /** More is placed here, or another one leads. */
  readonly onChange: () => void
}

/** Undefined: the next leader may or may not keep the entry. */
type Answer = (sequence: number | undefined) => void
export type CopyState = {
  readonly members: readonly string[]
  readonly term: number
  readonly base: number
  readonly baseTerm: number
  readonly placed: number
  readonly entries: readonly Placed[]
}

export class QuorumCopy {
  readonly members: readonly string[]
  role: 'leader' | 'follower' | 'candidate' = 'follower'
  /** As far as this copy knows. */
  leader: string | undefined
  term = 0
  /** The last entry that a majority is known to have. */
  placed = 0
  readonly #options: CopyOptions
  readonly #peers: readonly string[]
  /** The entry before the first one that is left. */
  #base = 0
  #baseTerm = 0
  #entries: Placed[] = []
  #votedFor: string | undefined
  readonly #votes = new Set<string>()
  readonly #stored = new Map<string, number>()
  readonly #sent = new Map<string, number>()
  #waiting: { readonly sequence: number; readonly answer: Answer }[] = []

  constructor(options: CopyOptions) {
    this.#options = options
    this.members = options.members
    this.#peers = options.members.filter((name) => name !== options.self)
  }

  get first(): number {
    return this.#base + 1
  }

  get last(): number {
    return this.#base + this.#entries.length
  }

  /** Undefined for what is not known to be placed, or is gone. */
  at(sequence: number): Placed | undefined {
    return sequence <= this.placed ? this.#entries[sequence - this.first] : undefined
  }

  /** As leader. The answer is the place of the entry that has this id already, when it was placed after `sinceMs`. */
  append(entry: Omit<Placed, 'term'>, sinceMs: number, answer: Answer): void {
    const known = this.#entries.findLastIndex(({ id, atMs }) => id === entry.id && atMs >= sinceMs)
    const sequence = known < 0 ? this.#push({ ...entry, term: this.term }) : this.first + known
    this.#waiting.push({ sequence, answer })
    this.#tellAll()
    this.#advance()
  }

  trim(upTo: number): void {
    this.#forget(Math.min(upTo, this.placed))
    this.#tellAll()
  }

  campaign(): void {
    this.#follow(this.term + 1, undefined)
    this.role = 'candidate'
    this.#votedFor = this.#options.self
    this.#votes.clear()
    this.#vote(this.#options.self)
    for (const peer of this.#peers)
      this.#say(peer, { kind: 'vote', last: this.last, lastTerm: this.#termAt(this.last) })
  }

  /** As leader: the network has changed, and what was said may have been lost. */
  greet(): void {
    if (this.role !== 'leader') return
    for (const peer of this.#peers) this.#sent.set(peer, Math.max(this.#stored.get(peer) ?? 0, this.#base))
    this.#tellAll()
  }

  receive(from: string, message: CopyMessage): void {
    if (message.term > this.term) this.#follow(message.term, undefined)
    if (message.kind === 'vote') return this.#onVote(from, message)
    if (message.kind === 'entries') return this.#onEntries(from, message)
    if (message.term < this.term) return
    if (message.kind === 'voted') {
      if (message.isGranted && this.role === 'candidate') this.#vote(from)
    } else if (this.role === 'leader') this.#onStored(from, message)
  }

  /** The process of the server has died: what is on the disk stays. */
  restart(): void {
    this.#follow(this.term, undefined)
  }

  /** Entries that were said to be on the disk are not. */
  loseTail(count: number): void {
    this.#entries.length = Math.max(0, this.#entries.length - count)
    this.placed = Math.min(this.placed, this.last)
  }

  loseAll(): void {
    this.#beginAt(0, 0)
  }

  state(): CopyState {
    const { members, term, placed } = this
    return { members, term, base: this.#base, baseTerm: this.#baseTerm, placed, entries: [...this.#entries] }
  }

  beginWith({ term, base, baseTerm, placed, entries }: CopyState): void {
    this.term = term
    this.#base = base
    this.#baseTerm = baseTerm
    this.placed = placed
    this.#entries = [...entries]
  }

  #onVote(from: string, { term, last, lastTerm }: CopyMessage & { kind: 'vote' }): void {
    const own = this.#termAt(this.last)
    const isWhole = lastTerm > own || (lastTerm === own && last >= this.last)
    const isFree = this.#votedFor === undefined || this.#votedFor === from
    const isGranted = term === this.term && isFree && isWhole
    if (isGranted) this.#votedFor = from
    this.#say(from, { kind: 'voted', isGranted })
  }

  #vote(from: string): void {
    this.#votes.add(from)
    if (this.#votes.size < this.#majority) return
    this.role = 'leader'
    this.leader = this.#options.self
    this.#entries = this.#entries.map((entry, n) =>
      this.first + n > this.placed ? { ...entry, term: this.term } : entry,
    )
    for (const peer of this.#peers) {
      this.#stored.set(peer, 0)
      this.#sent.set(peer, this.placed)
    }
    this.#tellAll()
    this.#advance()
    this.#options.onChange()
  }

  #onEntries(from: string, message: CopyMessage & { kind: 'entries' }): void {
    if (message.term < this.term) return this.#say(from, { kind: 'behind', last: 0 })
    if (this.leader !== from) this.#follow(message.term, from)
    const { after, afterTerm, base, entries, placed } = message
    const fits = after >= this.#base && after <= this.last && this.#termAt(after) === afterTerm
    if (!fits && after > base) return this.#say(from, { kind: 'behind', last: Math.min(this.last, after - 1) })
    if (!fits) this.#beginAt(after, afterTerm)
    for (const [n, entry] of entries.entries()) this.#put(after + 1 + n, entry)
    const upTo = after + entries.length
    this.placed = Math.max(this.placed, Math.min(placed, upTo))
    this.#forget(Math.min(base, this.placed))
    this.#say(from, { kind: 'stored', upTo })
    this.#options.onChange()
  }

  #onStored(from: string, message: CopyMessage & { kind: 'stored' | 'behind' }): void {
    if (message.kind === 'behind') {
      this.#sent.set(from, Math.max(message.last, this.#base))
      return this.#tell(from)
    }
    this.#stored.set(from, Math.max(message.upTo, this.#stored.get(from) ?? 0))
    this.#advance()
  }

  /** As leader: what a majority has is placed, once the last of it is of this term. */
  #advance(): void {
    const stored = [this.last, ...this.#peers.map((peer) => this.#stored.get(peer) ?? 0)].toSorted((a, b) => b - a)
    const common = required(stored[this.#majority - 1], 'what a majority has')
    if (common > this.placed && this.#termAt(common) === this.term) {
      this.placed = common
      this.#tellAll()
      this.#options.onChange()
    }
    const done = this.#waiting.filter(({ sequence }) => sequence <= this.placed)
    this.#waiting = this.#waiting.filter(({ sequence }) => sequence > this.placed)
    for (const { sequence, answer } of done) answer(sequence)
  }

  #follow(term: number, leader: string | undefined): void {
    if (term > this.term) this.#votedFor = undefined
    this.term = term
    this.role = 'follower'
    this.leader = leader
    const left = this.#waiting
    this.#waiting = []
    for (const { answer } of left) answer(undefined)
    this.#options.onChange()
  }

  #push(entry: Placed): number {
    this.#entries.push(entry)
    this.#forget(Math.min(this.last - this.#options.entriesMax, this.placed))
    return this.last
  }

  /** What another leader had put in its place goes. */
  #put(sequence: number, entry: Placed): void {
    if (sequence < this.first || (sequence <= this.last && this.#termAt(sequence) === entry.term)) return
    this.#entries.length = sequence - this.first
    this.placed = Math.min(this.placed, this.last)
    this.#entries.push(entry)
  }

  #beginAt(base: number, term: number): void {
    this.#base = base
    this.#baseTerm = term
    this.#entries = []
    this.placed = base
  }

  #forget(upTo: number): void {
    if (upTo <= this.#base) return
    this.#baseTerm = this.#termAt(upTo)
    this.#entries.splice(0, upTo - this.#base)
    this.#base = upTo
  }

  #termAt(sequence: number): number {
    return sequence <= this.#base ? this.#baseTerm : (this.#entries[sequence - this.first]?.term ?? 0)
  }

  #tellAll(): void {
    if (this.role === 'leader') for (const peer of this.#peers) this.#tell(peer)
  }

  #tell(peer: string): void {
    const after = Math.max(this.#sent.get(peer) ?? 0, this.#base)
    const entries = this.#entries.slice(after - this.#base)
    this.#sent.set(peer, this.last)
    const { placed } = this
    this.#say(peer, { kind: 'entries', after, afterTerm: this.#termAt(after), entries, placed, base: this.#base })
  }

  #say(to: string, said: Said): void {
    this.#options.send(to, { ...said, term: this.term })
  }

  get #majority(): number {
    return Math.floor(this.members.length / 2) + 1
  }
}
