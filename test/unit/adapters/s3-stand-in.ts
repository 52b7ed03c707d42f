/**
 * A strict endpoint of S3 in memory. It computes each signature by itself from what came over the wire, looks at every checksum, takes parts only as S3
 * takes them, and shows an object only when all of it is there. It can fail, be silent, and tear an answer.
 */
import { createHash, createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const accessKeyId = 'AKIDEXAMPLE'
export const secretAccessKey = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'

export type Fault = 'none' | 'error' | 'silence' | 'tear' | 'slow down' | 'late error'

type Upload = { readonly key: string; readonly parts: Map<number, Buffer> }
type Reply = { readonly status: number; readonly body?: string | Buffer; readonly headers?: Record<string, string> }

const partBytesMin = 5 * 1024 * 1024

class Refused extends Error {
  readonly reply: Reply

  constructor(status: number, code: string) {
    super(code)
    this.reply = { status, body: `<Error><Code>${code}</Code><Message>${code} &amp; no more</Message></Error>` }
  }
}

export class S3StandIn {
  readonly buckets = new Map<string, Map<string, Buffer>>()
  readonly uploads = new Map<string, Upload>()
  /** One for each of the next requests. */
  readonly faults: Fault[] = []
  readonly seen: string[] = []
  readonly #server: Server
  #count = 0

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response))
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part)
    const body = Buffer.concat(parts)
    this.seen.push(`${request.method} ${request.url}`)
    const fault = this.faults.shift()
    if (fault === 'silence') return
    if (fault === 'error') return send(response, new Refused(500, 'InternalError').reply)
    if (fault === 'slow down') return send(response, new Refused(503, 'SlowDown').reply)
    const reply = this.#replyOf(request, body)
    if (fault === 'tear') {
      response.writeHead(reply.status, { 'content-length': 1000 })
      response.write('torn')
      return void setImmediate(() => response.destroy())
    }
    send(response, fault === 'late error' ? { ...reply, body: '<Error><Code>InternalError</Code></Error>' } : reply)
  }

  #replyOf(request: IncomingMessage, body: Buffer): Reply {
    try {
      checkSignature(request, body)
      const url = new URL(request.url ?? '', 'http://host')
      const [, bucket = '', ...rest] = url.pathname.split('/')
      const objects = this.buckets.get(bucket)
      if (objects === undefined) throw new Refused(404, 'NoSuchBucket')
      const key = decodeURIComponent(rest.join('/'))
      return this.#operation(request, { objects, key, query: url.searchParams, body })
    } catch (error) {
      if (error instanceof Refused) return error.reply
      throw error
    }
  }

  #operation(request: IncomingMessage, asked: Asked): Reply {
    const { objects, key, query, body } = asked
    const uploadId = query.get('uploadId')
    const { method } = request
    if (key === '') return list(asked)
    if (method === 'POST' && query.has('uploads')) return this.#begin(key)
    if (uploadId !== null) return this.#multipart(method ?? '', uploadId, asked)
    if (method === 'GET') return read(objects.get(key), request.headers.range)
    if (method === 'DELETE') objects.delete(key)
    else objects.set(key, body)
    return { status: method === 'DELETE' ? 204 : 200, headers: { etag: etagOf(body) } }
  }

  #begin(key: string): Reply {
    const id = `upload ${this.#count++}`
    this.uploads.set(id, { key, parts: new Map() })
    return { status: 200, body: `<Result><UploadId>${id}</UploadId></Result>` }
  }

  #multipart(method: string, id: string, { objects, key, query, body }: Asked): Reply {
    const upload = this.uploads.get(id)
    if (upload?.key !== key) throw new Refused(404, 'NoSuchUpload')
    if (method === 'DELETE') {
      this.uploads.delete(id)
      return { status: 204 }
    }
    if (method === 'PUT') {
      upload.parts.set(Number(query.get('partNumber')), body)
      return { status: 200, headers: { etag: etagOf(body) } }
    }
    objects.set(key, completed(upload, body.toString()))
    this.uploads.delete(id)
    return { status: 200, body: '<CompleteMultipartUploadResult></CompleteMultipartUploadResult>' }
  }
}

type Asked = {
  readonly objects: Map<string, Buffer>
  readonly key: string
  readonly query: URLSearchParams
  readonly body: Buffer
}

function send(response: ServerResponse, { status, body = '', headers = {} }: Reply): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body), ...headers }).end(body)
}

const etagOf = (body: Buffer): string => `"${createHash('md5').update(body).digest('hex')}"`

function read(bytes: Buffer | undefined, range: string | undefined): Reply {
  if (bytes === undefined) throw new Refused(404, 'NoSuchKey')
  if (range === undefined) return { status: 200, body: bytes }
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? []
  if (Number(from) >= bytes.length) throw new Refused(416, 'InvalidRange')
  return { status: 206, body: bytes.subarray(Number(from), Number(to) + 1) }
}

function list({ objects, query }: Asked): Reply {
  const after = query.get('start-after') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after)
  const page = keys.toSorted().slice(0, Number(query.get('max-keys')))
  const contents = page.map((key) => `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size></Contents>`)
  return { status: 200, body: `<ListBucketResult>${contents.join('')}</ListBucketResult>` }
}

/** In the order of their numbers, each with its ETag, and none but the last small. */
function completed({ parts }: Upload, body: string): Buffer {
  const named = [...body.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)]
  if (named.length === 0) throw new Refused(400, 'MalformedXML')
  let before = 0
  return Buffer.concat(
    named.map(([, number, etag = ''], at) => {
      const part = parts.get(Number(number))
      if (Number(number) <= before) throw new Refused(400, 'InvalidPartOrder')
      before = Number(number)
      if (part === undefined || etagOf(part) !== etag.replaceAll('&quot;', '"')) throw new Refused(400, 'InvalidPart')
      if (at < named.length - 1 && part.length < partBytesMin) throw new Refused(400, 'EntityTooSmall')
      return part
    }),
  )
}

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

function checkSignature({ method, url = '', headers }: IncomingMessage, body: Buffer): void {
  const form =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/
  const [, id, day = '', region = '', names = '', signature] = form.exec(headers.authorization ?? '') ?? []
  if (id !== accessKeyId) throw new Refused(403, 'InvalidAccessKeyId')
  const hash = String(headers['x-amz-content-sha256'])
  const md5 = headers['content-md5']
  if (hash !== sha256(body)) throw new Refused(400, 'XAmzContentSHA256Mismatch')
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64')) throw new Refused(400, 'BadDigest')
  if (method === 'PUT' && md5 === undefined) throw new Refused(400, 'MissingContentMD5')
  for (const name of ['host', 'x-amz-date', 'x-amz-content-sha256'])
    if (!names.split(';').includes(name)) throw new Refused(403, 'SignatureDoesNotMatch')
  const [path, query = ''] = url.split('?')
  const lines = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const canonical = [method, path, query, lines.join(''), names, hash].join('\n')
  const time = String(headers['x-amz-date'])
  const scope = `${day}/${region}/s3/aws4_request`
  const key = [day, region, 's3', 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  const expected = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex')
  if (expected !== signature || !time.startsWith(day)) throw new Refused(403, 'SignatureDoesNotMatch')
}
