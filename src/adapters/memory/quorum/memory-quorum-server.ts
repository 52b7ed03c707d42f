/** A member's server of the quorum in memory: its copies of the streams, when they look for another leader, and what can happen to it. */
import type { QuorumState } from '../../../ports/quorum.ts'
import { type CopyMessage, type CopyState, QuorumCopy } from './memory-quorum-copy.ts'

export type QuorumSettings = {
  /** A copy that reaches no leader looks for another one after this long, up to twice as long by chance. */
  readonly electionMs: number
  readonly appendTimeoutMs: number
  /** One way between a node and its own server. */
  readonly localDelayMs: number
  /** A leader remembers an id for this long. */
  readonly idsRememberedMs: number
  readonly entriesMax: number
}

/** What a server needs of those around it. */
export type QuorumPeers = {
  readonly settings: QuorumSettings
  readonly clock: { after(ms: number, work: () => void): () => void }
  readonly random: { fraction(): number }
  readonly wallMs: (member: string) => number
  server(member: string): MemoryQuorumServer
  /** Both ways, with the server at the other end running. */
  reaches(from: string, to: string): boolean
  send(from: string, to: string, work: () => void): void
}

export type StreamCopies = ReadonlyMap<string, CopyState>

export type Appended = { readonly id: string; readonly bytes: Buffer }

export type PlaceAnswer = (sequence: number | undefined, isCertain: boolean) => void

export class MemoryQuorumServer {
  readonly member: string
  up = true
  /** Counts the server's lives. */
  run = 1
  readonly copies = new Map<string, QuorumCopy>()
  readonly listeners = new Set<() => void>()
  readonly #peers: QuorumPeers
  readonly #looking = new Set<string>()

  constructor(peers: QuorumPeers, member: string) {
    this.#peers = peers
    this.member = member
  }

  /** Makes the copy when it is not there. */
  copy(group: string, members: readonly string[]): QuorumCopy {
    const known = this.copies.get(group)
    if (known !== undefined) return known
    const copy = new QuorumCopy({
      self: this.member,
      members,
      entriesMax: this.#peers.settings.entriesMax,
      send: (to, message) => this.#send(group, to, message),
      onChange: () => this.#changed(group),
    })
    this.copies.set(group, copy)
    return copy
  }

  /** Asks the leader that this copy knows to place the entry. */
  place(group: string, entry: Appended, answer: PlaceAnswer, when: 'first' | 'again' = 'first'): void {
    const leader = this.up ? this.copies.get(group)?.leader : undefined
    if (leader === undefined) return answer(undefined, true)
    if (leader === this.member) return this.#placeHere(group, entry, answer, when)
    this.#peers.send(this.member, leader, () =>
      this.#peers
        .server(leader)
        .#placeHere(group, entry, (...placed) => this.#peers.send(leader, this.member, () => answer(...placed)), when),
    )
  }

  trim(group: string, upTo: number, done: (isTrimmed: boolean) => void): void {
    const leader = this.up ? this.copies.get(group)?.leader : undefined
    if (leader === undefined) return done(false)
    this.#peers.send(this.member, leader, () => {
      this.#peers.server(leader).copies.get(group)?.trim(upTo)
      this.#peers.send(leader, this.member, () => done(true))
    })
  }

  state(group: string): QuorumState {
    const members = this.copies.get(group)?.members ?? []
    const led = members.some((name) => {
      const { copies } = this.#peers.server(name)
      return (
        copies.get(group)?.role === 'leader' &&
        this.#peers.reaches(this.member, name) &&
        this.#hasMajority(name, members)
      )
    })
    return this.up && led ? 'majority' : 'minority'
  }

  /** The network or another server has changed. */
  lookAround(): void {
    if (!this.up) return
    for (const [group, copy] of this.copies) {
      copy.greet()
      this.#lookForLeader(group)
    }
  }

  stop(): void {
    this.up = false
    this.run++
    for (const copy of this.copies.values()) copy.restart()
  }

  start(): void {
    this.up = true
    this.lookAround()
    for (const listener of this.listeners) listener()
  }

  /** The disk is lost; which streams there are, and which votes were given, is known again from the others. */
  wipe(): void {
    this.stop()
    for (const copy of this.copies.values()) copy.loseAll()
    this.start()
  }

  /** A power failure of a server that flushes late: entries that it had said to have are not on the disk. */
  loseTail(group: string, count: number): void {
    this.stop()
    this.copies.get(group)?.loseTail(count)
    this.start()
  }

  /** What is on its disk. */
  copyStreams(): StreamCopies {
    return new Map([...this.copies].map(([group, copy]) => [group, copy.state()]))
  }

  beginWith(streams: StreamCopies): void {
    for (const [group, state] of streams) this.copy(group, state.members).beginWith(state)
    this.lookAround()
  }

  /** `again`: the id of the entry is forgotten. */
  #placeHere(group: string, entry: Appended, answer: PlaceAnswer, when: 'first' | 'again'): void {
    const copy = this.copies.get(group)
    if (copy?.role !== 'leader') return answer(undefined, true)
    const atMs = this.#peers.wallMs(this.member)
    const sinceMs = when === 'again' ? Infinity : atMs - this.#peers.settings.idsRememberedMs
    copy.append({ ...entry, atMs }, sinceMs, (sequence) => answer(sequence, false))
  }

  #send(group: string, to: string, message: CopyMessage): void {
    if (!this.up) return
    this.#peers.send(this.member, to, () => this.#peers.server(to).copies.get(group)?.receive(this.member, message))
  }

  #changed(group: string): void {
    for (const listener of this.listeners) listener()
    if (this.up && this.copies.get(group)?.leader === undefined) this.#lookForLeader(group)
  }

  #lookForLeader(group: string): void {
    if (this.#looking.has(group)) return
    this.#looking.add(group)
    const { settings, random, clock } = this.#peers
    clock.after(settings.electionMs * (1 + random.fraction()), () => {
      this.#looking.delete(group)
      const copy = this.copies.get(group)
      if (!this.up || copy === undefined || this.#isLed(group, copy) || !this.#hasMajority(this.member, copy.members))
        return
      copy.campaign()
      this.#lookForLeader(group)
    })
  }

  #isLed(group: string, { leader, role }: QuorumCopy): boolean {
    if (role === 'leader') return true
    if (leader === undefined || !this.#peers.reaches(this.member, leader)) return false
    return this.#peers.server(leader).copies.get(group)?.role === 'leader'
  }

  #hasMajority(member: string, members: readonly string[]): boolean {
    const reached = members.filter((name) => this.#peers.reaches(member, name))
    return reached.length > members.length / 2
  }
}
