/** Who may send a request: signatures verified against a credentials file, with AWS's errors. */
import { gzipSync } from 'node:zlib'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Credential, Credentials } from '../../../src/core/auth/credentials.ts'
import { send } from '../../conformance/raw-request.ts'
import { echo, serverWith, type TestServer } from './server.ts'
import { authorizationOf, signatureOf, timeOf, type ToSign } from './sign.ts'

const alice = { accessKeyId: 'AKIAALICE', secretAccessKey: 'a secret/of+alice' }
const temporary = { accessKeyId: 'ASIABOB', secretAccessKey: 'b', sessionToken: 'token+of/bob==' }
const expired = { ...temporary, accessKeyId: 'ASIACAROL', expiresMs: 1000 }
const mapOf = (...list: readonly Credential[]): Credentials => new Map(list.map((each) => [each.accessKeyId, each]))

let credentials = mapOf(alice, temporary, expired)
let server: TestServer

beforeAll(async () => {
  server = await serverWith([echo('GetItem'), echo('ListTables')], { credentials: () => credentials })
})
afterAll(async () => await server.close())

const body = JSON.stringify({ TableName: 'Table', Key: { a: { S: 'b' } } })
const now = (): string => timeOf(Date.now())

type Changes = Partial<ToSign> & {
  /** As sent, where that is not what was signed. */
  readonly sent?: { readonly headers?: Readonly<Record<string, string>>; readonly body?: string | Buffer }
}

async function sign({ sent = {}, ...changes }: Changes = {}, endpoint = server.url) {
  const time = changes.time ?? now()
  const headers = {
    Host: new URL(endpoint).host,
    'X-Amz-Date': time,
    'X-Amz-Target': 'DynamoDB_20120810.GetItem',
    'Content-Type': 'application/x-amz-json-1.0',
    ...changes.headers,
  }
  const authorization = authorizationOf({ ...alice, time, body, ...changes, headers })
  const reply = await send({
    endpoint,
    headers: { ...headers, Authorization: authorization, ...sent.headers },
    body: sent.body ?? changes.body ?? body,
  })
  return { status: reply.status, json: reply.json as { __type?: string; message?: string } }
}

const refused = (code: string, message: string | RegExp) => ({
  status: 400,
  json: {
    __type: `com.amazon.coral.service#${code}`,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  },
})
const mismatch = refused(
  'InvalidSignatureException',
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
)
const unrecognized = refused('UnrecognizedClientException', 'The security token included in the request is invalid.')
const served = { status: 200, json: { input: JSON.parse(body) as unknown } }
const minute = 60_000

test('a signature for a region whose requests a front door may bring is accepted, for another it is not', async () => {
  const own = server
  server = await serverWith([echo('GetItem')], { credentials: () => credentials, signedFor: ['eu-west-1'] })
  try {
    expect(await sign({ region: 'eu-west-1' })).toMatchObject(served)
    expect(await sign({ region: 'us-east-1' })).toMatchObject(served)
    expect(await sign({ region: 'eu-west-2' })).toMatchObject(refused('InvalidSignatureException', /not 'eu-west-2'/))
  } finally {
    await server.close()
    server = own
  }
})

describe('a signature', () => {
  test('that is right is accepted, again and again', async () => {
    for (let n = 0; n < 3; n++) expect(await sign()).toMatchObject(served)
  })

  test('of the SDK is accepted, with the secret of the file only', async () => {
    const clientOf = (secretAccessKey: string) =>
      new DynamoDBClient({
        endpoint: server.url,
        region: 'us-east-1',
        credentials: { ...alice, secretAccessKey },
        maxAttempts: 1,
      })
    const command = () => new GetItemCommand({ TableName: 'Table', Key: { a: { S: 'ä' } } })
    expect((await clientOf(alice.secretAccessKey).send(command())).$metadata.httpStatusCode).toBe(200)
    await expect(clientOf('another').send(command())).rejects.toThrow('The request signature we calculated')
  })

  test('with another secret, over another body or with a header changed does not match', async () => {
    await sign()
    expect(await sign({ secretAccessKey: 'other' })).toEqual(mismatch)
    expect(await sign({ sent: { body: body.replace('b', 'c') } })).toEqual(mismatch)
    expect(await sign({ sent: { headers: { 'X-Amz-Target': 'DynamoDB_20120810.ListTables' } } })).toEqual(mismatch)
    const time = timeOf(Date.now() - 1000)
    expect(await sign({ time, sent: { headers: { 'X-Amz-Date': now() } } })).toEqual(mismatch)
  })

  test('is over the body as it travelled, and a content hash is a header like others', async () => {
    const zipped = gzipSync(body)
    expect(await sign({ headers: { 'Content-Encoding': 'gzip' }, body: zipped })).toMatchObject(served)
    const unsigned = { 'X-Amz-Content-Sha256': 'UNSIGNED-PAYLOAD' }
    expect(await sign({ headers: unsigned, sent: { body: body.replace('b', 'c') } })).toEqual(mismatch)
    expect(await sign({ headers: unsigned })).toMatchObject(served)
  })

  test('may be over headers with blanks and bytes beyond ASCII', async () => {
    expect(await sign({ headers: { 'X-Custom': '  a   b  ' } })).toMatchObject(served)
    const text = 'grün'
    // With a body of text, Node would write its headers in UTF-8 too.
    const sent = { headers: { 'X-Custom': Buffer.from(text).toString('latin1') }, body: Buffer.from(body) }
    expect(await sign({ headers: { 'X-Custom': text }, sent })).toMatchObject(served)
  })

  test('without the host among the signed headers is refused', async () => {
    const time = now()
    const headers = { 'X-Amz-Date': time, 'X-Amz-Target': 'DynamoDB_20120810.GetItem' }
    const authorization = authorizationOf({ ...alice, time, headers, body })
    const all = { ...headers, 'Content-Type': 'application/x-amz-json-1.0', Authorization: authorization }
    const { status, json } = await send({ endpoint: server.url, headers: all, body })
    expect({ status, json }).toEqual(
      refused('InvalidSignatureException', "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."),
    )
  })

  test('that is missing or incomplete is refused as without verification', async () => {
    const json = (await sign({ sent: { headers: { Authorization: 'Basic abc' } } })).json
    expect(json).toEqual({
      __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    })
    const half = await sign({ sent: { headers: { Authorization: 'AWS4-HMAC-SHA256 Credential=a/b/c/d/e' } } })
    expect(half).toEqual(
      refused('IncompleteSignatureException', /^Authorization header requires 'Signature' parameter/),
    )
    const short = 'AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00'
    expect(await sign({ sent: { headers: { Authorization: short } } })).toEqual(
      refused('IncompleteSignatureException', /^Credential must have exactly 5 slash-delimited elements/),
    )
  })
})

describe('the time of a signature', () => {
  test('may be fifteen minutes off either way, and no more', async () => {
    expect(await sign({ time: timeOf(Date.now() - 14 * minute) })).toMatchObject(served)
    expect(await sign({ time: timeOf(Date.now() + 14 * minute) })).toMatchObject(served)
    expect(await sign({ time: timeOf(Date.now() - 16 * minute) })).toEqual(
      refused(
        'InvalidSignatureException',
        /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)$/,
      ),
    )
    expect(await sign({ time: timeOf(Date.now() + 16 * minute) })).toEqual(
      refused(
        'InvalidSignatureException',
        /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)$/,
      ),
    )
  })

  test('that is no time is told', async () => {
    expect(await sign({ sent: { headers: { 'X-Amz-Date': 'yesterday' } } })).toEqual(
      refused('IncompleteSignatureException', /^Date must be in ISO-8601 'basic format'. Got 'yesterday'/),
    )
  })
})

describe('a credential', () => {
  test('that nobody has is not recognized', async () => {
    expect(await sign({ accessKeyId: 'AKIANOBODY' })).toEqual(unrecognized)
  })

  test('for the region of the endpoint may call it local', async () => {
    for (const region of ['local', 'localhost']) expect((await sign({ region })).status).toBe(200)
  })

  test('for any region is taken where there is one region alone', async () => {
    const alone = await serverWith([echo('GetItem')], { credentials: () => credentials }, undefined, ['us-east-1'])
    expect((await sign({ region: 'eu-west-1' }, alone.url)).status).toBe(200)
    await alone.close()
  })

  test('for another region or service is told what it should be for', async () => {
    expect(await sign({ region: 'eu-west-1' })).toEqual(
      refused(
        'InvalidSignatureException',
        "Credential should be scoped to a valid region, not 'eu-west-1'. This is the endpoint of us-east-1. ",
      ),
    )
    expect(await sign({ service: 's3' })).toEqual(
      refused('InvalidSignatureException', "Credential should be scoped to correct service: 'dynamodb'. "),
    )
  })

  test('that is temporary needs its token, and ends', async () => {
    const token = { 'X-Amz-Security-Token': temporary.sessionToken }
    expect(await sign({ ...temporary, headers: token })).toMatchObject(served)
    expect(await sign({ ...temporary, headers: token })).toMatchObject(served)
    expect(await sign(temporary)).toEqual(unrecognized)
    expect(await sign({ ...temporary, headers: { 'X-Amz-Security-Token': 'another' } })).toEqual(unrecognized)
    expect(await sign({ headers: token })).toEqual(unrecognized)
    expect(await sign({ ...expired, headers: token })).toEqual(
      refused('ExpiredTokenException', 'The security token included in the request is expired'),
    )
  })

  test('that has gone from the file is refused from then on, and one with another secret follows it', async () => {
    expect(await sign()).toMatchObject(served)
    const before = credentials
    credentials = mapOf({ ...alice, secretAccessKey: 'rotated' })
    expect(await sign()).toEqual(mismatch)
    expect(await sign({ secretAccessKey: 'rotated' })).toMatchObject(served)
    credentials = mapOf(temporary)
    expect(await sign()).toEqual(unrecognized)
    credentials = before
  })
})

describe('a presigned request', () => {
  const headers = () => ({
    Host: new URL(server.url).host,
    'X-Amz-Target': 'DynamoDB_20120810.GetItem',
    'Content-Type': 'application/x-amz-json-1.0',
  })
  const presigned = async (seconds: string, time = now(), sent = body) => {
    const query = [
      'X-Amz-Algorithm=AWS4-HMAC-SHA256',
      `X-Amz-Credential=${encodeURIComponent(`${alice.accessKeyId}/${time.slice(0, 8)}/us-east-1/dynamodb/aws4_request`)}`,
      `X-Amz-Date=${time}`,
      `X-Amz-Expires=${seconds}`,
      `X-Amz-SignedHeaders=${encodeURIComponent('content-type;host;x-amz-target')}`,
    ].join('&')
    const signature = signatureOf({ ...alice, time, headers: headers(), body, query })
    const path = `/?${query}&X-Amz-Signature=${signature}`
    const { status, json } = await send({ endpoint: server.url, path, headers: headers(), body: sent })
    return { status, json }
  }

  test('is accepted until it ends', async () => {
    expect(await presigned('60')).toMatchObject(served)
    expect(await presigned('3600', timeOf(Date.now() - 30 * minute))).toMatchObject(served)
    expect(await presigned('60', timeOf(Date.now() - 2 * minute))).toEqual(
      refused('InvalidSignatureException', /^Signature expired: /),
    )
    expect(await presigned('604801')).toEqual(refused('IncompleteSignatureException', /^X-Amz-Expires must be/))
  })

  test('with another body does not match', async () => {
    expect(await presigned('60', now(), body.replace('b', 'c'))).toEqual(mismatch)
  })
})
