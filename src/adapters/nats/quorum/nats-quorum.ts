/**
 * Shared streams on real servers (ports/quorum.ts): each region has a quorum server of its own, all of which form one cluster, and a
 * stream has a copy on the server of each member (docs/design/quorum.md). The region speaks to its own server only.
 */
import type { Msg } from '@nats-io/transport-node'
import { errorText } from '../../../core/error-text.ts'
import {
  quorumAppendsMax,
  quorumEntryBytesMax,
  quorumIdLengthMax,
  quorumOpenMsMax,
  quorumProbeMs,
  quorumSilentMsMax,
  quorumStreamsMax,
} from '../../../core/limits/quorum-server-limits.ts'
import { StreamRefused } from '../../../core/stream-refusal.ts'
import type { Log } from '../../../ports/log.ts'
import type { Meter } from '../../../ports/meter.ts'
import {
  type Quorum,
  type QuorumSight,
  type QuorumState,
  type QuorumStream,
  QuorumUnavailable,
} from '../../../ports/quorum.ts'
import type { NatsServer } from '../nats-connect.ts'
import { QuorumApi, type QuorumFacts } from './nats-quorum-api.ts'
import { QuorumFollower } from './nats-quorum-follower.ts'
import { QuorumLine } from './nats-quorum-line.ts'
import { isGroupName, placedSubject } from './nats-quorum-subjects.ts'

export type NatsQuorumOptions = {
  readonly self: string
  readonly server: NatsServer
  /** All regions that have quorum servers, as they are now. */
  readonly regions: () => readonly string[]
  /** Called with the first use, before the server is reached: it may not be there yet. */
  readonly onWanted?: () => void
  readonly meter?: Pick<Meter, 'gauge' | 'forget'>
  readonly log: Log
}

type Told = Pick<NatsQuorumOptions, 'self' | 'meter' | 'log'>

const openPollMs = 200

export class NatsQuorum implements Quorum {
  readonly #options: NatsQuorumOptions
  #line: QuorumLine | undefined
  readonly #streams = new Map<string, NatsQuorumStream>()

  constructor(options: NatsQuorumOptions) {
    this.#options = options
  }

  async open(group: string, members: readonly string[]): Promise<QuorumStream> {
    const open = this.#streams.get(group)
    if (open !== undefined) return open
    if (!isGroupName(group)) throw new QuorumUnavailable(`"${group}" is no name of a group`, true)
    if (this.#streams.size >= quorumStreamsMax)
      throw new QuorumUnavailable(`a region takes part in ${quorumStreamsMax} groups at most`, true)
    const api = new QuorumApi(this.#connected(), group)
    await this.#made(api, members)
    // Someone else may have opened it meanwhile.
    const stream = this.#streams.get(group) ?? new NatsQuorumStream(this.#connected(), api, members, this.#options)
    this.#streams.set(group, stream)
    return stream
  }

  async remove(group: string): Promise<void> {
    this.#streams.get(group)?.close()
    this.#streams.delete(group)
    try {
      await new QuorumApi(this.#connected(), group).remove()
    } catch (error) {
      if (error instanceof StreamRefused && error.kind === 'gone') return
      throw new QuorumUnavailable(`the stream of ${group} cannot be removed: ${errorText(error)}`, false)
    }
  }

  async close(): Promise<void> {
    for (const stream of this.#streams.values()) stream.close()
    this.#streams.clear()
    await this.#line?.stop()
  }

  #connected(): QuorumLine {
    if (this.#line !== undefined) return this.#line
    this.#options.onWanted?.()
    this.#line = new QuorumLine(this.#options)
    this.#line.start()
    return this.#line
  }

  /** Resolves when a majority of the members serves the stream, which is made when there is none. */
  async #made(api: QuorumApi, members: readonly string[]): Promise<void> {
    const deadlineMs = performance.now() + quorumOpenMsMax
    for (;;)
      try {
        const facts = await this.#factsOrMade(api, members)
        this.#requireMembers(api.group, facts, members)
        if (facts.reached > members.length / 2) return
        throw new StreamRefused('passing', 'its leader reaches no majority')
      } catch (error) {
        if (error instanceof QuorumUnavailable) throw error
        if (performance.now() > deadlineMs)
          throw new QuorumUnavailable(`the stream of ${api.group} cannot be opened: ${errorText(error)}`, true)
        await new Promise((resolve) => setTimeout(resolve, openPollMs))
      }
  }

  async #factsOrMade(api: QuorumApi, members: readonly string[]): Promise<QuorumFacts> {
    try {
      return await api.facts(quorumSilentMsMax)
    } catch (error) {
      if (!(error instanceof StreamRefused) || error.kind !== 'gone') throw error
    }
    const others = this.#options.regions().filter((region) => !members.includes(region))
    await api.create(members, others)
    this.#options.log.info('a shared stream is made', { group: api.group, members })
    return await api.facts(quorumSilentMsMax)
  }

  /** Copies elsewhere would make a majority of others than the members. */
  #requireMembers(group: string, { servers }: QuorumFacts, members: readonly string[]): void {
    const strangers = servers.filter((name) => !members.includes(name))
    if (strangers.length > 0)
      throw new QuorumUnavailable(`the stream of ${group} has copies on other servers: ${strangers.join(', ')}`, true)
  }
}

class NatsQuorumStream implements QuorumStream {
  readonly #line: QuorumLine
  readonly #api: QuorumApi
  readonly #members: readonly string[]
  readonly #told: Told
  readonly #followers = new Set<QuorumFollower>()
  readonly #probe: NodeJS.Timeout
  readonly #listen: Parameters<QuorumLine['onConnected']['add']>[0]
  #underWay = 0
  #isProbing = false
  #isClosed = false
  #heardMs = performance.now()
  #leader: string | undefined
  #last = 0

  constructor(line: QuorumLine, api: QuorumApi, members: readonly string[], told: Told) {
    this.#line = line
    this.#api = api
    this.#members = members
    this.#told = told
    this.#listen = (connection) => {
      connection.subscribe(placedSubject(api.group), {
        callback: (error, message) => {
          if (error === null) this.#push(message)
        },
      })
      for (const follower of this.#followers) follower.connected()
    }
    line.onConnected.add(this.#listen)
    if (line.connection !== undefined) this.#listen(line.connection)
    this.#probe = setInterval(() => void this.#look(), quorumProbeMs).unref()
  }

  async append(id: string, bytes: Buffer): Promise<number> {
    if (bytes.length > quorumEntryBytesMax) throw new QuorumUnavailable('the entry is too large', true)
    if (id === '' || id.length > quorumIdLengthMax) throw new QuorumUnavailable('the id is empty or too long', true)
    if (this.#underWay >= quorumAppendsMax) throw new QuorumUnavailable('too many appends are under way', true)
    this.#underWay++
    try {
      const sequence = await this.#api.append(id, bytes)
      this.#heardMs = performance.now()
      this.#placed(sequence)
      return sequence
    } catch (error) {
      throw new QuorumUnavailable(errorText(error), isNeverPlaced(error))
    } finally {
      this.#underWay--
    }
  }

  follow(...[after, take, { onGap }]: Parameters<QuorumStream['follow']>): ReturnType<QuorumStream['follow']> {
    const follower = new QuorumFollower({ api: this.#api, after, take, onGap, log: this.#told.log })
    this.#followers.add(follower)
    return {
      stop: async () => {
        this.#followers.delete(follower)
        await follower.stop()
      },
    }
  }

  async trim(upTo: number): Promise<void> {
    try {
      await this.#api.keepFrom(upTo + 1)
    } catch (error) {
      throw new QuorumUnavailable(`the stream of ${this.#api.group} is not trimmed: ${errorText(error)}`, false)
    }
  }

  state(): QuorumState {
    return performance.now() - this.#heardMs < quorumSilentMsMax ? 'majority' : 'minority'
  }

  sight(): QuorumSight {
    const seen = { state: this.state(), last: this.#last }
    return this.#leader === undefined ? seen : { ...seen, leader: this.#leader }
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#probe)
    this.#line.onConnected.delete(this.#listen)
    for (const follower of this.#followers) void follower.stop()
    this.#followers.clear()
    this.#told.meter?.forget({ group: this.#api.group })
  }

  /** What is no entry is passed by: the follower asks for what it lacks. */
  #push(message: Msg): void {
    if (this.#followers.size === 0) return
    try {
      const entry = this.#api.pushed(message)
      this.#last = Math.max(this.#last, entry.sequence)
      for (const follower of this.#followers) follower.pushed(entry)
    } catch (error) {
      this.#told.log.debug('an entry that was pushed cannot be used', { error: errorText(error) })
    }
  }

  #placed(sequence: number): void {
    this.#last = Math.max(this.#last, sequence)
    for (const follower of this.#followers) follower.placed(sequence)
  }

  /** One question at a time. A leader that is cut off answers too: whom it reaches is what counts. */
  async #look(): Promise<void> {
    if (this.#isProbing) return
    this.#isProbing = true
    try {
      const facts = await this.#api.facts(quorumSilentMsMax)
      if (facts.reached > this.#members.length / 2) this.#heardMs = performance.now()
      this.#leader = facts.servers[0]
      this.#placed(facts.last)
      this.#measure(facts)
    } catch {
      // Silence is what the state follows from.
    } finally {
      this.#isProbing = false
      if (!this.#isClosed)
        this.#told.meter?.gauge('longitude_quorum_majority', this.state() === 'majority' ? 1 : 0, {
          group: this.#api.group,
        })
    }
  }

  #measure({ first, last, servers: [leader] }: QuorumFacts): void {
    if (this.#isClosed) return
    const { meter, self } = this.#told
    const labels = { group: this.#api.group }
    meter?.gauge('longitude_quorum_leader', leader === self ? 1 : 0, labels)
    meter?.gauge('longitude_quorum_entries', last - first + 1, labels)
    const behind = [...this.#followers].map(({ taken }) => last - taken)
    meter?.gauge('longitude_quorum_behind_entries', Math.max(0, ...behind), labels)
  }
}

/** Nothing was sent, or no server takes entries of this stream. */
function isNeverPlaced(error: unknown): boolean {
  if (!(error instanceof StreamRefused)) return false
  return error.kind === 'disabled' || (error.kind === 'away' && error.cause === undefined)
}
