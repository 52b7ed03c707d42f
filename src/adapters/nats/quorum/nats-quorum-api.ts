/**
 * What is asked of quorum servers about one stream, and what of their answers is believed. A connection is lost, a leader away or an answer
 * broken at any time: each of these is thrown as a refusal (nats-refusals.ts), and the caller tries again.
 */
import { errors, headers, type Msg, type MsgHdrs, nanos } from '@nats-io/transport-node'
import {
  quorumAppendMsMax,
  quorumEntryBytesMax,
  quorumFetchMsMax,
  quorumIdLengthMax,
  quorumIdsMs,
  quorumQuestionMsMax,
  quorumStreamBytesMax,
} from '../../../core/limits/quorum-server-limits.ts'
import { StreamRefused } from '../../../core/stream-refusal.ts'
import type { QuorumEntry } from '../../../ports/quorum.ts'
import { bufferOf } from '../nats-connect.ts'
import type { QuorumLine } from './nats-quorum-line.ts'
import { notOfTag, placedSubject, quorumStreamName, quorumSubject } from './nats-quorum-subjects.ts'
import { refusalFrom, refusalOfCode } from '../nats-refusals.ts'

/** What the stream's leader says of it. */
export type QuorumFacts = {
  readonly first: number
  readonly last: number
  /** The regions of the servers that have copies, the leader's first. */
  readonly servers: readonly string[]
  /** Of these, how many the leader reaches, itself among them. */
  readonly reached: number
}

/** The server's own headers on what it keeps. */
const named = { stream: 'Nats-Stream', subject: 'Nats-Subject', sequence: 'Nats-Sequence', time: 'Nats-Time-Stamp' }
const idHeader = 'Nats-Msg-Id'
const headerBytesMax = 1024
const noMessage = 10_037

export class QuorumApi {
  readonly group: string
  readonly #line: QuorumLine
  readonly #stream: string
  readonly #subject: string

  constructor(line: QuorumLine, group: string) {
    this.#line = line
    this.group = group
    this.#stream = quorumStreamName(group)
    this.#subject = quorumSubject(group)
  }

  async append(id: string, bytes: Buffer): Promise<number> {
    const given = headers()
    given.set(idHeader, id)
    const reply = await this.#ask(this.#subject, bytes, quorumAppendMsMax, given)
    const { stream, seq } = answerIn(reply)
    if (stream !== this.#stream) throw new StreamRefused('passing', 'another stream has taken the entry')
    return sequenceIn(seq)
  }

  /** The entry, from the copy of any server that the own one chooses, or from the leader's; undefined when that has none of this sequence. */
  async entry(sequence: number, of: 'any' | 'leader'): Promise<QuorumEntry | undefined> {
    const found = of === 'any' ? await this.#anyEntry({ seq: sequence }) : await this.#leaderEntry(sequence)
    if (found !== undefined && found.sequence !== sequence) throw brokenAnswer()
    return found
  }

  /** The first entry from this sequence on of the copy of any server. */
  async entryFrom(sequence: number): Promise<QuorumEntry | undefined> {
    return await this.#anyEntry({ seq: sequence, next_by_subj: this.#subject })
  }

  async facts(silentMsMax: number): Promise<QuorumFacts> {
    const { state, cluster } = answerIn(await this.#api('STREAM.INFO'))
    const { first_seq, last_seq } = membersOf(state)
    const { leader, replicas } = membersOf(cluster)
    if (typeof leader !== 'string' || leader === '') throw new StreamRefused('passing', 'the stream has no leader now')
    const others = (Array.isArray(replicas) ? replicas : []).map(membersOf)
    const isReached = ({ offline, active }: Members): boolean =>
      offline !== true && typeof active === 'number' && active < nanos(silentMsMax)
    return {
      first: sequenceIn(first_seq),
      last: sequenceIn(last_seq),
      servers: [leader, ...others.map(({ name }) => textIn(name))],
      reached: 1 + others.filter(isReached).length,
    }
  }

  /** Places copies on the servers of the members, which are all that are of none of the other regions. */
  async create(members: readonly string[], others: readonly string[]): Promise<void> {
    const config = {
      name: this.#stream,
      subjects: [this.#subject],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      num_replicas: members.length,
      placement: { tags: others.map(notOfTag) },
      max_bytes: quorumStreamBytesMax,
      max_msg_size: quorumEntryBytesMax + headerBytesMax,
      max_msgs: -1,
      max_age: 0,
      duplicate_window: nanos(quorumIdsMs),
      allow_direct: true,
      deny_delete: true,
      republish: { src: this.#subject, dest: placedSubject(this.group) },
    }
    answerIn(await this.#api('STREAM.CREATE', config))
  }

  /** Rejects with the kind `gone` when it is. */
  async remove(): Promise<void> {
    answerIn(await this.#api('STREAM.DELETE'))
  }

  /** Removes all entries before this sequence. */
  async keepFrom(sequence: number): Promise<void> {
    answerIn(await this.#api('STREAM.PURGE', { seq: sequence }))
  }

  /** An entry that the leader has pushed. Throws a refusal for anything else. */
  pushed({ headers: given, data }: Msg): QuorumEntry {
    return this.#entryOf(given, data)
  }

  async #anyEntry(wanted: object): Promise<QuorumEntry | undefined> {
    const reply = await this.#ask(
      `$JS.API.DIRECT.GET.${this.#stream}`,
      Buffer.from(JSON.stringify(wanted)),
      quorumFetchMsMax,
    )
    const { headers: given, data } = reply
    if (given?.code === 404) return undefined
    if (given !== undefined && given.code !== 0)
      throw new StreamRefused('passing', `the quorum server answers ${given.code}`)
    return this.#entryOf(given, data)
  }

  /** The server adds its headers to those of the entry, which may have some of the same names. */
  #entryOf(given: MsgHdrs | undefined, data: Uint8Array): QuorumEntry {
    if (given === undefined) throw brokenAnswer()
    const only = (name: string): string => {
      const [value, ...others] = given.values(name)
      if (value === undefined || others.length > 0) throw brokenAnswer()
      return value
    }
    if (only(named.stream) !== this.#stream || only(named.subject) !== this.#subject) throw brokenAnswer()
    const [sequence, atMs] = [sequenceIn(Number(only(named.sequence))), timeIn(only(named.time))]
    return { sequence, atMs, id: idIn(given), bytes: bufferOf(data) }
  }

  async #leaderEntry(sequence: number): Promise<QuorumEntry | undefined> {
    const answer = membersOf(jsonOf(await this.#api('STREAM.MSG.GET', { seq: sequence })))
    if (membersOf(answer['error'])['err_code'] === noMessage) return undefined
    const { subject, seq, hdrs, data, time } = membersOf(checked(answer)['message'])
    if (subject !== this.#subject) throw brokenAnswer()
    return {
      sequence: sequenceIn(seq),
      atMs: timeIn(time),
      id: idInText(Buffer.from(textIn(hdrs), 'base64').toString('latin1')),
      bytes: Buffer.from(textIn(data), 'base64'),
    }
  }

  async #api(what: string, question: object = {}): Promise<Msg> {
    const bytes = Buffer.from(JSON.stringify(question))
    return await this.#ask(`$JS.API.${what}.${this.#stream}`, bytes, quorumQuestionMsMax)
  }

  async #ask(subject: string, payload: Buffer, timeout: number, given?: MsgHdrs): Promise<Msg> {
    const { connection } = this.#line
    if (connection === undefined) throw new StreamRefused('away', 'the quorum server of this region is away')
    try {
      return await connection.request(subject, payload, {
        timeout,
        ...(given === undefined ? {} : { headers: given }),
      })
    } catch (error) {
      // The server itself says that nothing listens.
      if (error instanceof errors.RequestError && error.isNoResponders())
        throw new StreamRefused('disabled', 'no server takes what is asked of the stream', { cause: error })
      throw refusalFrom(error)
    }
  }
}

type Members = Readonly<Record<string, unknown>>

function membersOf(value: unknown): Members {
  return typeof value === 'object' && value !== null ? (value as Members) : {}
}

function jsonOf(reply: Msg): unknown {
  try {
    return reply.json<unknown>()
  } catch {
    throw brokenAnswer()
  }
}

/** Throws the error that the server answers with. */
function answerIn(reply: Msg): Members {
  return checked(membersOf(jsonOf(reply)))
}

function checked(answer: Members): Members {
  if (answer['error'] === undefined) return answer
  const { err_code, description } = membersOf(answer['error'])
  throw refusalOfCode(Number(err_code ?? 0), textIn(description))
}

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '')

const isSequence = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function sequenceIn(value: unknown): number {
  if (!isSequence(value)) throw brokenAnswer()
  return value
}

function timeIn(value: unknown): number {
  const ms = Date.parse(textIn(value))
  if (Number.isNaN(ms)) throw brokenAnswer()
  return ms
}

/** Of an entry that someone has stored without one, or with one that no member gives, the empty text. */
function idIn(given: MsgHdrs): string {
  const id = given.get(idHeader)
  return id.length > quorumIdLengthMax ? '' : id
}

function idInText(given: string): string {
  const id = /^Nats-Msg-Id: *([^\r\n]*)\r?$/im.exec(given)?.[1] ?? ''
  return id.length > quorumIdLengthMax ? '' : id
}

const brokenAnswer = (): StreamRefused =>
  new StreamRefused('passing', 'the quorum server answers with something else than was asked for')
