/**
 * A connection to a server of the region itself, held for ever: the server may be down when the region starts, vanish, or come back with
 * its store wiped, and each time the connection is made again.
 */
import type { NatsConnection } from '@nats-io/transport-node'
import { BackOff } from '../../core/back-off.ts'
import { errorText } from '../../core/error-text.ts'
import { connectBackOffMsMax, connectBackOffMsMin } from '../../core/limits/limits.ts'
import { Repeats } from '../../core/repeats.ts'
import type { Log } from '../../ports/log.ts'
import type { Service } from '../../ports/service.ts'
import { connectOnce, isNewEnough, type NatsServer } from './nats-connect.ts'
import { Pause } from './nats-pause.ts'

export type HeldOptions = {
  readonly self: string
  readonly server: NatsServer
  /** As the server's list of connections names it. */
  readonly purpose: 'own' | 'quorum'
  /** As the log names the server. */
  readonly called: 'own nats-server' | 'quorum server'
  readonly log: Log
  /** Called with each new connection. When it rejects, the connection is closed, and another one is made later. */
  readonly onConnected: (connection: NatsConnection) => Promise<void> | void
}

export class HeldConnection implements Service {
  readonly #options: HeldOptions
  readonly #repeats = new Repeats()
  #connection: NatsConnection | undefined
  #away: string
  #isStopped = false
  readonly #pause = new Pause()
  #running: Promise<void> | undefined

  constructor(options: HeldOptions) {
    this.#options = options
    this.#away = `the ${options.called} is away`
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Undefined while the server is away. */
  get connection(): NatsConnection | undefined {
    return this.#connection?.isClosed() === false ? this.#connection : undefined
  }

  /** Why there is no connection. */
  get away(): string {
    return this.#away
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#pause.end()
    await this.#connection?.close()
    await this.#running
  }

  async #run(): Promise<void> {
    const backOff = new BackOff(connectBackOffMsMin, connectBackOffMsMax)
    while (!this.#isStopped) {
      try {
        await this.#hold()
        backOff.reset()
      } catch (error) {
        this.#tell(errorText(error))
      }
      if (!this.#isStopped) await this.#pause.wait(backOff.next())
    }
  }

  #tell(error: string): void {
    const { called, server, log } = this.#options
    this.#away = `the ${called} is away: ${error}`
    const times = this.#repeats.note(error, performance.now())
    if (times !== undefined && !this.#isStopped) log.warn(`the ${called} is away`, { url: server.url, error, times })
  }

  async #hold(): Promise<void> {
    const { self, server, purpose, called, log, onConnected } = this.#options
    const connection = await connectOnce(self, server, purpose)
    try {
      const version = connection.info?.version ?? ''
      if (!isNewEnough(version)) throw new Error(`nats-server ${version} is older than 2.10.23`)
      if (this.#isStopped) return
      this.#connection = connection
      await onConnected(connection)
      log.info(`the ${called} is connected`, { url: server.url, version })
      const error = await connection.closed()
      if (this.#isStopped) return
      log.warn(`the ${called} is lost`, { error: error instanceof Error ? error.message : 'closed' })
    } finally {
      this.#connection = undefined
      if (!connection.isClosed()) await connection.close()
    }
  }
}
