/** The body of a request to one of our control ports: small, and JSON. */
import type { IncomingMessage } from 'node:http'
import { Failure } from '../failure.ts'

/** Undefined when there is none. Throws a Failure when it is too long, or is not JSON. */
export async function jsonBodyOf(request: IncomingMessage, sizeBytesMax: number): Promise<unknown> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > sizeBytesMax) throw new Failure(`the body is larger than ${sizeBytesMax} bytes`)
    chunks.push(chunk)
  }
  return sizeBytes === 0 ? undefined : parsed(Buffer.concat(chunks).toString('utf8'))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new Failure('the body is not JSON')
  }
}
