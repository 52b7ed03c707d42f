/**
 * A reply as AWS sends it: request id, CRC-32 of the bytes that travel (compressed ones, if they are), length known.
 * Everything that the node answers on the API's address goes through here, errors too.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { crc32, deflate, gzip } from 'node:zlib'
import { compressedReplySizeBytesMin } from '../core/limits.ts'

export type Reply = {
  readonly status: number
  readonly contentType: string
  readonly bytes: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export type Sending = {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly requestId: string
  /** The connection ends with this reply. */
  readonly last: boolean
}

export function sendReply(sending: Sending, reply: Reply): void {
  const encoding = reply.bytes.length < compressedReplySizeBytesMin ? undefined : acceptedEncoding(sending.request)
  if (encoding === undefined) return writeReply(sending, reply, undefined)
  const compress = encoding === 'gzip' ? gzip : deflate
  compress(reply.bytes, (error, bytes) => {
    if (error === null) writeReply(sending, { ...reply, bytes }, encoding)
    else writeReply(sending, reply, undefined)
  })
}

/** Of bytes that are not ours to send (fastify's). */
export function replyHeaders(requestId: string, bytes: Buffer | string): Record<string, string> {
  return { 'x-amzn-RequestId': requestId, 'x-amz-crc32': String(crc32(bytes)) }
}

function writeReply(sending: Sending, reply: Reply, encoding: string | undefined): void {
  const { response, requestId, last } = sending
  if (response.destroyed) return
  response.writeHead(reply.status, {
    'Content-Type': reply.contentType,
    'Content-Length': reply.bytes.length,
    ...replyHeaders(requestId, reply.bytes),
    ...(encoding === undefined ? {} : { 'Content-Encoding': encoding }),
    ...(last ? { Connection: 'close' } : {}),
    ...reply.headers,
  })
  response.end(reply.bytes)
}

function acceptedEncoding(request: IncomingMessage): 'gzip' | 'deflate' | undefined {
  const accepted = request.headers['accept-encoding']
  if (accepted === undefined) return undefined
  const wanted = new Set<string>()
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((text) => text.trim())
    if (!parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) wanted.add(name)
  }
  if (wanted.has('gzip')) return 'gzip'
  return wanted.has('deflate') ? 'deflate' : undefined
}
