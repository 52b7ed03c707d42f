/**
 * The region's own side of the bus: one connection to its own nats-server (nats-held.ts), with which the stream is made again each time.
 * While the server is away everything here rejects or is dropped: the log in the store is what counts.
 */
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { Msg, NatsConnection } from '@nats-io/transport-node'
import { requestsUnderWayMax } from '../../core/limits/limits.ts'
import { StreamRefused } from '../../core/stream-refusal.ts'
import type { Answerer, CacheFeed, Stream, StreamEnd } from '../../ports/bus.ts'
import type { Log } from '../../ports/log.ts'
import type { Service } from '../../ports/service.ts'
import { bufferOf, jetStreamOptions, type NatsServer } from './nats-connect.ts'
import { servesNotYet, servesPeers } from './nats-answering.ts'
import { guardConsumers } from './nats-consumers.ts'
import { HeldConnection } from './nats-held.ts'
import { refusalFrom } from './nats-refusals.ts'
import { OwnStream, type OwnStreamOptions } from './nats-stream.ts'
import {
  announceSubject,
  askerOf,
  askSubject,
  cacheAskSubject,
  invalidationSubject,
  logSubject,
} from './nats-subjects.ts'

export type OwnOptions = {
  readonly self: string
  readonly server: NatsServer
  readonly log: Log
  readonly stream: OwnStreamOptions
}

type Live = {
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
}

/** Who answers on a subject, and how many questions it is busy with. */
type Desk = { handler: Answerer | undefined; underWay: number }

export class OwnSide implements Stream, Service {
  readonly caches: CacheFeed
  readonly #options: OwnOptions
  readonly #stream: OwnStream
  readonly #held: HeldConnection
  /** Of the latest connection. */
  #latest: Live | undefined
  readonly #peers: Desk = { handler: undefined, underWay: 0 }
  readonly #caches: Desk = { handler: undefined, underWay: 0 }

  constructor(options: OwnOptions) {
    this.#options = options
    this.#stream = new OwnStream(options.stream)
    this.caches = {
      invalidate: (payload) => this.#publish(invalidationSubject(options.self), payload),
      serve: (handler) => {
        this.#caches.handler = handler
      },
    }
    const { self, server, log } = options
    const onConnected = async (connection: NatsConnection): Promise<void> => await this.#begin(connection)
    this.#held = new HeldConnection({ self, server, log, purpose: 'own', called: 'own nats-server', onConnected })
  }

  start(): void {
    this.#held.start()
  }

  async last(): Promise<StreamEnd> {
    const { manager } = this.#connected()
    const { state } = await this.#stream.info(manager)
    if (state.messages === 0) return { sequence: state.last_seq, payload: undefined }
    const asked = manager.streams.getMessage(this.#stream.name, { seq: state.last_seq })
    const message = await asked.catch((error: unknown) => {
      throw refusalFrom(error)
    })
    return { sequence: state.last_seq, payload: message === null ? undefined : bufferOf(message.data) }
  }

  /**
   * No message id: the expected last sequence already keeps a message from being stored twice, and unlike the server's
   * memory of ids it has no window.
   */
  async append(payload: Buffer, after: number): Promise<number> {
    const { client, manager, connection } = this.#connected()
    const expect = { lastSequence: after, streamName: this.#stream.name }
    try {
      const { seq } = await client.publish(logSubject(this.#options.self), payload, { expect })
      this.#stream.stored()
      return seq
    } catch (error) {
      await this.#stream.notStored(manager, error)
      const refused = appendRefusal(error)
      // How much the server takes it says only to a new connection.
      if (refused.kind === 'too large' && refused.code === undefined) void connection.close()
      throw refused
    }
  }

  announce(payload: Buffer): void {
    this.#publish(announceSubject(this.#options.self), payload)
  }

  serve(handler: Answerer): void {
    this.#peers.handler = handler
  }

  async stop(): Promise<void> {
    await this.#held.stop()
  }

  #publish(subject: string, payload: Buffer): void {
    this.#live()?.connection.publish(subject, payload)
  }

  #live(): Live | undefined {
    return this.#latest !== undefined && this.#latest.connection === this.#held.connection ? this.#latest : undefined
  }

  #connected(): Live {
    const live = this.#live()
    if (live === undefined) throw new StreamRefused('away', this.#held.away)
    return live
  }

  /** What the server thinks of the stream makes no difference: the region announces itself and answers its peers' questions all the same. */
  async #begin(connection: NatsConnection): Promise<void> {
    const { self, server, log } = this.#options
    const options = { ...jetStreamOptions(server), checkAPI: false }
    const manager = await jetstreamManager(connection, options)
    guardConsumers({ connection, manager, self, stream: this.#stream.name, log })
    this.#stream.connected()
    this.#listen(connection)
    this.#latest = { connection, manager, client: jetstream(connection, options) }
  }

  #listen(connection: NatsConnection): void {
    const desks = [
      [askSubject(this.#options.self, '*'), this.#peers],
      [cacheAskSubject(this.#options.self), this.#caches],
    ] as const
    for (const [subject, desk] of desks)
      connection.subscribe(subject, {
        callback: (error, message) => {
          if (error === null) this.#hear(desk, message)
          else this.#options.log.warn('the own nats-server lets no question through', { subject, error: String(error) })
        },
      })
  }

  /**
   * A question without content asks only whether a node answers. One of a cache has no answer: a cache may name any subject of its account for it, as
   * that of what other caches are told.
   */
  #hear(desk: Desk, message: Msg): void {
    if (message.data.length > 0) void this.#answer(desk, message)
    else if (desk === this.#peers) message.respond(desk.handler === undefined ? servesNotYet : servesPeers)
  }

  /** A question too many is dropped: its asker times out and asks again. */
  async #answer(desk: Desk, message: Msg): Promise<void> {
    if (desk.handler === undefined || desk.underWay >= requestsUnderWayMax) return
    desk.underWay++
    try {
      const answer = await desk.handler(bufferOf(message.data), askerOf(message.subject))
      if (answer !== undefined) message.respond(answer)
    } catch (error) {
      this.#options.log.warn('request failed', { error: String(error) })
    } finally {
      desk.underWay--
    }
  }
}

/** Nothing that answers may mean that the stream is gone, or that JetStream is off: the next question for the stream tells which. */
function appendRefusal(error: unknown): StreamRefused {
  const refused = refusalFrom(error)
  const isUnheard = refused.kind === 'disabled' && refused.code === undefined
  return isUnheard ? new StreamRefused('gone', 'nothing records what this region publishes', { cause: error }) : refused
}
