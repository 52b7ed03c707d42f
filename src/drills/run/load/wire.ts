/** One request of the API, once, over a connection that is kept: what an SDK does below its retries. */
import { hash } from 'node:crypto'
import { Agent, request as requestHttp } from 'node:http'
import { Agent as SecureAgent, request as requestHttps } from 'node:https'
import { targetOf } from '../../../core/wire/target.ts'
import { authorizationOf, signingTime } from '../../../http/access/signer.ts'
import { codeOf, messageOf } from '../../../process/failure.ts'

type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

export type Place = { readonly region: string; readonly endpoint: string }
type Fields = Readonly<Record<string, unknown>>

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
  readonly #credentials: Credentials
  readonly #agent = new Agent({ keepAlive: true, maxSockets: socketsMax })
  readonly #secureAgent = new SecureAgent({ keepAlive: true, maxSockets: socketsMax })

  constructor(credentials: Credentials = credentialsOf(process.env)) {
    this.#credentials = credentials
  }

  /** Rejects with Refusal or NoAnswer. */
  async send({ region, endpoint }: Place, operation: string, input: Fields, timeoutMs: number): Promise<Fields> {
    const url = new URL(endpoint)
    const body = JSON.stringify(input)
    const target = targetOf(operation)
    const time = signingTime(Date.now())
    const toSign = { 'content-type': contentType, host: url.host, 'x-amz-date': time, 'x-amz-target': target }
    const authorization = authorizationOf({
      ...this.#credentials,
      scope: { scopeDate: time.slice(0, 8), region, service: 'dynamodb' },
      time,
      url: '/',
      headers: Object.entries(toSign),
      payloadHash: hash('sha256', body),
    })
    const headers = { ...toSign, 'content-length': Buffer.byteLength(body), authorization }
    return await new Promise<Fields>((resolve, reject) => {
      const isSecure = url.protocol === 'https:'
      const request = isSecure ? requestHttps : requestHttp
      const agent = isSecure ? this.#secureAgent : this.#agent
      const sent = request(url, { method: 'POST', agent, headers }, (reply) => {
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
    if (status === 200) resolve(fields)
    else reject(refusalOf(status, fields))
  } catch {
    reject(
      status === 200 ? new NoAnswer('an answer that is no JSON', false) : new Refusal(status, String(status), text),
    )
  }
}

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
