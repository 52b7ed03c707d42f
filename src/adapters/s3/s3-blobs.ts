/**
 * Blobs in a bucket of S3 or of anything that speaks it. S3 shows an object only when all of it has arrived: a small one with its one request, a large
 * one when its parts are put together. Every request carries the checksum of what it brings.
 */
import { assert } from '../../core/assert.ts'
import { type BlobRange, type Blobs, BlobsFailed } from '../../ports/blobs.ts'
import { elementIn, keysIn, S3Refusal } from './s3-answer.ts'
import type { S3Connection } from './s3-connection.ts'
import { answerBytesMax, listedMax, partBytes, partsMax, wholeBytesMax } from './s3-limits.ts'

export type S3BlobsOptions = {
  readonly connection: S3Connection
  /** What all keys begin with; empty, or with a slash at its end. */
  readonly prefix: string
  /** Of what may be a name. */
  readonly isName: (name: string) => boolean
}

export class S3Blobs implements Blobs {
  readonly #connection: S3Connection
  readonly #prefix: string
  readonly #isName: (name: string) => boolean

  constructor({ connection, prefix, isName }: S3BlobsOptions) {
    this.#connection = connection
    this.#prefix = prefix
    this.#isName = isName
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    const key = this.#keyOf(name)
    // An answer that is lost may make the next try a refusal. Whether the blob is there is not known then: it is put again as a whole.
    await this.#asking(key, async () => {
      if (bytes.length > partBytes) await this.#putInParts(key, bytes)
      else await this.#connection.ask({ method: 'PUT', key, body: bytes, answerBytesMax })
    })
  }

  async get(name: string, range?: BlobRange): Promise<Buffer | undefined> {
    if (range !== undefined && range.to <= range.from) return Buffer.alloc(0)
    const key = this.#keyOf(name)
    const headers = range === undefined ? {} : { range: `bytes=${range.from}-${range.to - 1}` }
    const bytesMax = range === undefined ? wholeBytesMax : Math.max(range.to - range.from, answerBytesMax)
    try {
      const answer = await this.#connection.ask({ method: 'GET', key, headers, answerBytesMax: bytesMax })
      return range === undefined || answer.status === 206 ? answer.body : answer.body.subarray(range.from, range.to)
    } catch (error) {
      if (!(error instanceof S3Refusal)) throw error
      if (error.status === 404) return undefined
      // There is nothing from there on.
      if (error.status === 416) return Buffer.alloc(0)
      throw asFailed(error, key)
    }
  }

  async list(prefix: string, after: string, countMax: number): Promise<readonly string[]> {
    const query = {
      'encoding-type': 'url',
      'list-type': '2',
      'max-keys': String(Math.min(countMax, listedMax)),
      prefix: this.#prefix + prefix,
      ...(after === '' ? {} : { 'start-after': this.#prefix + after }),
    }
    const answer = await this.#asking('', () => this.#connection.ask({ method: 'GET', query, answerBytesMax }))
    const names = keysIn(answer.body.toString('utf8')).map((key) => key.slice(this.#prefix.length))
    // A key that is no name, such as that of a folder, is not one of ours.
    const known = names.filter((name) => this.#isName(name))
    const last = names.at(-1)
    return known.length === 0 && last !== undefined ? await this.list(prefix, last, countMax) : known
  }

  async delete(name: string): Promise<void> {
    const key = this.#keyOf(name)
    await this.#asking(key, () => this.#connection.ask({ method: 'DELETE', key, answerBytesMax }))
  }

  #keyOf(name: string): string {
    assert(this.#isName(name), `blobs: ${name} is a name`)
    return this.#prefix + name
  }

  /** What was begun is taken back where it cannot be ended, so that no parts are left there. */
  async #putInParts(key: string, bytes: Uint8Array): Promise<void> {
    const count = Math.ceil(bytes.length / partBytes)
    assert(count <= partsMax, 'blobs: a blob has at most 10,000 parts')
    const begun = await this.#connection.ask({ method: 'POST', key, query: { uploads: '' }, answerBytesMax })
    const uploadId = elementIn(begun.body.toString('utf8'), 'UploadId')
    if (uploadId === undefined) throw new BlobsFailed(`the upload of ${key} has no id`)
    try {
      const parts: string[] = []
      for (let part = 1; part <= count; part++) {
        const body = bytes.subarray((part - 1) * partBytes, part * partBytes)
        const query = { partNumber: String(part), uploadId }
        const { headers } = await this.#connection.ask({ method: 'PUT', key, query, body, answerBytesMax })
        parts.push(`<Part><PartNumber>${part}</PartNumber><ETag>${escaped(headers.etag ?? '')}</ETag></Part>`)
      }
      await this.#complete(key, uploadId, parts)
    } catch (error) {
      await this.#connection.ask({ method: 'DELETE', key, query: { uploadId }, answerBytesMax }).catch(() => undefined)
      throw error
    }
  }

  /** S3 may say 200 first, and that it has failed in the body. */
  async #complete(key: string, uploadId: string, parts: readonly string[]): Promise<void> {
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
    const answer = await this.#connection.ask({ method: 'POST', key, query: { uploadId }, body, answerBytesMax })
    const text = answer.body.toString('utf8')
    if (text.includes('<Error>')) throw new BlobsFailed(`the upload of ${key} failed: ${elementIn(text, 'Code')}`)
  }

  async #asking<Result>(key: string, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await ask()
    } catch (error) {
      throw error instanceof S3Refusal ? asFailed(error, key) : error
    }
  }
}

const asFailed = (error: S3Refusal, key: string): BlobsFailed =>
  new BlobsFailed(`the request about ${key} was refused: ${error.message}`, { cause: error })

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
