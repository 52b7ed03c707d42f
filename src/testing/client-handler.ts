/**
 * The requestHandler of an AWS SDK v3 client whose region is in this process: a request goes through the same API as one from a socket
 * (http/api.ts), without a socket.
 */
import type { IncomingHttpHeaders } from 'node:http'
import { bodyBytesMaxOf } from '../core/wire/body-size.ts'
import { type Api, refusalOfBody } from '../http/api.ts'
import { type Reply, replyHeaders } from '../http/bytes/reply.ts'
import type { SdkHandlerOptions, SdkRequest, SdkRequestHandler, SdkResponse } from './cluster-api.ts'

/** Taken when this file is loaded: a test runner may put a fake one in its place later. */
const { setImmediate } = globalThis

/** Where requests go: the API, and whether there is a process behind it. */
export type Line = {
  readonly api: Api
  /** Undefined while the region is down; else calls the given function when it is killed. */
  readonly whenKilled: ((work: () => void) => () => void) | undefined
}

/** A client that asks again and again in memory leaves the event loop a turn after so many requests. */
const requestsAtOnceMax = 32

export function requestHandler(region: string, line: () => Line): SdkRequestHandler {
  let asked = 0
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => {},
    updateHttpClientConfig: () => {},
    httpHandlerConfigs: () => ({}),
    handle: async (request, { abortSignal } = {}) => {
      if (++asked % requestsAtOnceMax === 0) await new Promise<void>((resolve) => setImmediate(resolve))
      if (abortSignal?.aborted === true) throw aborted()
      return await exchange(region, request, { line: line(), abortSignal })
    },
  }
}

type Exchange = { readonly line: Line; readonly abortSignal: SdkHandlerOptions['abortSignal'] }

function exchange(region: string, request: SdkRequest, { line, abortSignal }: Exchange): Promise<SdkResponse> {
  const { api, whenKilled } = line
  return new Promise((resolve, reject) => {
    if (whenKilled === undefined) return reject(connectionError('ECONNREFUSED', `${region} is down`))
    const forget = whenKilled(() => reject(connectionError('ECONNRESET', `${region} was killed`)))
    if (abortSignal instanceof AbortSignal)
      abortSignal.addEventListener('abort', () => reject(aborted()), { once: true })
    const send = (requestId: string, reply: Reply): void => {
      forget()
      if (reply.cut !== undefined) return reject(connectionError('ECONNRESET', `${region} has cut the connection`))
      resolve(responseOf(requestId, reply))
    }
    const body = bytesOf(request.body)
    const headers = headersOf(request.headers)
    const head = { method: request.method, url: urlOf(request), headers }
    if (body.length > bodyBytesMaxOf(head)) return send('', refusalOfBody('too-large', head, ''))
    const rawHeaders = (): readonly string[] => Object.entries(request.headers).flat()
    if (!api.hold(body.length, body.length)) return api.throttle(send)
    const whole = { ...head, rawHeaders, body, payload: body }
    api.answer(whole, body.length, send)
  })
}

function responseOf(requestId: string, { status, contentType, bytes, headers }: Reply): SdkResponse {
  const about = { 'content-type': contentType, 'content-length': String(bytes.length) }
  const all = { ...about, ...replyHeaders(requestId, bytes), ...headers }
  const lower = Object.fromEntries(Object.entries(all).map(([name, value]) => [name.toLowerCase(), value]))
  // The SDK gives the object that it gets another prototype, and the region may send that object to others.
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
  return { response: { statusCode: status, headers: lower, body } }
}

function headersOf(given: Readonly<Record<string, string>>): IncomingHttpHeaders {
  const headers: Record<string, string> = {}
  for (const name in given) headers[name.toLowerCase()] = String(given[name])
  if (headers['content-encoding'] !== undefined)
    throw new Error('a client in this process sends no compressed bodies: use cluster.endpoint() for that')
  return headers
}

function bytesOf(body: unknown): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  throw new TypeError('the body of a request is neither text nor bytes')
}

function urlOf({ path, query = {} }: SdkRequest): string {
  const parts = Object.entries(query).flatMap(([name, values]) =>
    [values ?? ''].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
  )
  return parts.length === 0 ? path : `${path}?${parts.join('&')}`
}

function connectionError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

/** Under the name by which the SDK knows it. */
function aborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError' })
}
