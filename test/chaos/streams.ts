/** A region's stream and subjects as whoever can reach its nats-server may abuse them: read, lost, repeated, reordered, made up. */
import { jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { logSubject, streamName } from '../../src/adapters/nats/nats-subjects.ts'
import type { ChaosRegion } from './chaos-region.ts'

const readMax = 200

export class StreamAbuse {
  readonly region: ChaosRegion
  readonly #connection: NatsConnection

  static async open(region: ChaosRegion): Promise<StreamAbuse> {
    const connection = await connect({ servers: `nats://127.0.0.1:${region.natsPort}`, name: 'abuse' })
    return new StreamAbuse(region, connection)
  }

  private constructor(region: ChaosRegion, connection: NatsConnection) {
    this.region = region
    this.#connection = connection
  }

  /** The last of what is on the stream, in its order. */
  async messages(): Promise<readonly Buffer[]> {
    const { streams } = await jetstreamManager(this.#connection)
    const name = streamName(this.region.name)
    const { state } = await streams.info(name)
    const found: Buffer[] = []
    for (let seq = Math.max(state.first_seq, state.last_seq - readMax); seq <= state.last_seq; seq++) {
      const message = await streams.getMessage(name, { seq }).catch(() => null)
      if (message !== null) found.push(Buffer.from(message.data))
    }
    return found
  }

  /** Everything on the stream is gone, as after a loss of power. */
  async lose(): Promise<void> {
    await (await jetstreamManager(this.#connection)).streams.purge(streamName(this.region.name))
  }

  /** Onto the stream, in this order. */
  async record(payloads: readonly Buffer[]): Promise<void> {
    for (const payload of payloads) await this.#connection.request(logSubject(this.region.name), payload)
  }

  async say(subject: string, payload: Buffer): Promise<void> {
    this.#connection.publish(subject, payload)
    await this.#connection.flush()
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }
}
