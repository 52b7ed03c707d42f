/**
 * This region's connection to its own quorum server, held for ever: lost and made again, while everything that is asked meanwhile is refused.
 * A stream registers what it wants to hear on each new connection.
 */
import { type NatsConnection } from '@nats-io/transport-node'
import { BackOff } from '../../../core/back-off.ts'
import { errorText } from '../../../core/error-text.ts'
import { connectBackOffMsMax, connectBackOffMsMin } from '../../../core/limits/limits.ts'
import { Repeats } from '../../../core/repeats.ts'
import type { Log } from '../../../ports/log.ts'
import { connectOnce, isNewEnough, type NatsServer } from '../nats-connect.ts'

export type QuorumLineOptions = { readonly self: string; readonly server: NatsServer; readonly log: Log }

export class QuorumLine {
  /** Called with each new connection, before anything is asked through it. */
  readonly onConnected = new Set<(connection: NatsConnection) => void>()
  readonly #options: QuorumLineOptions
  readonly #repeats = new Repeats()
  #connection: NatsConnection | undefined
  #closed = false
  #wake: () => void = () => undefined
  readonly #running: Promise<void>

  constructor(options: QuorumLineOptions) {
    this.#options = options
    this.#running = this.#run()
  }

  /** Undefined while the server is away. */
  get connection(): NatsConnection | undefined {
    return this.#connection?.isClosed() === false ? this.#connection : undefined
  }

  get isClosed(): boolean {
    return this.#closed
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#wake()
    await this.#connection?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const backOff = new BackOff(connectBackOffMsMin, connectBackOffMsMax)
    while (!this.#closed) {
      try {
        await this.#hold()
        backOff.reset()
      } catch (error) {
        const text = errorText(error)
        const times = this.#repeats.note(text, performance.now())
        if (times !== undefined) this.#options.log.warn('the quorum server is away', { error: text, times })
      }
      if (!this.#closed) await this.#pause(backOff.next())
    }
  }

  async #hold(): Promise<void> {
    const { self, server, log } = this.#options
    const connection = await connectOnce(self, server, 'quorum')
    try {
      const version = connection.info?.version ?? ''
      if (!isNewEnough(version)) throw new Error(`nats-server ${version} is older than 2.10.23`)
      if (this.#closed) return
      this.#connection = connection
      for (const told of this.onConnected) told(connection)
      log.info('the quorum server is connected', { url: server.url, version })
      await connection.closed()
      if (!this.#closed) log.warn('the connection to the quorum server is lost')
    } finally {
      this.#connection = undefined
      if (!connection.isClosed()) await connection.close()
    }
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
