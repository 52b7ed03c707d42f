/** Signature Version 4 of a request to a region, as an SDK makes it. */
import { createHash, createHmac } from 'node:crypto'

export type Credentials = { readonly accessKeyId: string; readonly secretAccessKey: string }

export type Signed = { readonly 'x-amz-date': string; readonly authorization: string }

const signedHeaders = 'content-type;host;x-amz-date;x-amz-target'

export function signed(
  { accessKeyId, secretAccessKey }: Credentials,
  request: {
    readonly region: string
    readonly host: string
    readonly target: string
    readonly contentType: string
    readonly body: string
    readonly atMs: number
  },
): Signed {
  const date = new Date(request.atMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const day = date.slice(0, 8)
  const scope = `${day}/${request.region}/dynamodb/aws4_request`
  const headers = [
    `content-type:${request.contentType}`,
    `host:${request.host}`,
    `x-amz-date:${date}`,
    `x-amz-target:${request.target}`,
  ]
  const canonical = ['POST', '/', '', ...headers, '', signedHeaders, hash(request.body)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')
  const key = [day, request.region, 'dynamodb', 'aws4_request'].reduce<Buffer | string>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${secretAccessKey}`,
  )
  const signature = createHmac('sha256', key).update(toSign).digest('hex')
  return {
    'x-amz-date': date,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
