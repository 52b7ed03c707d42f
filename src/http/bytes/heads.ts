/**
 * Bounds the heads of requests by one rule at every HTTP port of ours: a head that is larger than requestHeadBytesMax, or that is no
 * HTTP, is answered by 400, and its connection ends. Node would answer 431 to the one, and drop headers beyond the first 2,000.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { crc32 } from 'node:zlib'
import { lingerMsMax, requestHeadBytesMax } from '../../core/limits/limits.ts'

/** For createServer. */
export const headSettings = { maxHeaderSize: requestHeadBytesMax } as const

/** Call it before the server listens. */
export function boundHeads(server: Server): void {
  server.maxHeadersCount = 0
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => refuse(stream as Client, textFor(error.code)))
}

/** Returns whether the head is too large, which it answers then. Node counts names and values, and nothing between them. */
export function refusedHead(request: IncomingMessage, response: ServerResponse): boolean {
  if (headBytesOf(request) <= requestHeadBytesMax) return false
  request.resume()
  const about = { 'Content-Type': 'text/plain', 'x-amz-crc32': String(crc32(largeHead)), Connection: 'close' }
  response.writeHead(400, about).end(largeHead)
  return true
}

function headBytesOf({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + ' '.length + ' HTTP/1.1\r\n\r\n'.length
  for (let n = 0; n < rawHeaders.length; n++) bytes += (rawHeaders[n]?.length ?? 0) + 2
  return bytes
}

const largeHead = `The head of the request is larger than ${requestHeadBytesMax} bytes.\n`

const texts: Readonly<Record<string, readonly [status: string, body: string]>> = {
  HPE_HEADER_OVERFLOW: ['400 Bad Request', largeHead],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.\n'],
}

function textFor(code = ''): string {
  const [status, body] = texts[code] ?? ['400 Bad Request', 'This is no request of HTTP/1.1.\n']
  return `HTTP/1.1 ${status}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nx-amz-crc32: ${crc32(body)}\r\nConnection: close\r\n\r\n${body}`
}

type Client = Socket & { readonly _httpMessage?: { readonly headersSent: boolean } | null }

/** What is left of the request is read and dropped for a moment: a reset could overtake the answer. */
function refuse(socket: Client, text: string): void {
  if (socket.writableEnded) return
  const { _httpMessage: reply } = socket
  if (!socket.writable || reply?.headersSent === true) return void socket.destroy()
  socket.end(text)
  socket.resume()
  setTimeout(() => socket.destroy(), lingerMsMax).unref()
}
