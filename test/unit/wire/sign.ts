/** A signer of Signature Version 4 of its own, plainly after AWS's description, to hold ours against. */
import { createHash, createHmac } from 'node:crypto'

export type ToSign = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** `20260101T120000Z` */
  readonly time: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
  readonly region?: string
  readonly service?: string
  /** POST and / unless said otherwise. */
  readonly method?: string
  readonly path?: string
  /** Of a presigned request: sorted and encoded, without the signature. */
  readonly query?: string
}

/** The Authorization header. */
export function authorizationOf(request: ToSign): string {
  const names = signedNames(request)
  return `AWS4-HMAC-SHA256 Credential=${request.accessKeyId}/${scopeOf(request)}, SignedHeaders=${names.join(';')}, Signature=${signatureOf(request)}`
}

export function signatureOf(request: ToSign): string {
  const names = signedNames(request)
  const lines = names.map((name) => {
    const [, value = ''] = Object.entries(request.headers).find(([given]) => given.toLowerCase() === name) ?? []
    return `${name}:${value.trim().replaceAll(/ +/g, ' ')}\n`
  })
  const { method = 'POST', path = '/' } = request
  const canonical = [method, path, request.query ?? '', lines.join(''), names.join(';'), sha256(request.body)].join(
    '\n',
  )
  const toSign = ['AWS4-HMAC-SHA256', request.time, scopeOf(request), sha256(canonical)].join('\n')
  const key = scopeOf(request)
    .split('/')
    .reduce<Buffer>((sum, part) => hmac(sum, part), Buffer.from(`AWS4${request.secretAccessKey}`))
  return hmac(key, toSign).toString('hex')
}

export const scopeOf = ({ time, region = 'us-east-1', service = 'dynamodb' }: ToSign): string =>
  `${time.slice(0, 8)}/${region}/${service}/aws4_request`

const signedNames = ({ headers }: ToSign): string[] =>
  Object.keys(headers)
    .map((name) => name.toLowerCase())
    .toSorted()

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()

/** As signatures have it. */
export const timeOf = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:]|\.\d+/g, '')
