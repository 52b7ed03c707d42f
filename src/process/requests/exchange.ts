/** One request to a program of the deployment, and its whole answer. Not by fetch: that waits five minutes for an answer to begin, whatever it is told, and knows the system's authorities alone. */
import { once } from 'node:events'
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { text as textOf } from 'node:stream/consumers'
import { SecureAgent } from './trust.ts'

export type Exchange = {
  /** Not GET where there is a body. */
  readonly body?: string | undefined
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs: number
}

export type Exchanged = { readonly status: number; readonly text: string }

/** Rejects when nothing answers, or not in time. */
export async function exchange(address: string | URL, asked: Exchange): Promise<Exchanged> {
  const { body, method = body === undefined ? 'GET' : 'POST', headers, timeoutMs } = asked
  const url = new URL(address)
  const isSecure = url.protocol === 'https:'
  const agent = isSecure ? { agent: new SecureAgent({ keepAlive: false }) } : {}
  const given = { method, headers: { ...headers }, ...agent, signal: AbortSignal.timeout(timeoutMs) }
  const request = (isSecure ? requestHttps : requestHttp)(url, given)
  // What breaks later is told by the answer.
  request.on('error', () => {})
  request.end(body)
  const [answer] = (await once(request, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, text: await textOf(answer) }
}
