/**
 * This region's connection to its own quorum server: while the server is away, everything that is asked is refused.
 * A stream registers what it wants to hear on each new connection.
 */
import { type NatsConnection } from '@nats-io/transport-node'
import type { Log } from '../../../ports/log.ts'
import type { Service } from '../../../ports/service.ts'
import type { NatsServer } from '../nats-connect.ts'
import { HeldConnection } from '../nats-held.ts'

export type QuorumLineOptions = { readonly self: string; readonly server: NatsServer; readonly log: Log }

export class QuorumLine implements Service {
  /** Called with each new connection, before anything is asked through it. */
  readonly onConnected = new Set<(connection: NatsConnection) => void>()
  readonly #held: HeldConnection
  #isClosed = false

  constructor({ self, server, log }: QuorumLineOptions) {
    const onConnected = (connection: NatsConnection): void => {
      for (const told of this.onConnected) told(connection)
    }
    this.#held = new HeldConnection({ self, server, log, purpose: 'quorum', called: 'quorum server', onConnected })
  }

  start(): void {
    this.#held.start()
  }

  /** Undefined while the server is away. */
  get connection(): NatsConnection | undefined {
    return this.#held.connection
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  async stop(): Promise<void> {
    this.#isClosed = true
    await this.#held.stop()
  }
}
