/** Requests to a key service by HTTP: JSON of bounded size, within a bounded time, tried again where that may help. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { BackOff, spread } from '../../core/back-off.ts'
import {
  keyServiceAnswerBytesMax,
  keyServiceBackOffMs,
  keyServiceBackOffMsMax,
  keyServiceConnectionsMax,
  keyServiceMsMax,
  keyServiceTriesMax,
} from '../../core/limits/key-limits.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import { boundedBody } from '../system/bounded-body.ts'

export type KeyRequest = {
  readonly method: 'GET' | 'POST'
  /** Of the endpoint. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export type KeyAnswer = { readonly status: number; readonly json: unknown }

export class KeyRequests {
  readonly #endpoint: URL
  readonly #agent: HttpAgent | HttpsAgent
  readonly #msMax: number

  constructor(endpoint: string, msMax = keyServiceMsMax) {
    this.#endpoint = new URL(endpoint)
    this.#msMax = msMax
    const settings = { keepAlive: true, maxSockets: keyServiceConnectionsMax }
    this.#agent = this.#isSecure ? new HttpsAgent(settings) : new HttpAgent(settings)
  }

  get host(): string {
    return this.#endpoint.host
  }

  get #isSecure(): boolean {
    return this.#endpoint.protocol === 'https:'
  }

  /** `request` is made for every try, since a signature has its time. Rejects with KeyUnavailable. */
  async ask(request: () => KeyRequest): Promise<KeyAnswer> {
    const backOff = new BackOff(keyServiceBackOffMs, keyServiceBackOffMsMax)
    for (let tries = 1; ; tries++) {
      let reason: string
      try {
        const answer = await this.#send(request())
        if (!isPassing(answer)) return answer
        reason = `it answered ${answer.status} ${textOf(answer.json)}`.trim()
      } catch (error) {
        reason = error instanceof Error ? error.message : String(error)
      }
      if (tries >= keyServiceTriesMax)
        throw new KeyUnavailable(`the key service at ${this.#endpoint.origin} cannot be reached: ${reason}`)
      await sleep(spread(backOff.next(), Math.random()))
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #send({ method, path, headers, body = '' }: KeyRequest): Promise<KeyAnswer> {
    const { hostname, port } = this.#endpoint
    const send = this.#isSecure ? httpsRequest : httpRequest
    const all = { ...headers, ...(body === '' ? {} : { 'content-length': String(Buffer.byteLength(body)) }) }
    return new Promise((resolve, reject) => {
      // Bounds the whole of it: an answer that comes byte by byte too.
      const signal = AbortSignal.timeout(this.#msMax)
      signal.addEventListener('abort', () => reject(new Error(`no whole answer came for ${this.#msMax} ms`)))
      const sent = send({ hostname, port, method, path, headers: all, agent: this.#agent, signal }, (reply) => {
        collected(reply).then(resolve, reject)
      })
      sent.on('error', reject)
      sent.end(body)
    })
  }
}

/** Asked again it may be taken. */
function isPassing({ status, json }: KeyAnswer): boolean {
  return status >= 500 || status === 429 || (status === 400 && /Throttl|LimitExceeded/.test(textOf(json)))
}

const textOf = (json: unknown): string => {
  const { __type: type } = (json ?? {}) as { readonly __type?: unknown }
  return typeof type === 'string' ? type : ''
}

async function collected(reply: IncomingMessage): Promise<KeyAnswer> {
  const body = await boundedBody(reply, keyServiceAnswerBytesMax)
  return { status: reply.statusCode ?? 0, json: parsed(body.toString('utf8')) }
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}
