/** Requests below any SDK: whatever bytes and headers a test wants to send, and the reply as it arrived. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { request as httpsRequest } from 'node:https'

export type RawRequest = {
  readonly endpoint: string
  readonly method?: string
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

export type RawReply = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  /** The body if it is JSON, else undefined. */
  readonly json: unknown
}

/** Signed in form only: any credentials are accepted. */
export const signedHeaders: Readonly<Record<string, string>> = {
  Authorization:
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00',
  'X-Amz-Date': '20260101T000000Z',
}

export function apiHeaders(operation: string): Readonly<Record<string, string>> {
  return {
    ...signedHeaders,
    'Content-Type': 'application/x-amz-json-1.0',
    'X-Amz-Target': `DynamoDB_20120810.${operation}`,
  }
}

/** One operation with a body that may be anything at all: text is sent as it is, other values as JSON. */
export function call(endpoint: string, operation: string, body: unknown): Promise<RawReply> {
  return send({
    endpoint,
    headers: apiHeaders(operation),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
}

export function send({ endpoint, method = 'POST', path = '/', headers = {}, body }: RawRequest): Promise<RawReply> {
  const url = new URL(path, endpoint)
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers: { ...headers, ...lengthOf(body) } }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const text = bytes.toString()
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text, json: parsed(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

function lengthOf(body: string | Buffer | undefined): Record<string, string> {
  return { 'Content-Length': String(body === undefined ? 0 : Buffer.byteLength(body)) }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
