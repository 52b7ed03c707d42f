/**
 * The way to the region: requests go on as they came, with the client's own Host, since its signature covers that, and with one
 * header more, which asks the region where in its log it answers. What comes back is whole and decompressed.
 */
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http'
import { Agent as TlsAgent, type AgentOptions, request as httpsRequest } from 'node:https'
import { gunzipSync, inflateSync } from 'node:zlib'
import { ServiceError } from '../../core/errors.ts'
import { cacheUpstreamConnectionsMax, cacheUpstreamMsMax, frameSizeBytesMax } from '../../core/limits/limits.ts'
import { type Mark, markOf, markRequestHeader, placeHeader, tablesHeader } from '../../core/wire/cache-mark.ts'
import { carriesCutsHeader } from '../../core/wire/cut-header.ts'
import { cutIn } from '../../http/bytes/reply.ts'
import { positionHeader } from '../../core/wire/position-header.ts'
import { ReceivedBytes } from '../../http/bytes/received-bytes.ts'
import { Cut } from '../../operations/faults/cut.ts'
import type { SignedRequest } from '../../http/access/signatures.ts'
import { ReplyBudget } from './reply-budget.ts'

export type UpstreamReply = {
  readonly status: number
  readonly contentType: string
  readonly bytes: Buffer
  readonly mark?: Mark
  /** Of a write, when its client asked for it. */
  readonly position?: string
}

export type Upstream = {
  /** Rejects with a ServiceError that a client may be told and may retry, or with a Cut. */
  readonly send: (request: SignedRequest) => Promise<UpstreamReply>
  /** Of replies that have not arrived whole. */
  readonly heldBytes: () => number
  readonly close: () => void
}

/** Makes what keeps connections to a region at https://, and says whom to believe there. */
export type Securing = (settings: AgentOptions) => TlsAgent

const usually: Securing = (settings) => new TlsAgent(settings)

export function upstreamAt(url: URL, securing: Securing = usually): Upstream {
  const isTls = url.protocol === 'https:'
  const settings = { keepAlive: true, maxSockets: cacheUpstreamConnectionsMax, timeout: idleMsMax }
  const agent = isTls ? securing(settings) : new Agent(settings)
  const open = isTls ? httpsRequest : httpRequest
  const budget = new ReplyBudget()
  return {
    send: async (request) => {
      const outgoing = open({
        agent,
        host: url.hostname.replaceAll(/[[\]]/g, ''),
        port: url.port,
        path: request.url,
        method: 'POST',
        headers: headersFor(request),
      })
      return await answered(outgoing, request.payload, budget)
    },
    heldBytes: () => budget.heldBytes,
    close: () => agent.destroy(),
  }
}

type Looking = { readonly securing?: Securing; readonly timeoutMs: number }

/** Resolves with any answer: a region that refuses something is there. Rejects when nothing answers. */
export async function lookAt(url: URL, { securing = usually, timeoutMs }: Looking): Promise<void> {
  const isTls = url.protocol === 'https:'
  const open = isTls ? httpsRequest : httpRequest
  await new Promise<void>((resolve, reject) => {
    const request = open(new URL('/health', url), {
      // Neither kept open nor one of those for requests.
      agent: isTls ? securing({ keepAlive: false }) : false,
      signal: AbortSignal.timeout(timeoutMs),
    })
    request.on('error', (error) => reject(error.name === 'AbortError' ? new Error('no answer in time') : error))
    request.on('response', (response) => {
      response.resume()
      resolve()
    })
    request.end()
  })
}

/** The region closes idle connections after a minute: ours go well before, so that no request meets one that is closing. */
const idleMsMax = 20_000

/** Between neighbours only (RFC 9110), or ours to say. */
const notPassedOn: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  markRequestHeader,
])

function headersFor(request: SignedRequest): string[] {
  const { payload } = request
  const rawHeaders = request.rawHeaders()
  const headers = ['Content-Length', String(payload.length), markRequestHeader, '1', carriesCutsHeader, '1']
  for (let n = 0; n + 1 < rawHeaders.length; n += 2) {
    const [name = '', value = ''] = [rawHeaders[n], rawHeaders[n + 1]]
    if (!notPassedOn.has(name.toLowerCase())) headers.push(name, value)
  }
  return headers
}

function answered(outgoing: ClientRequest, payload: Buffer, budget: ReplyBudget): Promise<UpstreamReply> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => outgoing.destroy(new Error('no answer in time')), cacheUpstreamMsMax)
    let sent = false
    const fail = (): void => {
      clearTimeout(timer)
      reject(sent ? lost() : new ServiceError('ServiceUnavailable', 'The region behind this cache cannot be reached.'))
    }
    outgoing.on('socket', (socket) => {
      if (!socket.connecting) sent = true
      else socket.once('connect', () => (sent = true))
    })
    outgoing.on('error', fail)
    outgoing.on('response', (incoming) => {
      const cut = cutIn(incoming)
      const received = new ReceivedBytes()
      const arriving = budget.begin(incoming)
      incoming.on('data', (chunk: Buffer) => {
        received.add(chunk)
        arriving.add(chunk.length)
        if (received.sizeBytes > replyBytesMax) outgoing.destroy(new Error('no reply is so large'))
      })
      incoming.on('aborted', fail)
      incoming.once('close', arriving.end)
      incoming.on('end', () => {
        clearTimeout(timer)
        arriving.end()
        if (cut !== undefined) return reject(new Cut(cut))
        try {
          resolve(replyOf(incoming, received.whole()))
        } catch {
          fail()
        }
      })
    })
    outgoing.end(payload)
  })
}

/** A 503 would say that nothing was executed. */
function lost(): ServiceError {
  return new ServiceError(
    'InternalServerError',
    'The connection to the region broke before it had answered; what was asked may have been done.',
  )
}

function replyOf(incoming: IncomingMessage, body: Buffer): UpstreamReply {
  const { headers, statusCode = 500 } = incoming
  const position = oneOf(headers[positionHeader])
  const mark = markOf(oneOf(headers[placeHeader]), oneOf(headers[tablesHeader]))
  return {
    status: statusCode,
    contentType: headers['content-type'] ?? 'application/x-amz-json-1.0',
    bytes: decoded(body, headers['content-encoding']),
    ...(mark === undefined ? {} : { mark }),
    ...(position === undefined ? {} : { position }),
  }
}

function oneOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value
}

function decoded(body: Buffer, encoding = ''): Buffer {
  return decoders[encoding]?.(body) ?? body
}

/** The largest replies are of 16 MB of items, as JSON. */
const replyBytesMax = frameSizeBytesMax
const whole = { maxOutputLength: replyBytesMax }

const decoders: Readonly<Record<string, (body: Buffer) => Buffer>> = {
  gzip: (body) => gunzipSync(body, whole),
  'x-gzip': (body) => gunzipSync(body, whole),
  deflate: (body) => inflateSync(body, whole),
}
