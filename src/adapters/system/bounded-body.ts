/** The body of an answer by HTTP, of which no more is taken than is asked for. */
import type { IncomingMessage } from 'node:http'

/** Rejects when there is more; the connection has ended then. */
export async function boundedBody(reply: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of reply as AsyncIterable<Buffer>) {
    length += part.length
    if (length > bytesMax) {
      reply.destroy()
      throw new Error(`the answer has more than ${bytesMax} bytes`)
    }
    parts.push(part)
  }
  return Buffer.concat(parts)
}
