/** One request of the API, once: an SDK's own retries would hide what a test is about. */
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const timeoutMs = 10_000

type Fields = Readonly<Record<string, unknown>>

/** An answer of the service that is an error: the request did nothing. Anything else that rejects may have done it. */
export class Refused extends Error {
  readonly status: number

  constructor(status: number, body: string) {
    super(`${status} ${body}`)
    this.status = status
  }
}

/** It may still happen. */
export class NoAnswer extends Error {}

export function sendRequest(endpoint: string, operation: string, input: Fields): Promise<Fields> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    'x-amz-date': '20260101T000000Z',
    authorization:
      'AWS4-HMAC-SHA256 Credential=chaos/20260101/local/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
  }
  return new Promise((resolve, reject) => {
    const sent = request(endpoint, { method: 'POST', agent, headers, timeout: timeoutMs }, (reply) => {
      const parts: Buffer[] = []
      reply.on('data', (part: Buffer) => parts.push(part))
      reply.on('error', reject)
      reply.on('end', () => {
        const body = Buffer.concat(parts).toString('utf8')
        if (reply.statusCode === 200) resolve(JSON.parse(body) as Fields)
        else reject(new Refused(reply.statusCode ?? 0, body))
      })
    })
    sent.on('error', reject)
    sent.on('timeout', () => sent.destroy(new NoAnswer(`no answer to ${operation} after ${timeoutMs} ms`)))
    sent.end(JSON.stringify(input))
  })
}
