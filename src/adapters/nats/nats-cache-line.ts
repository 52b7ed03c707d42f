/**
 * A cache's line over NATS: plain subjects without a stream, since what is missed is never asked for again. The server keeps
 * the order of what one connection publishes to another, so an answer proves that what was said before it has arrived.
 */
import type { NatsConnection } from '@nats-io/transport-node'
import type { CacheLine, CacheSession } from '../../ports/cache-line.ts'
import { bufferOf, connectOnce, type NatsServer } from './nats-connect.ts'
import { cacheAskSubject, cacheInboxPrefix, invalidationSubject } from './nats-subjects.ts'

export class NatsCacheLine implements CacheLine {
  readonly #region: string
  readonly #server: NatsServer

  constructor(region: string, server: NatsServer) {
    this.#region = region
    this.#server = server
  }

  async connect(onInvalidation: (payload: Buffer) => void): Promise<CacheSession> {
    const region = this.#region
    const connection = await connectOnce(region, this.#server, 'cache', { inbox: cacheInboxPrefix(region) })
    connection.subscribe(invalidationSubject(region), {
      callback: (error, message) => {
        if (error === null) onInvalidation(bufferOf(message.data))
      },
    })
    return sessionOn(connection, region)
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
