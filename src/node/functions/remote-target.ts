/** A function behind an address that speaks Lambda's Invoke: SAM, serverless-offline, LocalStack, the runtime interface emulator, or another program. */
import { hash } from 'node:crypto'
import { responseTooLarge, timedOut } from '../../core/triggers/function-errors.ts'
import { invokePayloadBytesMax } from '../../core/limits/trigger-limits.ts'
import { signingTime } from '../../core/auth/signing-time.ts'
import { authorizationOf } from '../../http/access/signer.ts'
import type { InvocationContext, Invoked } from '../../ports/functions.ts'
import { messageOf } from '../../process/failure.ts'
import type { Target } from './function-target.ts'

export type RemoteSettings = {
  /** Of the function there. */
  readonly name: string
  readonly url: string
  readonly timeout: number
  readonly region: string
}

export class RemoteTarget implements Target {
  readonly #settings: RemoteSettings
  readonly #stopping = new AbortController()

  constructor(settings: RemoteSettings) {
    this.#settings = settings
  }

  stop(): void {
    this.#stopping.abort()
  }

  async invoke(event: Buffer, about: InvocationContext): Promise<Invoked> {
    const { timeout } = this.#settings
    const late = AbortSignal.timeout(timeout * 1000)
    try {
      const reply = await this.#ask(event, about, AbortSignal.any([late, this.#stopping.signal]))
      if (reply.status === 429) return { kind: 'unavailable', reason: 'it is throttled', isThrottled: true }
      const payload = await bytesOf(reply)
      if (reply.status !== 200)
        return { kind: 'unavailable', reason: `the address answers ${reply.status}`, isThrottled: false }
      if (payload === undefined) return { kind: 'failed', payload: responseTooLarge() }
      const log = Buffer.from(reply.headers.get('x-amz-log-result') ?? '', 'base64').toString()
      return { kind: reply.headers.has('x-amz-function-error') ? 'failed' : 'returned', payload, log }
    } catch (error) {
      // It may have seen the event: that is an attempt.
      if (late.aborted) return { kind: 'failed', payload: timedOut(about.requestId, timeout) }
      const { cause } = error as Error
      return { kind: 'unavailable', reason: messageOf(cause ?? error), isThrottled: false }
    }
  }

  async #ask(event: Buffer, { clientContext }: InvocationContext, signal: AbortSignal): Promise<Response> {
    const { url, name } = this.#settings
    const path = `${new URL(url).pathname.replace(/\/$/, '')}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`
    const context = clientContext === undefined ? {} : { 'x-amz-client-context': base64(clientContext) }
    return await fetch(new URL(path, url), {
      method: 'POST',
      body: new Uint8Array(event),
      redirect: 'error',
      signal,
      headers: {
        'content-type': 'application/json',
        'x-amz-invocation-type': 'RequestResponse',
        'x-amz-log-type': 'Tail',
        ...context,
        ...this.#signed(path, event),
      },
    })
  }

  /** Emulators look at the form of a signature to find the service; none of them knows its secret. */
  #signed(path: string, event: Buffer): Readonly<Record<string, string>> {
    const { region, url } = this.#settings
    const time = signingTime(Date.now())
    const authorization = authorizationOf({
      accessKeyId: 'longitude',
      secretAccessKey: 'longitude',
      scope: { scopeDate: time.slice(0, 8), region, service: 'lambda' },
      time,
      url: path,
      headers: [
        ['host', new URL(url).host],
        ['x-amz-date', time],
      ],
      payloadHash: hash('sha256', event),
    })
    return { authorization, 'x-amz-date': time }
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

/** Undefined for more than an answer may be. */
async function bytesOf({ body }: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.length
    if (sizeBytes > invokePayloadBytesMax) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
