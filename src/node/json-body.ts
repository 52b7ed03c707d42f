/** The body of a request to one of our control ports: small, and JSON. */
import type { IncomingMessage } from 'node:http'
import { Failure } from './failure.ts'

/** Undefined when there is none. Throws a Failure when it is too long, and a SyntaxError when it is not JSON. */
export async function jsonBodyOf(request: IncomingMessage, sizeBytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > sizeBytesMax) throw new Failure('the request is too long')
    chunks.push(chunk)
  }
  return sizeBytes === 0 ? undefined : (JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown)
}
