/** Services of AWS beside DynamoDB at the same port: what the wire does with them, with a small service of this test's own. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from '../../../src/core/cbor/cbor.ts'
import { CborTag, type CborValue } from '../../../src/core/cbor/cbor-value.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import { ServiceRefusal } from '../../../src/core/services/refusal.ts'
import { linkedInputs } from '../../../src/core/wire/model/linking.ts'
import type { Model } from '../../../src/core/wire/model/model-shape.ts'
import type { AuthorizeService, ServiceEntry } from '../../../src/operations/service-entry.ts'
import { serverWith, type TestServer } from './server.ts'
import { authorizationOf, timeOf } from './sign.ts'

const alice = { accessKeyId: 'AKIAALICE', secretAccessKey: 'a secret' }
const model: Model = {
  operations: { Greet: 'GreetInput' },
  errors: {},
  shapes: {
    GreetInput: { type: 'structure', members: { Name: 'Name', At: 'At' }, required: ['Name'] },
    Name: { type: 'string', max: 5 },
    At: { type: 'timestamp' },
  },
}
const inputs = linkedInputs(model)
const greeter: ServiceEntry = {
  signingName: 'greeter',
  version: '2026-01-01',
  target: 'Greeter20260101',
  load: () =>
    Promise.resolve({
      namespace: 'http://greeter.example.com/',
      errorNamespace: 'com.example.greeter',
      inputOf: (operation) => inputs.get(operation),
      run: ({ input: { Name, At = 0 }, principal }) => {
        if (Name === 'nemo') throw new ServiceRefusal('NotFound', 'nobody', { type: 'NotFoundException', status: 404 })
        if (Name === 'bug') throw new Error('a bug')
        return { Greeting: `Hello ${String(Name)}`, At: new Date(Number(At) * 1000), By: principal?.accessKeyId }
      },
    }),
}
let server: TestServer
let authorize: AuthorizeService = () => {}

beforeAll(async () => {
  const credentials = new Map([[alice.accessKeyId, alice]])
  server = await serverWith([], {
    services: [greeter],
    credentials: () => credentials,
    authorizeService: (asked) => authorize(asked),
  })
})
beforeEach(() => void (authorize = () => {}))
afterAll(async () => await server.close())

const form = 'application/x-www-form-urlencoded; charset=utf-8'

async function send(
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  { service = 'greeter', path = '/' } = {},
) {
  const time = timeOf(Date.now())
  const signed = { host: new URL(server.url).host, 'x-amz-date': time }
  const authorization = authorizationOf({ ...alice, time, headers: signed, body, service, path })
  const reply = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'x-amz-date': time, authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
  const bytes = Buffer.from(await reply.arrayBuffer())
  return { status: reply.status, headers: reply.headers, text: bytes.toString(), bytes }
}

const cbor = (body: CborValue, operation = 'Greet') =>
  send(
    encodeCbor(body),
    { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor', accept: 'application/cbor' },
    { path: `/service/Greeter20260101/operation/${operation}` },
  )

const query = (parameters: Record<string, string>) =>
  send(new URLSearchParams({ Action: 'Greet', Version: '2026-01-01', ...parameters }).toString(), {
    'content-type': form,
  })
const json = (body: object, operation = 'Greet') =>
  send(JSON.stringify(body), {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `Greeter20260101.${operation}`,
  })

describe('a service beside DynamoDB', () => {
  test('answers Query in XML', async () => {
    const { status, headers, text } = await query({ Name: 'Ada', At: '1970-01-01T00:00:07Z' })
    expect([status, headers.get('content-type')]).toEqual([200, 'text/xml'])
    expect(text).toContain('<GreetResponse xmlns="http://greeter.example.com/"><GreetResult>')
    expect(text).toContain('<Greeting>Hello Ada</Greeting><At>1970-01-01T00:00:07Z</At><By>AKIAALICE</By>')
    expect(text).toContain(`<RequestId>${headers.get('x-amzn-requestid')}</RequestId>`)
  })

  test('answers JSON in JSON', async () => {
    const { status, text } = await json({ Name: 'Ada', At: 7.5 })
    expect([status, JSON.parse(text)]).toEqual([200, { Greeting: 'Hello Ada', At: 7.5, By: 'AKIAALICE' }])
  })

  test('answers CBOR in CBOR', async () => {
    const { status, headers, bytes } = await cbor(
      new Map<CborValue, CborValue>([
        ['Name', 'Ada'],
        ['At', new CborTag(1, 7.5)],
      ]),
    )
    expect([status, headers.get('content-type'), headers.get('smithy-protocol')]).toEqual([
      200,
      'application/cbor',
      'rpc-v2-cbor',
    ])
    const told = decodeCbor(bytes)
    expect(told).toEqual(
      new Map<string, unknown>([
        ['Greeting', 'Hello Ada'],
        ['At', new CborTag(1, 7.5)],
        ['By', 'AKIAALICE'],
      ]),
    )
  })

  test('refuses what is no CBOR', async () => {
    const path = '/service/Greeter20260101/operation/Greet'
    const broken = await send(Buffer.from('ff', 'hex'), { 'content-type': 'application/cbor' }, { path })
    expect([broken.status, broken.headers.get('x-amzn-query-error')]).toEqual([400, 'MalformedInput;Sender'])
    const unknown = await send(
      Buffer.alloc(0),
      { 'content-type': 'application/cbor' },
      { path: '/service/Other/operation/Greet' },
    )
    expect(unknown.status).toBe(404)
  })

  test('says its errors in each protocol', async () => {
    const told = await json({ Name: 'nemo' })
    expect([told.status, JSON.parse(told.text)]).toEqual([
      404,
      { __type: 'com.example.greeter#NotFoundException', message: 'nobody' },
    ])
    expect(told.headers.get('x-amzn-query-error')).toBe('NotFound;Sender')
    const inCbor = await cbor(new Map([['Name', 'nemo']]))
    expect([inCbor.status, inCbor.headers.get('x-amzn-query-error')]).toEqual([404, 'NotFound;Sender'])
    expect(decodeCbor(inCbor.bytes)).toEqual(
      new Map([
        ['__type', 'com.example.greeter#NotFoundException'],
        ['message', 'nobody'],
      ]),
    )
    expect((await query({ Name: 'nemo' })).text).toContain('<Type>Sender</Type><Code>NotFound</Code>')
    expect(await query({ Name: 'bug' })).toMatchObject({ status: 500 })
  })

  test('holds the constraints of its model', async () => {
    const { status, text } = await query({ Name: 'too long' })
    expect(status).toBe(400)
    expect(text).toContain(
      '<Code>ValidationError</Code><Message>1 validation error detected: Value &apos;'.replaceAll('&apos;', "'"),
    )
    expect((await json({})).text).toContain(
      "Value null at 'name' failed to satisfy constraint: Member must not be null",
    )
  })

  test('asks whether an operation is authorised, and says that it is not', async () => {
    authorize = ({ service, operation, input, principal }) => {
      const asked = `${service}:${operation} of ${String(input['Name'])} by ${principal?.accessKeyId}`
      throw new ServiceError('AccessDeniedException', asked)
    }
    const denied = await query({ Name: 'Ada' })
    expect(denied.status).toBe(403)
    expect(denied.text).toContain('<Code>AccessDenied</Code><Message>greeter:Greet of Ada by AKIAALICE</Message>')
  })

  test('knows neither other operations nor other signatures', async () => {
    expect((await json({}, 'Other')).text).toContain('UnknownOperationException')
    const forDynamoDb = await send(
      '{"Name":"Ada"}',
      { 'x-amz-target': 'Greeter20260101.Greet' },
      { service: 'dynamodb' },
    )
    expect([forDynamoDb.status, forDynamoDb.text]).toEqual([403, expect.stringContaining("service: 'greeter'")])
    const unsigned = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': form },
      body: 'Action=Greet&Version=2026-01-01&Name=Ada',
    })
    expect([unsigned.status, await unsigned.text()]).toEqual([
      403,
      expect.stringContaining('MissingAuthenticationToken'),
    ])
  })

  test('leaves what is another service’s to DynamoDB’s front', async () => {
    expect(await send('Action=Greet', { 'content-type': form }, { service: 'sqs' })).toMatchObject({ status: 404 })
  })
})
