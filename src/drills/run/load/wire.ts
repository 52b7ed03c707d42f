/** One request of the API, once, over a connection that is kept: what an SDK does below its retries. */
import { hash } from 'node:crypto'
import { Agent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { targetOf } from '../../../core/wire/request-target.ts'
import { signingTime } from '../../../core/auth/signing-time.ts'
import { authorizationOf } from '../../../http/access/signer.ts'
import { codeOf, messageOf } from '../../../process/failure.ts'
import { SecureAgent } from '../../../process/requests/trust.ts'

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

export type Place = { readonly region: string; readonly endpoint: string }
type Fields = Readonly<Record<string, unknown>>
type ByPath = { readonly method: 'POST' | 'DELETE'; readonly path: string; readonly input?: Fields }
type Asked = Pick<ByPath, 'method' | 'path'> & {
  readonly service: 'dynamodb' | 'kms' | 'lambda' | 'monitoring' | 'application-autoscaling'
  readonly headers: Fields & Readonly<Record<string, string>>
  readonly body: string
}

export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly status: number
  readonly type: string

  constructor(status: number, type: string, message: string) {
    super(`${type}: ${message}`)
    this.status = status
    this.type = type
  }
}

/** Whether it has happened is not known, unless it is sure that nothing was sent. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly nothingSent: boolean

  constructor(message: string, nothingSent: boolean) {
    super(message)
    this.nothingSent = nothingSent
  }
}

const contentType = 'application/x-amz-json-1.0'
const socketsMax = 256

export class Wire {
  readonly #credentials: () => Credentials
  readonly #agent = new Agent({ keepAlive: true, maxSockets: socketsMax })
  readonly #secureAgent = new SecureAgent({ keepAlive: true, maxSockets: socketsMax })

  /** A function says for each request who signs it. */
  constructor(credentials: Credentials | (() => Credentials) = credentialsOf(process.env)) {
    this.#credentials = typeof credentials === 'function' ? credentials : () => credentials
  }

  /** Rejects with Refusal or NoAnswer. */
  async send({ region, endpoint }: Place, operation: string, input: Fields, timeoutMs: number): Promise<Fields> {
    const headers = { 'content-type': contentType, 'x-amz-target': targetOf(operation) }
    const asked = { method: 'POST', path: '/', service: 'dynamodb', headers, body: JSON.stringify(input) } as const
    return await this.#ask({ region, endpoint }, asked, timeoutMs)
  }

  /** An operation of CloudWatch. Rejects with Refusal or NoAnswer. */
  async cloudWatch(place: Place, operation: string, input: Fields, timeoutMs: number): Promise<Fields> {
    const headers = { 'content-type': contentType, 'x-amz-target': `GraniteServiceVersion20100801.${operation}` }
    const asked = { method: 'POST', path: '/', service: 'monitoring', headers, body: JSON.stringify(input) } as const
    return await this.#ask(place, asked, timeoutMs)
  }

  /** An operation of Application Auto Scaling. Rejects with Refusal or NoAnswer. */
  async autoScaling(place: Place, operation: string, input: Fields, timeoutMs: number): Promise<Fields> {
    const headers = {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': `AnyScaleFrontendService.${operation}`,
    }
    const service = 'application-autoscaling'
    return await this.#ask(
      place,
      { method: 'POST', path: '/', service, headers, body: JSON.stringify(input) },
      timeoutMs,
    )
  }

  /** An operation of KMS. Rejects with Refusal or NoAnswer. */
  async kms(place: Place, operation: string, input: Fields, timeoutMs: number): Promise<Fields> {
    const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` }
    const asked = { method: 'POST', path: '/', service: 'kms', headers, body: JSON.stringify(input) } as const
    return await this.#ask(place, asked, timeoutMs)
  }

  /** An operation of Lambda, which is named by its method and path. Rejects with Refusal or NoAnswer. */
  async lambda(place: Place, { method, path, input }: ByPath, timeoutMs: number): Promise<Fields> {
    const body = input === undefined ? '' : JSON.stringify(input)
    const asked = { method, path, service: 'lambda', headers: { 'content-type': 'application/json' }, body } as const
    return await this.#ask(place, asked, timeoutMs)
  }

  async #ask({ region, endpoint }: Place, asked: Asked, timeoutMs: number): Promise<Fields> {
    const { method, path, service, body } = asked
    const url = new URL(path, endpoint)
    const time = signingTime(Date.now())
    const toSign: Readonly<Record<string, string>> = { ...asked.headers, host: url.host, 'x-amz-date': time }
    const authorization = authorizationOf({
      ...this.#credentials(),
      scope: { scopeDate: time.slice(0, 8), region, service },
      time,
      method,
      url: path,
      headers: Object.entries(toSign).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      payloadHash: hash('sha256', body),
    })
    const headers = { ...toSign, 'content-length': Buffer.byteLength(body), authorization }
    return await new Promise<Fields>((resolve, reject) => {
      const isSecure = url.protocol === 'https:'
      const request = isSecure ? requestHttps : requestHttp
      const agent = isSecure ? this.#secureAgent : this.#agent
      const sent = request(url, { method, agent, headers }, (reply) => {
        const parts: Buffer[] = []
        reply.on('data', (part: Buffer) => parts.push(part))
        reply.on('error', (error) => reject(new NoAnswer(error.message, false)))
        reply.on('end', () => settle(reply.statusCode ?? 0, Buffer.concat(parts).toString('utf8'), resolve, reject))
      })
      const timer = setTimeout(() => {
        reject(new NoAnswer(`no answer after ${timeoutMs} ms`, false))
        sent.destroy()
      }, timeoutMs)
      sent.on('close', () => clearTimeout(timer))
      sent.on('error', (error) => reject(new NoAnswer(messageOf(error), codeOf(error) === 'ECONNREFUSED')))
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
    this.#secureAgent.destroy()
  }
}

function settle(status: number, text: string, resolve: (fields: Fields) => void, reject: (error: Error) => void): void {
  try {
    const fields = JSON.parse(text) as Fields
    if (isDone(status)) resolve(fields)
    else reject(refusalOf(status, fields))
  } catch {
    reject(
      isDone(status) ? new NoAnswer('an answer that is no JSON', false) : new Refusal(status, String(status), text),
    )
  }
}

const isDone = (status: number): boolean => status === 200 || status === 202

function refusalOf(status: number, fields: Fields): Refusal {
  const { __type: type, message = fields['Message'] } = fields
  const name = typeof type === 'string' ? type.replace(/^.*#/, '') : String(status)
  return new Refusal(status, name, typeof message === 'string' ? message : '')
}

/** A deployment that verifies signatures is drilled with the credentials that any SDK would find first. */
function credentialsOf(environment: NodeJS.ProcessEnv): Credentials {
  return {
    accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? 'drill',
    secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? 'drill',
  }
}
