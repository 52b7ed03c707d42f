/**
 * Consumers of the region's stream. The account of a peer may create some, and the server does not look at what they are like: one that pushes
 * would deliver messages of the stream where no program expects them, and one that does not expire would stay for good. The node of the
 * region removes both as soon as the server announces them; the stream's own limits hold while the node is away.
 */
import type { ConsumerInfo, JetStreamManager } from '@nats-io/jetstream'
import { type NatsConnection, nanos } from '@nats-io/transport-node'
import { consumerInactiveMsMax } from '../../core/limits/limits.ts'
import { Repeats } from '../../core/repeats.ts'
import type { Log } from '../../ports/log.ts'
import { consumerCreatedSubject } from './nats-subjects.ts'

export type ConsumerGuardOptions = {
  readonly connection: NatsConnection
  readonly manager: JetStreamManager
  readonly self: string
  readonly stream: string
  readonly log: Log
}

/** Looks through all consumers now, and again after each new one, until the connection ends. */
export function guardConsumers(options: ConsumerGuardOptions): void {
  new ConsumerGuard(options).start()
}

/** One look at a time, however many consumers are created. */
class ConsumerGuard {
  readonly #options: ConsumerGuardOptions
  readonly #repeats = new Repeats()
  #isLooking = false
  #isAsked = false

  constructor(options: ConsumerGuardOptions) {
    this.#options = options
  }

  start(): void {
    const { connection, self, log } = this.#options
    connection.subscribe(consumerCreatedSubject(self), {
      callback: (error) => {
        if (error === null) void this.#look()
        else log.warn('consumers of this region’s stream are not announced', { error: String(error) })
      },
    })
    void this.#look()
  }

  async #look(): Promise<void> {
    this.#isAsked = true
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      while (this.#isAsked && !this.#options.connection.isClosed()) {
        this.#isAsked = false
        await this.#removeForbidden()
      }
    } catch (error) {
      // There is no stream yet, or the server's own rules do not let this node look.
      const times = this.#repeats.note(String(error), performance.now())
      if (times !== undefined) this.#options.log.warn('consumers were not looked at', { error: String(error), times })
    } finally {
      this.#isLooking = false
    }
  }

  async #removeForbidden(): Promise<void> {
    const { manager, stream, log } = this.#options
    for await (const info of manager.consumers.list(stream)) {
      if (isAllowed(info)) continue
      log.warn('a consumer of the stream that pushes or does not expire is removed', { consumer: info.name })
      await manager.consumers.delete(stream, info.name)
    }
  }
}

function isAllowed({ config }: ConsumerInfo): boolean {
  const expiresAfter = config.inactive_threshold ?? 0
  const expires = expiresAfter > 0 && expiresAfter <= nanos(consumerInactiveMsMax)
  return expires && config.deliver_subject === undefined && config.durable_name === undefined
}
