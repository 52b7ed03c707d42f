/**
 * A reply as AWS sends it: request id, CRC-32 of the bytes that travel (compressed ones, if they are), length known.
 * Everything that the node answers on the API's address goes through here, errors too: in one write to the socket where the
 * request was read from it (connection.ts), else through node:http.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { crc32, deflate, gzip } from 'node:zlib'
import type { Socket } from 'node:net'
import { compressingBytesMax, idleConnectionMsMax } from '../../core/limits/limits.ts'
import { cutHeader } from '../../core/wire/cut-header.ts'
import type { CutKind } from '../../operations/faults/cut.ts'
import type { Place } from './reply-space.ts'
import { reset } from './resets.ts'

/** A body that comes together where it is written. After `release` nothing may be asked of it. */
export type ReplyParts = {
  readonly sizeBytes: number
  readonly copyTo: (target: Buffer, start: number) => number
  readonly release: () => void
}

export type Reply = {
  readonly status: number
  readonly contentType: string
  readonly bytes: Buffer
  /** The same as `bytes`, for code that has a place for it: then `bytes` is not made. */
  readonly parts?: ReplyParts | undefined
  readonly headers?: Readonly<Record<string, string>>
  /** Nothing is sent, and the connection ends so. */
  readonly cut?: CutKind | undefined
}

/**
 * An answer that is sent again and again as it is, as a cache's hits are: `about`, what its head says of its body, is worked out
 * once. It goes out as text, one character a byte, which node writes to the socket without a buffer in between.
 */
export class ReadyReply implements Reply {
  readonly status = 200
  readonly outcome = 'ok'
  readonly contentType: string
  readonly operation: string
  readonly body: string
  readonly about: string

  constructor(of: Pick<ReadyReply, 'contentType' | 'operation' | 'body' | 'about'>) {
    this.contentType = of.contentType
    this.operation = of.operation
    this.body = of.body
    this.about = of.about
  }

  /** For a sender that cannot send text. */
  get bytes(): Buffer {
    return Buffer.from(this.body, 'latin1')
  }
}

export function sizeBytesOf(reply: Reply): number {
  if (reply instanceof ReadyReply) return reply.body.length
  return reply.parts?.sizeBytes ?? reply.bytes.length
}

export function aboutBody(body: string): string {
  return `${body.length}\r\nx-amz-crc32: ${crc32(Buffer.from(body, 'latin1'))}\r\nx-amzn-RequestId: `
}

export type Sending = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  /** The connection ends with this reply. */
  readonly last: boolean
}

export function sendReply({ request, response, requestId, last }: Sending, reply: Reply): void {
  if (response.destroyed) return
  if (reply.cut !== undefined) return cutSocket(request.socket, reply.cut)
  response.writeHead(reply.status, {
    'Content-Type': reply.contentType,
    'Content-Length': reply.bytes.length,
    ...replyHeaders(requestId, reply.bytes),
    ...(last ? { Connection: 'close' } : {}),
    ...reply.headers,
  })
  response.end(reply.bytes)
}

/** What a region’s reply says is to be cut, to a program in between. */
export function cutIn({ headers }: IncomingMessage): CutKind | undefined {
  const how = headers[cutHeader]
  return how === 'reset' || how === 'close' ? how : undefined
}

export function cutSocket(socket: Socket, how: CutKind): void {
  if (how === 'reset') reset(socket)
  socket.destroy()
}

/** Of bytes that are not ours to send (fastify's). */
export function replyHeaders(requestId: string, bytes: Buffer | string): Record<string, string> {
  return { 'x-amzn-RequestId': requestId, 'x-amz-crc32': String(crc32(bytes)) }
}

/** What a page that may use the API may read of a reply, in DynamoDB's words. */
export const originHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,x-amz-crc32,Date',
}

/** A head is not longer, as a rule. */
const headRoomBytes = 1024

/** Head and body in one piece, since a write costs more than the copy: a part of what `place` gives for so many bytes. */
export function replyBytes(
  requestId: string,
  reply: Reply,
  { last, place }: { readonly last: boolean; readonly place: (sizeBytes: number) => Place },
): Buffer {
  const bodyBytes = sizeBytesOf(reply)
  const { memory, start } = place(headRoomBytes + bodyBytes)
  const bodyStart = start + headRoomBytes
  const end = bodyStart + bodyBytes
  // The body first: its checksum is in the head.
  if (reply.parts === undefined) reply.bytes.copy(memory, bodyStart)
  else {
    reply.parts.copyTo(memory, bodyStart)
    reply.parts.release()
  }
  const checksum = crc32(reply.parts === undefined ? reply.bytes : memory.subarray(bodyStart, end))
  const head = headText(requestId, reply, { last, bodyBytes, checksum })
  if (head.length > headRoomBytes) return Buffer.concat([Buffer.from(head, 'latin1'), memory.subarray(bodyStart, end)])
  memory.write(head, bodyStart - head.length, 'latin1')
  return memory.subarray(bodyStart - head.length, end)
}

/** Memory of its own. */
export const ownPlace = (sizeBytes: number): Place => ({ memory: Buffer.allocUnsafe(sizeBytes), start: 0 })

type About = { readonly last: boolean; readonly bodyBytes: number; readonly checksum: number }

function headText(requestId: string, reply: Reply, { last, bodyBytes, checksum }: About): string {
  const { status, contentType, headers } = reply
  let head = `HTTP/1.1 ${status} ${reasons[status] ?? ''}\r\nContent-Type: ${contentType}\r\nContent-Length: ${bodyBytes}\r\nx-amzn-RequestId: ${requestId}\r\nx-amz-crc32: ${checksum}\r\n`
  if (headers !== undefined) for (const name in headers) head += `${name}: ${headers[name]}\r\n`
  return head + (last ? closing() : keepingAlive())
}

export function replyText(requestId: string, { contentType, about, body }: ReadyReply, last: boolean): string {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: ${contentType}\r\nContent-Length: ${about}${requestId}\r\n`
  return head + (last ? closing() : keepingAlive()) + body
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

const keepAlive = `Connection: keep-alive\r\nKeep-Alive: timeout=${idleConnectionMsMax / 1000}\r\n\r\n`

/** The end of a head is the same for a second. */
let ending = { second: 0, date: '', keepingAlive: '' }

function keepingAlive(): string {
  return endingNow().keepingAlive
}

function closing(): string {
  return `${endingNow().date}Connection: close\r\n\r\n`
}

function endingNow(): typeof ending {
  const now = Date.now()
  const second = Math.floor(now / 1000)
  if (second !== ending.second) {
    const date = `Date: ${new Date(now).toUTCString()}\r\n`
    ending = { second, date, keepingAlive: date + keepAlive }
  }
  return ending
}

let compressingBytes = 0

/** Calls `send` with the reply compressed, if the client takes that and not too much is being compressed. */
export function compressed(reply: Reply, acceptEncoding: string, send: (reply: Reply) => void): void {
  const encoding = acceptedEncoding(acceptEncoding)
  const { length } = reply.bytes
  if (encoding === undefined || (compressingBytes > 0 && compressingBytes + length > compressingBytesMax))
    return send(reply)
  const compress = encoding === 'gzip' ? gzip : deflate
  compressingBytes += length
  compress(reply.bytes, (error, bytes) => {
    compressingBytes -= length
    send(
      error === null
        ? { ...reply, bytes, parts: undefined, headers: { 'Content-Encoding': encoding, ...reply.headers } }
        : reply,
    )
  })
}

const encodings: readonly string[] = ['gzip', 'deflate']

/** The one with the greatest weight; of equal ones that which is listed first. */
function acceptedEncoding(accepted: string): 'gzip' | 'deflate' | undefined {
  let best: { readonly name: string; readonly weight: number } | undefined
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    const given = parameters.find((parameter) => parameter.startsWith('q='))
    const weight = given === undefined ? 1 : Number(given.slice(2))
    if (encodings.includes(name) && weight > (best?.weight ?? 0)) best = { name, weight }
  }
  return best?.name as 'gzip' | 'deflate' | undefined
}
