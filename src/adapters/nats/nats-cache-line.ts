/**
 * A cache's line over NATS: plain subjects without a stream, since what is missed is never asked for again. The server keeps
 * the order of what one connection publishes to another, so an answer proves that what was said before it has arrived.
 */
import { type NatsConnection, TimeoutError } from '@nats-io/transport-node'
import type { CacheLine, CacheSession } from '../../ports/cache-line.ts'
import { bufferOf, connectOnce, type NatsServer } from './nats-connect.ts'
import { cacheAskSubject, cacheInboxPrefix, invalidationSubject } from './nats-subjects.ts'

/** Within this time a server has said that no node listens there. */
const refusalMsMax = 500

export class NatsCacheLine implements CacheLine {
  readonly #region: string
  /** A region of several nodes has one for each of them, and the leading node speaks at its own. */
  readonly #servers: readonly NatsServer[]

  constructor(region: string, servers: readonly NatsServer[]) {
    this.#region = region
    this.#servers = servers
  }

  async connect(onInvalidation: (payload: Buffer) => void): Promise<CacheSession> {
    const region = this.#region
    const connection = await this.#connected()
    connection.subscribe(invalidationSubject(region), {
      callback: (error, message) => {
        if (error === null) onInvalidation(bufferOf(message.data))
      },
    })
    return sessionOn(connection, region)
  }

  async #connected(): Promise<NatsConnection> {
    const [first, ...others] = this.#servers
    if (first === undefined) throw new Error('no NATS server is known')
    if (others.length === 0) return await this.#at(first)
    const tries = this.#servers.map(async (server) => await this.#led(server))
    const found = await Promise.any(tries)
    // For a moment two nodes may lead.
    for (const each of tries) each.then((other) => (other === found ? undefined : other.close())).catch(() => undefined)
    return found
  }

  async #at(server: NatsServer): Promise<NatsConnection> {
    return await connectOnce(this.#region, server, 'cache', { inbox: cacheInboxPrefix(this.#region) })
  }

  /** Rejects when no leading node listens there: then the server itself says so. A node says nothing to a question without content. */
  async #led(server: NatsServer): Promise<NatsConnection> {
    const connection = await this.#at(server)
    try {
      await connection.request(cacheAskSubject(this.#region), Buffer.alloc(0), { timeout: refusalMsMax })
    } catch (error) {
      if (error instanceof TimeoutError) return connection
      await connection.close()
      throw error
    }
    return connection
  }
}

function sessionOn(connection: NatsConnection, region: string): CacheSession {
  return {
    ask: async (payload, timeoutMs) =>
      bufferOf((await connection.request(cacheAskSubject(region), payload, { timeout: timeoutMs })).data),
    closed: connection.closed().then((error) => (error instanceof Error ? error.message : 'closed')),
    close: async () => {
      if (!connection.isClosed()) await connection.close()
    },
  }
}
