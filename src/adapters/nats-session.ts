/** A connection to one peer's nats-server: its stream, its announcements, and questions to its node. Lost once, lost for good. */
import { jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { PeerSession, StreamMessage, StreamState } from '../ports/bus.ts'
import { bufferOf, connectOnce, jetStreamOptions, type NatsServer } from './nats-connect.ts'
import { Puller } from './nats-pull.ts'
import { announceSubject, askSubject, streamName } from './nats-subjects.ts'

export type SessionOptions = { readonly self: string; readonly peer: string; readonly server: NatsServer }

export async function openSession(options: SessionOptions): Promise<PeerSession> {
  const connection = await connectOnce(options.self, options.server, `follows ${options.peer}`)
  return new NatsSession(connection, options)
}

class NatsSession implements PeerSession {
  readonly closed: Promise<string>
  readonly #connection: NatsConnection
  readonly #options: SessionOptions
  readonly #askSubject: string
  #end: (reason: string) => void = () => undefined
  #puller: Puller | undefined

  constructor(connection: NatsConnection, options: SessionOptions) {
    this.#connection = connection
    this.#options = options
    this.#askSubject = askSubject(options.peer, options.self)
    this.closed = new Promise((resolve) => (this.#end = resolve))
    void connection.closed().then((error) => this.#finish(error instanceof Error ? error.message : 'closed'))
  }

  async state(): Promise<StreamState> {
    const manager = await jetstreamManager(this.#connection, {
      ...jetStreamOptions(this.#options.server),
      checkAPI: false,
    })
    const { state } = await manager.streams.info(streamName(this.#options.peer))
    return {
      firstSequence: state.messages === 0 ? state.last_seq + 1 : state.first_seq,
      lastSequence: state.last_seq,
    }
  }

  consume(fromSequence: number, onMessage: (message: StreamMessage) => void | Promise<void>): void {
    this.#puller = new Puller({
      connection: this.#connection,
      self: this.#options.self,
      stream: streamName(this.#options.peer),
      fromSequence,
      api: jetStreamOptions(this.#options.server),
      onMessage,
      onEnd: (reason) => this.#finish(reason),
    })
  }

  async request(payload: Buffer, timeoutMs: number): Promise<Buffer> {
    const reply = await this.#connection.request(this.#askSubject, payload, { timeout: timeoutMs })
    return bufferOf(reply.data)
  }

  tell(payload: Buffer): void {
    if (!this.#connection.isClosed()) this.#connection.publish(this.#askSubject, payload)
  }

  onAnnouncement(handler: (payload: Buffer) => void): void {
    this.#connection.subscribe(announceSubject(this.#options.peer), {
      callback: (error, message) => {
        if (error === null) handler(bufferOf(message.data))
      },
    })
  }

  async close(): Promise<void> {
    this.#finish('closed here')
    await this.#connection.close()
  }

  #finish(reason: string): void {
    this.#end(reason)
    this.#puller?.end(reason)
    if (!this.#connection.isClosed()) void this.#connection.close()
  }
}
