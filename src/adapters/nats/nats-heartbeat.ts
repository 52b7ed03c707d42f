/**
 * Notices that a peer's server is no longer heard. Every byte at the socket counts: over a narrow line a message needs minutes, and
 * the client sees nothing of it before it is whole, so that its own pings would call the connection dead.
 */
import type { NatsConnection } from '@nats-io/transport-node'

const lookEveryMs = 500
const pingAfterMs = 1500
/** The server counts what it hears of us, and a long message gives us nothing to say. */
const pingEveryMs = 8000
const silenceMsMax = 4500
/** While hardly anything else arrives, a ping takes as long as the way there and back, and so measures it. */
const quietPingEveryMs = 3000
const quietBytesMax = 4096
/** Where the way alone takes so long, a silence may last longer. */
const farRoundTripMs = 500
const farSilenceMsMax = 9000

export type HeartbeatOptions = {
  readonly connection: NatsConnection
  /** How long the connection needed to be made: some round trips. */
  readonly connectedInMs: number
  readonly onSilent: (reason: string) => void
  readonly onRoundTrip: (tookMs: number) => void
}

export class Heartbeat {
  readonly #options: HeartbeatOptions
  readonly #silenceMsMax: number
  readonly #timer: NodeJS.Timeout
  #bytes = 0
  #heardAtMs = performance.now()
  #pingedAtMs = -Infinity
  #pingedAtBytes = 0
  #pinging = false

  constructor(options: HeartbeatOptions) {
    this.#options = options
    this.#silenceMsMax = options.connectedInMs > 2 * farRoundTripMs ? farSilenceMsMax : silenceMsMax
    this.#timer = setInterval(() => this.#look(), lookEveryMs)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { connection, onSilent } = this.#options
    const bytes = bytesRead(connection)
    const nowMs = performance.now()
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      this.#heardAtMs = nowMs
    }
    const silentMs = nowMs - this.#heardAtMs
    if (silentMs > this.#silenceMsMax) onSilent('missed heartbeats')
    else if (nowMs - this.#pingedAtMs > this.#everyMs(silentMs, bytes)) this.#ping(nowMs)
  }

  #everyMs(silentMs: number, bytes: number): number {
    if (silentMs > pingAfterMs) return pingAfterMs
    return bytes - this.#pingedAtBytes < quietBytesMax ? quietPingEveryMs : pingEveryMs
  }

  #ping(nowMs: number): void {
    const { connection } = this.#options
    this.#pingedAtMs = nowMs
    this.#pingedAtBytes = bytesRead(connection)
    if (connection.isClosed()) return
    const answered = connection.flush()
    // Of one at a time: the answers of others would wait behind it.
    if (this.#pinging) return void answered.catch(() => undefined)
    this.#pinging = true
    const from = this.#pingedAtBytes
    answered
      .then(() => this.#answered(performance.now() - nowMs, bytesRead(connection) - from))
      .catch(() => undefined)
      .finally(() => (this.#pinging = false))
  }

  #answered(tookMs: number, receivedBytes: number): void {
    if (receivedBytes < quietBytesMax) this.#options.onRoundTrip(tookMs)
  }
}

type Sockets = { readonly protocol?: { readonly transport?: { readonly socket?: { readonly bytesRead?: number } } } }

/** At the socket; the client's own count is of whole messages only. */
export function bytesRead(connection: NatsConnection): number {
  const { protocol } = connection as unknown as Sockets
  return protocol?.transport?.socket?.bytesRead ?? connection.stats().inBytes
}
