/** What is read from the answers of S3: a few elements of small documents. */
import { BucketRefused } from '../../ports/buckets.ts'

/** The endpoint has refused a request. */
export class S3Refusal extends Error {
  override readonly name = 'S3Refusal'
  readonly status: number
  readonly code: string

  constructor(status: number, body: string) {
    const code = elementIn(body, 'Code') ?? ''
    super(`${status} ${code} ${elementIn(body, 'Message') ?? ''}`.trim())
    this.status = status
    this.code = code
  }

  /** Asked again it may be taken. */
  get isPassing(): boolean {
    return this.status >= 500 || this.status === 429 || this.code === 'RequestTimeout' || this.code === 'SlowDown'
  }
}

/** As those who use a bucket tell it; the same error where it is none of the bucket's. */
export function bucketRefusal(error: unknown): unknown {
  if (!(error instanceof S3Refusal)) return error
  if (error.code === 'NoSuchBucket') return new BucketRefused('S3NoSuchBucket', 'The specified bucket does not exist')
  const isDenied = error.status === 401 || error.status === 403
  return isDenied ? new BucketRefused('S3AccessDenied', `Access Denied: ${error.message}`) : error
}

/** The text of the first element of the name. */
export function elementIn(document: string, name: string): string | undefined {
  const [, text] = new RegExp(`<${name}>([^<]*)</${name}>`).exec(document) ?? []
  return text === undefined ? undefined : unescaped(text)
}

/** Keys of ListObjectsV2 with encoding-type=url. */
export function keysIn(document: string): readonly string[] {
  const contents = document.split('<Contents>').slice(1)
  return contents.flatMap((part) => {
    const key = elementIn(part, 'Key')
    return key === undefined ? [] : [decodeURIComponent(key.replaceAll('+', ' '))]
  })
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const unescaped = (text: string): string =>
  text.replaceAll(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(amp|lt|gt|quot|apos));/g, (_, decimal, hexadecimal, name) => {
    if (typeof name === 'string') return entities[name] ?? ''
    return String.fromCodePoint(
      typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hexadecimal), 16),
    )
  })
