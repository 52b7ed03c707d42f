/**
 * The quorum without servers: every member's server and copies in one process, over the links of a memory network, for the simulator, the
 * embedded cluster and tests. Time and chance come from outside.
 *
 * It misbehaves only in ways that JetStream does, or that the port allows: a leader dies and another one is elected after a while; a
 * leader that is cut off goes on leading, and places nothing; an entry is placed and the answer lost, or is placed twice, or is placed long
 * after its append was given up; a copy is behind, loses its disk, or its last entries.
 */
import {
  type Quorum,
  type QuorumSight,
  type QuorumState,
  type QuorumStream,
  QuorumUnavailable,
} from '../../../ports/quorum.ts'
import type { Random } from '../../../ports/random.ts'
import type { MemoryNetwork } from '../memory-bus.ts'
import { MemoryFollower } from './memory-quorum-follower.ts'
import { MemoryQuorumServer, type QuorumPeers, type QuorumSettings } from './memory-quorum-server.ts'

const usual: QuorumSettings = {
  electionMs: 1000,
  appendTimeoutMs: 2000,
  localDelayMs: 0.2,
  idsRememberedMs: 120_000,
  entriesMax: 100_000,
}

/** Chances are per append, from 0 to 1; a test may change them at any time. */
export type QuorumChances = {
  /** Nothing is placed, and the answer says so. */
  refuse: number
  /** The answer is lost, whatever became of the entry. */
  loseAnswer: number
  /** The leader has forgotten the id when the same append reaches it again, soon after. */
  placeTwice: number
}

export type MemoryQuorumOptions = {
  readonly network: MemoryNetwork
  readonly random: Pick<Random, 'fraction'>
  /** A member's hardware clock. */
  readonly wallMs: (member: string) => number
  readonly settings?: Partial<QuorumSettings>
}

/** An append reaches the leader again within this time. */
const secondPlaceMsMax = 3000

export class MemoryQuorums implements QuorumPeers {
  readonly settings: QuorumSettings
  readonly chances: QuorumChances = { refuse: 0, loseAnswer: 0, placeTwice: 0 }
  readonly clock: MemoryNetwork['clock']
  readonly random: Pick<Random, 'fraction'>
  readonly wallMs: (member: string) => number
  readonly #network: MemoryNetwork
  readonly #servers = new Map<string, MemoryQuorumServer>()
  readonly #nodes = new Map<string, MemoryQuorum>()
  /** One queue a direction: what was sent first arrives first. */
  readonly #lines = new Map<string, { arrivesMs: number; readonly waiting: (() => void)[] }>()

  constructor({ network, random, wallMs, settings }: MemoryQuorumOptions) {
    this.settings = { ...usual, ...settings }
    this.#network = network
    this.clock = network.clock
    this.random = random
    this.wallMs = wallMs
    network.onChange.add(() => this.#changed())
  }

  /** The quorum of a member's process from now on; the one before it, if any, is dead. */
  join(member: string): MemoryQuorum {
    this.#nodes.get(member)?.crash()
    const node = new MemoryQuorum(this, member)
    this.#nodes.set(member, node)
    return node
  }

  /** Of another process of the member: a node that led its region goes on beside the one that leads by now. Its owner ends it. */
  joinBeside(member: string): MemoryQuorum {
    return new MemoryQuorum(this, member)
  }

  /** The member's process has died. */
  crash(member: string): void {
    this.#nodes.get(member)?.crash()
  }

  server(member: string): MemoryQuorumServer {
    let server = this.#servers.get(member)
    if (server === undefined) {
      server = new MemoryQuorumServer(this, member)
      this.#servers.set(member, server)
    }
    return server
  }

  /** A server dies; what was under way from it and to it is lost. */
  stop(member: string): void {
    this.server(member).stop()
    this.#changed()
  }

  start(member: string): void {
    this.server(member).start()
    this.#changed()
  }

  /** The leader of the group as its most members know it. */
  leader(group: string): string | undefined {
    const leaders = [...this.#servers.values()].filter(({ up, copies }) => up && copies.get(group)?.role === 'leader')
    const termOf = (server: MemoryQuorumServer): number => server.copies.get(group)?.term ?? 0
    return leaders.toSorted((a, b) => termOf(b) - termOf(a))[0]?.member
  }

  reaches(from: string, to: string): boolean {
    const isUp = (a: string, b: string): boolean => a === b || this.#network.link(a, b).state === 'up'
    return this.server(to).up && isUp(from, to) && isUp(to, from)
  }

  send(from: string, to: string, work: () => void): void {
    const link = from === to ? undefined : this.#network.link(from, to)
    if (link !== undefined && link.state !== 'up') return
    const { run } = this.server(to)
    const arrive = (): void => {
      const target = this.server(to)
      if ((link === undefined || link.state === 'up') && target.up && target.run === run) work()
    }
    const delayMs = link === undefined ? 0 : link.delayMs + link.jitterMs * this.random.fraction()
    const line = this.#line(`${from}>${to}`)
    line.arrivesMs = Math.max(line.arrivesMs, this.clock.monotonicMs() + delayMs)
    line.waiting.push(arrive)
    this.clock.after(line.arrivesMs - this.clock.monotonicMs(), () => line.waiting.shift()?.())
  }

  #line(name: string) {
    const line = this.#lines.get(name) ?? { arrivesMs: 0, waiting: [] }
    this.#lines.set(name, line)
    return line
  }

  #changed(): void {
    for (const server of this.#servers.values()) server.lookAround()
  }
}

/** A process' own side. After `crash` nothing that was under way ever resolves, and no entry is given any more. */
class MemoryQuorum implements Quorum {
  readonly member: string
  alive = true
  readonly quorums: MemoryQuorums
  readonly #waiting: (() => void)[] = []

  constructor(quorums: MemoryQuorums, member: string) {
    this.quorums = quorums
    this.member = member
  }

  get server(): MemoryQuorumServer {
    return this.quorums.server(this.member)
  }

  open(group: string, members: readonly string[]): Promise<QuorumStream> {
    const { settings, clock } = this.quorums
    return new Promise((resolve, reject) => {
      const done = (isOpen: boolean): void => {
        this.server.listeners.delete(look)
        if (!this.alive) return
        if (isOpen) resolve(new MemoryQuorumStream(this, group))
        else reject(new QuorumUnavailable(`the quorum of ${group} has no majority`, true))
      }
      const look = (): void => {
        if (this.server.state(group) === 'majority' && this.server.copies.get(group)?.leader !== undefined) done(true)
      }
      this.hop(() => {
        const reached = members.filter((name) => this.server.up && this.quorums.reaches(this.member, name))
        if (!members.includes(this.member) || reached.length <= members.length / 2) return done(false)
        const copies = members.map((name) => this.quorums.server(name).copy(group, members))
        if (copies.every(({ leader, term }) => leader === undefined && term === 0))
          this.server.copies.get(group)?.campaign()
        this.server.listeners.add(look)
        clock.after(settings.appendTimeoutMs, () => done(false))
        look()
      })
    })
  }

  remove(group: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.hop(() => {
        const members = this.server.copies.get(group)?.members ?? []
        const isLed = members.length === 0 || this.server.state(group) === 'majority'
        if (!isLed) return reject(new QuorumUnavailable(`the quorum of ${group} has no majority`, true))
        for (const name of members) this.quorums.server(name).copies.delete(group)
        resolve()
      })
    })
  }

  crash(): void {
    this.alive = false
  }

  /** To or from the own server, in the order of the calls. */
  hop(work: () => void): void {
    this.#waiting.push(work)
    this.quorums.clock.after(this.quorums.settings.localDelayMs, () => {
      const next = this.#waiting.shift()
      if (this.alive) next?.()
    })
  }
}

class MemoryQuorumStream implements QuorumStream {
  readonly #quorum: MemoryQuorum
  readonly #group: string

  constructor(quorum: MemoryQuorum, group: string) {
    this.#quorum = quorum
    this.#group = group
  }

  append(id: string, bytes: Buffer): Promise<number> {
    const { settings, clock, chances, random } = this.#quorum.quorums
    const entry = { id, bytes: Buffer.from(bytes) }
    const happens = (chance: number): boolean => chance > 0 && random.fraction() < chance
    return new Promise((resolve, reject) => {
      const refuse = (message: string, isCertain: boolean): void => {
        if (this.#quorum.alive) reject(new QuorumUnavailable(message, isCertain))
      }
      if (happens(chances.refuse)) return this.#quorum.hop(() => refuse('the entry was refused', true))
      clock.after(settings.appendTimeoutMs, () => refuse('no answer in time', false))
      const isLost = happens(chances.loseAnswer)
      this.#quorum.hop(() =>
        this.#quorum.server.place(this.#group, entry, (sequence, isCertain) => {
          if (isLost) return
          this.#quorum.hop(() => (sequence === undefined ? refuse('no leader took it', isCertain) : resolve(sequence)))
        }),
      )
      if (happens(chances.placeTwice)) this.#placeAgain(entry)
    })
  }

  follow(...[after, take, events]: Parameters<QuorumStream['follow']>): ReturnType<QuorumStream['follow']> {
    const { server } = this.#quorum
    return new MemoryFollower({
      copy: () => (server.up ? server.copies.get(this.#group) : undefined),
      hop: (work) => this.#quorum.hop(work),
      listeners: server.listeners,
      after,
      take,
      onGap: (first) => events.onGap(first),
    })
  }

  trim(upTo: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#quorum.hop(() =>
        this.#quorum.server.trim(this.#group, upTo, (isTrimmed) => {
          if (isTrimmed) resolve()
          else reject(new QuorumUnavailable('no leader took it', true))
        }),
      )
    })
  }

  state(): QuorumState {
    return this.#quorum.server.state(this.#group)
  }

  sight(): QuorumSight {
    const { leader, placed: last = 0 } = this.#quorum.server.copies.get(this.#group) ?? {}
    return { state: this.state(), last, ...(leader === undefined ? {} : { leader }) }
  }

  #placeAgain(entry: { readonly id: string; readonly bytes: Buffer }): void {
    const { clock, random } = this.#quorum.quorums
    const { server } = this.#quorum
    clock.after(random.fraction() * secondPlaceMsMax, () => server.place(this.#group, entry, () => {}, 'again'))
  }
}
