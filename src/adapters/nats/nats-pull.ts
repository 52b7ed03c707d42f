/**
 * Pulls a stream through an ephemeral consumer, with our own flow control. The client's `consume` asks for more as
 * messages arrive, not as they are dealt with, and counts messages rather than bytes: with messages of up to 8 MB both
 * would let a slow receiver fill its memory. Here no more is asked for than `allow` says, which follows what the line carries,
 * and nothing while `pullBytesMax` waits. A message that is larger than what is asked for is asked for alone.
 *
 * A consumer that is gone shows as missed heartbeats: while a request is open the server must say something every two seconds,
 * unless the line is busy with what is before it.
 */
import { AckPolicy, DeliverPolicy, jetstreamManager, ReplayPolicy } from '@nats-io/jetstream'
import { createInbox, type Msg, type NatsConnection, nanos, type Subscription } from '@nats-io/transport-node'
import { pullBytesMax, streamWindowBytesMin } from '../../core/limits/limits.ts'
import { type Look, Patience } from '../../core/patience.ts'
import type { StreamMessage } from '../../ports/bus.ts'
import { apiPrefixOf, bufferOf } from './nats-connect.ts'
import { inboxPrefix } from './nats-subjects.ts'

/** Single changes come one a message: over 100 ms, so many fill the way at 100,000 a second. More would only wait here. */
const pullMessagesMax = 10_000
/** A request for less is not worth its own bytes. */
const requestBytesMin = 4 * 1024
/** JetStream answers the questions of the start before anything else comes; the session's end rejects them. */
const apiTimeoutMs = 20 * 60 * 1000
const expiresMs = 10_000
/** A request is followed by the next before it expires, so that a message never waits for one. */
const renewMs = 7000
const heartbeatMs = 2000
const heartbeatsMissedMax = 2
const silenceMsMax = heartbeatMs * heartbeatsMissedMax

export type PullOptions = {
  readonly connection: NatsConnection
  readonly self: string
  readonly stream: string
  /** That of its messages. */
  readonly subject: string
  readonly fromSequence: number
  readonly api: { apiPrefix?: string; domain?: string; timeout: number }
  /** Bytes that have arrived on the connection, whole messages or not. */
  readonly receivedBytes: () => number
  readonly onMessage: (message: StreamMessage) => void | Promise<void>
  /** The server's own words, a heartbeat or the end of a request: they took so many bytes, and are no part of the stream. */
  readonly onStatus: (sizeBytes: number) => void
  /** Called once, with the reason. */
  readonly onEnd: (reason: string) => void
}

export class Puller {
  readonly #options: PullOptions
  readonly #inbox: string
  readonly #waiting: StreamMessage[] = []
  #subscription: Subscription | undefined
  #monitor: NodeJS.Timeout | undefined
  #nextSubject = ''
  #requests = 0
  #requestedAtMs = 0
  #patience: Patience
  #windowBytes = streamWindowBytesMin
  /** The next message is larger than what was asked for: it is asked for alone. */
  #isNextLarge = false
  #askedMessages = 0
  #askedBytes = 0
  #waitingBytes = 0
  #delivered = 0
  readonly #subjectBytes: number
  #draining = false
  #ended = false

  constructor(options: PullOptions) {
    this.#options = options
    this.#inbox = createInbox(inboxPrefix(options.self))
    this.#subjectBytes = options.subject.length
    this.#patience = this.#newPatience()
    this.#monitor = setInterval(() => this.#watch(), heartbeatMs / 2)
    this.#start().catch((error: unknown) => this.end(`consumer: ${String(error)}`))
  }

  /** About so many bytes may be under way. */
  allow(bytes: number): void {
    this.#windowBytes = Math.min(bytes, pullBytesMax)
    if (this.#nextSubject !== '') this.#askIfRoom()
  }

  end(reason: string): void {
    if (this.#ended) return
    this.#ended = true
    clearInterval(this.#monitor)
    this.#subscription?.unsubscribe()
    this.#waiting.length = 0
    this.#options.onEnd(reason)
  }

  async #start(): Promise<void> {
    const { connection, stream, fromSequence, api } = this.#options
    const manager = await jetstreamManager(connection, { ...api, timeout: apiTimeoutMs, checkAPI: false })
    const info = await manager.consumers.add(stream, {
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: Math.max(1, fromSequence),
      replay_policy: ReplayPolicy.Instant,
      mem_storage: true,
      max_deliver: 1,
      inactive_threshold: nanos(30_000),
    })
    if (this.#ended) return
    this.#nextSubject = `${apiPrefixOf(api)}.CONSUMER.MSG.NEXT.${stream}.${info.name}`
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => (error === null ? this.#receive(message) : this.end(String(error))),
    })
    this.#patience = this.#newPatience()
    this.#ask()
  }

  #receive(message: Msg): void {
    if (this.#ended) return
    this.#patience = this.#newPatience()
    const reply = message.reply ?? ''
    // Only a message of the stream says where to acknowledge it; its subject need not be read.
    if (reply.startsWith('$JS.ACK.')) this.#take(message, reply)
    else this.#hearStatus(message)
    this.#askIfRoom()
  }

  #take(message: Msg, reply: string): void {
    const place = placeOf(reply)
    if (place === undefined) return this.end('a message without its place in the stream')
    if (place.delivered !== this.#delivered + 1) return this.end('a gap in the delivery')
    this.#delivered = place.delivered
    const sizeBytes = message.data.length
    this.#askedMessages--
    // As the server counts.
    this.#askedBytes -= sizeBytes + reply.length + this.#subjectBytes
    this.#waitingBytes += sizeBytes
    // Large ones come together, as a rule.
    this.#isNextLarge = sizeBytes > this.#requestBytes
    this.#waiting.push({ sequence: place.sequence, payload: bufferOf(message.data) })
    if (!this.#draining) void this.#drain()
  }

  /** The end of one request, or a heartbeat. What a request leaves undelivered stands in its last status. */
  #hearStatus(message: Msg): void {
    this.#options.onStatus(statusSizeBytes(message))
    const code = message.headers?.code ?? 0
    if (code === 100) return
    if (code === 409 && /message size exceeds/i.test(message.headers?.description ?? '')) this.#isNextLarge = true
    if (code === 408 || (code === 409 && !isFatal(message.headers?.description ?? ''))) {
      this.#askedMessages = Math.max(0, this.#askedMessages - headerNumber(message, 'Nats-Pending-Messages'))
      this.#askedBytes = Math.max(0, this.#askedBytes - headerNumber(message, 'Nats-Pending-Bytes'))
      return
    }
    this.end(`consumer: ${code} ${message.headers?.description ?? ''}`)
  }

  async #drain(): Promise<void> {
    this.#draining = true
    try {
      for (;;) {
        const next = this.#waiting.shift()
        if (next === undefined || this.#ended) break
        const taken = this.#options.onMessage(next)
        // Mostly there is room at once, and a turn for each message would be what costs the most.
        if (taken !== undefined) await taken
        this.#waitingBytes -= next.payload.length
        if (taken !== undefined) this.#askIfRoom()
      }
    } catch (error) {
      this.end(`receiver: ${String(error)}`)
    } finally {
      this.#draining = false
    }
  }

  #askIfRoom(): void {
    if (this.#ended || this.#waitingBytes > pullBytesMax / 2 || this.#waiting.length > pullMessagesMax / 2) return
    const low = this.#askedMessages <= pullMessagesMax / 2 || this.#askedBytes <= (this.#windowBytes * 3) / 4
    if (this.#isNextLarge) {
      // Of what is asked for already nothing can come, and the server says so of each request.
      if (this.#askedMessages <= 0) this.#ask({ messages: 1, bytes: pullBytesMax })
    } else if (low || performance.now() - this.#requestedAtMs > renewMs) this.#ask()
  }

  #ask(
    { messages, bytes } = {
      messages: pullMessagesMax / 2,
      bytes: this.#requestBytes,
    },
  ): void {
    if (this.#askedMessages <= 0) this.#askedBytes = 0
    this.#askedMessages = Math.max(0, this.#askedMessages) + messages
    this.#askedBytes = Math.max(0, this.#askedBytes) + bytes
    this.#requestedAtMs = performance.now()
    const request = {
      batch: messages,
      max_bytes: bytes,
      expires: nanos(expiresMs),
      idle_heartbeat: nanos(heartbeatMs),
    }
    try {
      this.#options.connection.publish(this.#nextSubject, JSON.stringify(request), {
        reply: `${this.#inbox}.${++this.#requests}`,
      })
    } catch (error) {
      this.end(String(error))
    }
  }

  /** Silence counts only while a request is open, or the consumer is being made: a receiver that is full asks for nothing. */
  #watch(): void {
    const isStarting = this.#nextSubject === ''
    const isOpen = isStarting || performance.now() - this.#requestedAtMs < expiresMs + heartbeatMs
    if (this.#patience.isOver(this.#look())) {
      if (isOpen) return this.end(isStarting ? 'no consumer' : 'missed heartbeats')
      // Every request has expired by now.
      this.#askedMessages = 0
      this.#patience = this.#newPatience()
    }
    if (!isStarting) this.#askIfRoom()
  }

  get #requestBytes(): number {
    return Math.floor(Math.max(requestBytesMin, this.#windowBytes / 4))
  }

  #newPatience(): Patience {
    return new Patience(silenceMsMax, this.#look())
  }

  #look(): Look {
    return { nowMs: performance.now(), receivedBytes: this.#options.receivedBytes() }
  }
}

/** `HMSG`, the subscription's number, two lengths, spaces and line ends, about: what the client does not count of a status. */
const statusOverheadBytes = 18

/** On the wire. The client counts subject, header lines and payload. */
export function statusSizeBytes(message: Msg): number {
  const counted = (message as unknown as { size?: () => number }).size?.()
  return (counted ?? message.subject.length + message.data.length) + statusOverheadBytes
}

/** `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<tries>.<sequence>.<delivered>.<time>.<pending>[.<random>]` */
function placeOf(reply: string): { sequence: number; delivered: number } | undefined {
  let tokens = 1
  for (let at = reply.indexOf('.'); at >= 0; at = reply.indexOf('.', at + 1)) tokens++
  if (tokens < 9) return undefined
  const first = tokens === 9 ? 5 : 7
  const from = afterToken(reply, 0, first)
  const sequence = integerAt(reply, from)
  const delivered = integerAt(reply, afterToken(reply, from, 1))
  return sequence === undefined || delivered === undefined ? undefined : { sequence, delivered }
}

function afterToken(reply: string, from: number, tokens: number): number {
  let at = from
  for (let n = 0; n < tokens; n++) at = reply.indexOf('.', at) + 1
  return at
}

/** Digits up to the next dot; by hand, since every message comes through here. */
function integerAt(reply: string, from: number): number | undefined {
  let value = 0
  let at = from
  for (; at < reply.length; at++) {
    const digit = reply.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) break
    value = value * 10 + digit
  }
  return at > from && (at === reply.length || reply[at] === '.') && Number.isSafeInteger(value) ? value : undefined
}

/** A request that is used up ends with 409 as well as one whose consumer is gone. */
function isFatal(description: string): boolean {
  return !/batch completed|message size exceeds/i.test(description)
}

function headerNumber(message: Msg, name: string): number {
  const value = Number(message.headers?.get(name) ?? '')
  return Number.isFinite(value) ? value : 0
}
