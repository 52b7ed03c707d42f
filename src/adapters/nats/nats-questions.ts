/**
 * Questions over one connection, without a time-out of their own: the client's must be known when the question is asked, and
 * over a narrow line it is not known then how long an answer needs.
 */
import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node'
import type { Asked } from '../../ports/bus.ts'
import { inboxPrefix } from './nats-subjects.ts'

type Waiting = { readonly resolve: (message: Msg) => void; readonly reject: (error: Error) => void }

const noResponders = 503

export class NatsQuestions {
  readonly #connection: NatsConnection
  readonly #inbox: string
  readonly #waiting = new Map<string, Waiting>()
  readonly #onRefused: (message: Msg) => void
  #asked = 0

  /** `onRefused` hears of each answer by which the server says that no node listens: that is no word of the peer. */
  constructor(connection: NatsConnection, self: string, onRefused: (message: Msg) => void) {
    this.#onRefused = onRefused
    this.#connection = connection
    this.#inbox = createInbox(inboxPrefix(self))
    connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (error === null) this.#answered(message)
      },
    })
  }

  ask(subject: string, payload: Buffer): Asked<Msg> {
    const reply = `${this.#inbox}.${++this.#asked}`
    const answer = new Promise<Msg>((resolve, reject) => {
      this.#waiting.set(reply, { resolve, reject })
      try {
        this.#connection.publish(subject, payload, { reply })
      } catch (error) {
        this.#waiting.delete(reply)
        reject(error)
      }
    })
    // The caller that has dropped it does not hear of the end.
    answer.catch(() => undefined)
    return { answer, drop: () => void this.#waiting.delete(reply) }
  }

  /** The connection has ended. */
  end(reason: string): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(reason))
    this.#waiting.clear()
  }

  #answered(message: Msg): void {
    const waiting = this.#waiting.get(message.subject)
    this.#waiting.delete(message.subject)
    if (message.data.length > 0 || message.headers?.code !== noResponders) waiting?.resolve(message)
    else {
      this.#onRefused(message)
      waiting?.reject(new Error('no responders'))
    }
  }
}
