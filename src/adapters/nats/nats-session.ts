/**
 * A connection to one peer's nats-server: its stream, its announcements, and questions to its node. Lost once, lost for good.
 * Whether it is alive, and whether an answer still comes, is decided by the bytes at the socket.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import type { Asked, PeerSession, StreamMessage, StreamState } from '../../ports/bus.ts'
import { apiPrefixOf, bufferOf, connectOnce, jetStreamOptions, type NatsServer } from './nats-connect.ts'
import { type Answering, nodeAnswers, watchNode } from './nats-answering.ts'
import { bytesRead, Heartbeat } from './nats-heartbeat.ts'
import { Puller, statusSizeBytes } from './nats-pull.ts'
import { NatsQuestions } from './nats-questions.ts'
import { refusalOfCode } from './nats-refusals.ts'
import { announceSubject, askSubject, logSubject, streamName } from './nats-subjects.ts'

export type SessionOptions = {
  readonly self: string
  readonly peer: string
  readonly server: NatsServer
  readonly timeoutMs: number
}

/** What an announcement costs on the wire beside its payload. */
const overheadBytes = 64

export async function openSession(options: SessionOptions): Promise<NatsSession> {
  const { self, server, peer, timeoutMs } = options
  const sinceMs = performance.now()
  const connection = await connectOnce(self, server, `follows ${peer}`, { timeoutMs, pings: false })
  return new NatsSession(connection, options, performance.now() - sinceMs)
}

export class NatsSession implements PeerSession {
  readonly closed: Promise<string>
  readonly #connection: NatsConnection
  readonly #options: SessionOptions
  readonly #askSubject: string
  readonly #questions: NatsQuestions
  readonly #heartbeat: Heartbeat
  #end: (reason: string) => void = () => undefined
  #puller: Puller | undefined
  #watch: { readonly stop: () => void } | undefined
  #allowedBytes: number | undefined
  /** Came in whole messages that say nothing of the stream's: announcements, and what the server itself says. */
  #asideBytes = 0
  #onRoundTrip: (tookMs: number) => void = () => undefined

  constructor(connection: NatsConnection, options: SessionOptions, connectedInMs: number) {
    this.#connection = connection
    this.#options = options
    this.#askSubject = askSubject(options.peer, options.self)
    this.closed = new Promise((resolve) => (this.#end = resolve))
    this.#questions = new NatsQuestions(
      connection,
      options.self,
      (message) => (this.#asideBytes += statusSizeBytes(message)),
    )
    this.#heartbeat = new Heartbeat({
      connection,
      connectedInMs,
      onSilent: (reason) => this.#finish(reason),
      onRoundTrip: (tookMs) => this.#onRoundTrip(tookMs),
    })
    void connection.closed().then((error) => this.#finish(error instanceof Error ? error.message : 'closed'))
  }

  state(): Asked<StreamState> {
    const { peer, server } = this.#options
    const subject = `${apiPrefixOf(server)}.STREAM.INFO.${streamName(peer)}`
    const { answer, drop } = this.#questions.ask(subject, Buffer.alloc(0))
    return { answer: answer.then(stateIn), drop }
  }

  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    const { peer, self, server } = this.#options
    this.#puller = new Puller({
      connection: this.#connection,
      self,
      stream: streamName(peer),
      subject: logSubject(peer),
      fromSequence,
      api: jetStreamOptions(server),
      receivedBytes: () => this.receivedBytes(),
      onMessage,
      onStatus: (sizeBytes) => (this.#asideBytes += sizeBytes),
      onEnd: (reason) => this.#finish(reason),
    })
    if (this.#allowedBytes !== undefined) this.#puller.allow(this.#allowedBytes)
  }

  allow(bytes: number): void {
    this.#allowedBytes = bytes
    this.#puller?.allow(bytes)
  }

  ask(payload: Buffer): Asked<Buffer> {
    const { answer, drop } = this.#questions.ask(this.#askSubject, payload)
    return { answer: answer.then((reply) => bufferOf(reply.data)), drop }
  }

  receivedBytes(): number {
    return bytesRead(this.#connection) - this.#asideBytes
  }

  onRoundTrip(handler: (tookMs: number) => void): void {
    this.#onRoundTrip = handler
  }

  tell(payload: Buffer): void {
    if (!this.#connection.isClosed()) this.#connection.publish(this.#askSubject, payload)
  }

  onAnnouncement(handler: (payload: Buffer) => void): void {
    this.#connection.subscribe(announceSubject(this.#options.peer), {
      callback: (error, message) => {
        if (error !== null) return
        this.#asideBytes += message.data.length + overheadBytes
        handler(bufferOf(message.data))
      },
    })
  }

  get isClosed(): boolean {
    return this.#connection.isClosed()
  }

  /** Whether a node serves the peer's bus at this server. */
  async answers(): Promise<boolean> {
    return await nodeAnswers(this.#answering)
  }

  /** From now on the session ends when no node answers any more: the peer has other servers. */
  watch(): void {
    this.#watch ??= watchNode(this.#answering, {
      onAsked: () => (this.#asideBytes += overheadBytes),
      onSilent: () => this.#finish('no node answers there any more'),
    })
  }

  get #answering(): Answering {
    return { connection: this.#connection, questions: this.#questions, subject: this.#askSubject }
  }

  async close(): Promise<void> {
    this.#finish('closed here')
    await this.#connection.close()
  }

  #finish(reason: string): void {
    this.#end(reason)
    this.#heartbeat.stop()
    this.#watch?.stop()
    this.#questions.end(reason)
    this.#puller?.end(reason)
    if (!this.#connection.isClosed()) void this.#connection.close()
  }
}

type StreamInfo = {
  readonly state?: { readonly messages?: number; readonly first_seq?: number; readonly last_seq?: number }
  readonly error?: { readonly description?: string; readonly err_code?: number }
}

/** Throws where the server has no such stream, or answers with something else. */
function stateIn(reply: Msg): StreamState {
  const { state, error } = reply.json<StreamInfo>()
  const { messages, first_seq: first, last_seq: last } = state ?? {}
  if (error !== undefined) throw refusalOfCode(error.err_code ?? 0, error.description ?? 'no reason')
  if (messages === undefined || first === undefined || last === undefined)
    throw new Error('the peer’s stream cannot be read: not a state')
  return { firstSequence: messages === 0 ? last + 1 : first, lastSequence: last }
}
