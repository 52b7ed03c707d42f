/** Signed requests to an endpoint that speaks S3, in path style; tried again where that may help. */
import { createHash, hash } from 'node:crypto'
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { signingTime } from '../../core/auth/signing-time.ts'
import { BackOff, spread } from '../../core/back-off.ts'
import { BlobsFailed } from '../../ports/blobs.ts'
import { boundedBody } from '../system/bounded-body.ts'
import { bucketRefusal, S3Refusal } from './s3-answer.ts'
import { backOffMs, backOffMsMax, connectionsMax, silenceMsMax, triesMax } from './s3-limits.ts'

export type ToSign = {
  readonly method: string
  readonly url: string
  readonly region: string
  readonly time: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly payloadHash: string
}

export type S3Place = {
  /** http:// or https://, with host and port. */
  readonly endpoint: string
  readonly region: string
  readonly bucket: string
}

export type S3ConnectionOptions = S3Place & {
  /** The value of the Authorization header; undefined: requests are not signed. */
  readonly sign: ((request: ToSign) => string) | undefined
  readonly sessionToken?: string | undefined
  /** Between two tries, in milliseconds. */
  readonly backOff?: { readonly ms: number; readonly msMax: number }
  readonly silenceMs?: number
}

export type S3Request = {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Of the object; empty for the bucket. */
  readonly key?: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** More bytes than this of an answer are an error. */
  readonly answerBytesMax: number
}

export type S3Answer = { readonly status: number; readonly headers: IncomingMessage['headers']; readonly body: Buffer }

export class S3Connection {
  readonly #options: S3ConnectionOptions
  readonly #agent: HttpAgent | HttpsAgent
  readonly #isSecure: boolean

  constructor(options: S3ConnectionOptions) {
    this.#options = options
    this.#isSecure = options.endpoint.startsWith('https:')
    const settings = { keepAlive: true, maxSockets: connectionsMax }
    this.#agent = this.#isSecure ? new HttpsAgent(settings) : new HttpAgent(settings)
  }

  /** Rejects with an S3Refusal for what is refused for good, BucketRefused where that is the bucket's, and BlobsFailed for all else. */
  async ask(request: S3Request): Promise<S3Answer> {
    const { ms, msMax } = this.#options.backOff ?? { ms: backOffMs, msMax: backOffMsMax }
    const backOff = new BackOff(ms, msMax)
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once(request)
      } catch (error) {
        const isFinal = error instanceof S3Refusal && !error.isPassing
        if (isFinal) throw bucketRefusal(error)
        if (tries >= triesMax) throw this.#failed(request, error)
      }
      await sleep(spread(backOff.next(), Math.random()))
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #failed({ method, key = '' }: S3Request, error: unknown): BlobsFailed {
    const { endpoint, bucket } = this.#options
    return new BlobsFailed(`${method} ${endpoint}/${bucket}/${key} failed: ${(error as Error).message}`, {
      cause: error,
    })
  }

  async #once(request: S3Request): Promise<S3Answer> {
    const answer = await this.#send(request)
    if (answer.status >= 200 && answer.status < 300) return answer
    throw new S3Refusal(answer.status, answer.body.toString('utf8'))
  }

  #send(request: S3Request): Promise<S3Answer> {
    const { endpoint, silenceMs = silenceMsMax } = this.#options
    const { hostname, port } = new URL(endpoint)
    const { method, body = Buffer.alloc(0) } = request
    const path = this.#pathOf(request)
    const send = this.#isSecure ? httpsRequest : httpRequest
    return new Promise((resolve, reject) => {
      const headers = this.#headersOf(request, path, body)
      const sent = send({ hostname, port, method, path, headers, agent: this.#agent, timeout: silenceMs }, (reply) => {
        collect(reply, request.answerBytesMax).then(resolve, reject)
      })
      sent.on('timeout', () => sent.destroy(new Error(`nothing came for ${silenceMs} ms`)))
      sent.on('error', reject)
      sent.end(body)
    })
  }

  #pathOf({ key, query = {} }: S3Request): string {
    const object = key === undefined ? '' : `/${key.split('/').map(encoded).join('/')}`
    const members = Object.entries(query)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    return `/${encoded(this.#options.bucket)}${object}${members.length === 0 ? '' : `?${members.join('&')}`}`
  }

  #headersOf({ method, headers = {} }: S3Request, url: string, body: Uint8Array): Record<string, string> {
    const { endpoint, region, sign, sessionToken } = this.#options
    const time = signingTime(Date.now())
    const payloadHash = hash('sha256', body)
    const all: Record<string, string> = {
      ...headers,
      ...(method === 'PUT' ? { 'content-md5': createHash('md5').update(body).digest('base64') } : {}),
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
      host: new URL(endpoint).host,
      'x-amz-content-sha256': payloadHash,
      'x-amz-date': time,
    }
    const signed = Object.entries(all).toSorted(([a], [b]) => (a < b ? -1 : 1))
    const authorization = sign?.({ method, url, region, time, headers: signed, payloadHash })
    return {
      ...all,
      'content-length': String(body.length),
      ...(authorization === undefined ? {} : { authorization }),
    }
  }
}

async function collect(reply: IncomingMessage, bytesMax: number): Promise<S3Answer> {
  const body = await boundedBody(reply, bytesMax)
  return { status: reply.statusCode ?? 0, headers: reply.headers, body }
}

/** RFC 3986's unreserved characters stay as they are. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
