/**
 * What every API at a region's port does with bodies: the head says how long one may be, and its values are counted before anything is made of them. No parser is asked for
 * what is refused.
 */
import { afterEach, beforeAll, afterAll, describe, expect, test, vi } from 'vitest'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { requestSizeBytesMax } from '../../../src/core/limits/limits.ts'
import { invokePayloadBytesMax, mappingRequestBytesMax } from '../../../src/core/limits/trigger-limits.ts'
import {
  queryPartsMax,
  serviceContainersMax,
  serviceDepthMax,
  serviceRequestBytesMax,
  serviceValuesMax,
} from '../../../src/core/limits/wire-limits.ts'
import { bodyBytesMaxOf } from '../../../src/core/wire/body-size.ts'
import { linkedInputs } from '../../../src/core/wire/model/linking.ts'
import { BodyBudget } from '../../../src/http/bytes/body-budget.ts'
import { tooLargeAnswer } from '../../../src/http/services/too-large.ts'
import type { ServiceEntry } from '../../../src/operations/service-entry.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import { serverWith, type TestServer } from './server.ts'

const target = 'Counter20260101'
const form = 'application/x-www-form-urlencoded; charset=utf-8'
const cborPath = `/service/${target}/operation/Count`
const inputs = linkedInputs({
  operations: { Count: 'CountInput' },
  errors: {},
  shapes: {
    CountInput: { type: 'structure', members: { Values: 'Values' } },
    Values: { type: 'list', member: 'Value' },
    Value: { type: 'double' },
  },
})
const counter: ServiceEntry = {
  signingName: 'counter',
  version: '2026-01-01',
  target,
  load: () =>
    Promise.resolve({
      namespace: 'http://counter.example.com/',
      errorNamespace: 'com.example.counter',
      inputOf: (operation) => inputs.get(operation),
      run: ({ input: { Values = [] } }) => ({ Count: (Values as readonly unknown[]).length }),
    }),
}
let server: TestServer

beforeAll(async () => {
  server = await serverWith([], { services: [counter] })
})
afterAll(async () => await server.close())
afterEach(() => void vi.restoreAllMocks())

const { Authorization: usual = '' } = apiHeaders('GetItem')
const authorization = usual.replace('/dynamodb/', '/counter/')

async function send(
  body: string | Buffer,
  headers: Readonly<Record<string, string>>,
  path = '/',
): Promise<{ readonly status: number; readonly text: string }> {
  const { 'X-Amz-Date': date = '' } = apiHeaders('GetItem')
  const reply = await fetch(`${server.url}${path}`, {
    method: 'POST',
    headers: { 'X-Amz-Date': date, authorization, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  })
  return { status: reply.status, text: await reply.text() }
}

const json = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': `${target}.Count` }
const cbor = { 'content-type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' }

describe('the length of a body', () => {
  test.each([
    ['DynamoDB', { url: '/', headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' } }, requestSizeBytesMax],
    ['streams', { headers: { 'x-amz-target': 'DynamoDBStreams_20120810.GetRecords' } }, serviceRequestBytesMax],
    ['a service by JSON', { headers: json }, serviceRequestBytesMax],
    ['a service by Query', { headers: { 'content-type': form } }, serviceRequestBytesMax],
    ['a service by CBOR', { url: cborPath, headers: {} }, serviceRequestBytesMax],
    [
      'CBOR that says it is for DynamoDB',
      { url: cborPath, headers: { 'x-amz-target': 'DynamoDB_20120810.PutItem' } },
      serviceRequestBytesMax,
    ],
    ['an invocation', { url: '/2015-03-31/functions/f/invocations?Qualifier=1', headers: {} }, invokePayloadBytesMax],
    ['a mapping', { url: '/2015-03-31/event-source-mappings/', headers: {} }, mappingRequestBytesMax],
    ['no API', { url: '/', headers: {} }, serviceRequestBytesMax],
  ])('is bounded by the head of a request for %s', (_, head, bytesMax) => {
    expect(bodyBytesMaxOf(head)).toBe(bytesMax)
  })

  test.each([
    ['JSON', json, '/', '"__type":"com.amazon.coral.service#RequestEntityTooLargeException"'],
    ['Query', { 'content-type': form }, '/', '<Code>RequestEntityTooLarge</Code>'],
    ['CBOR', cbor, cborPath, 'RequestEntityTooLargeException'],
  ])('is refused by %s, and no byte of it is kept', async (_, headers, path, told) => {
    const kept = vi.spyOn(BodyBudget.prototype, 'take')
    const { status, text } = await send(Buffer.alloc(serviceRequestBytesMax + 1, ' '), headers, path)
    expect([status, text]).toEqual([413, expect.stringContaining(told)])
    // A head that comes by itself is all that is held; what goes on to node:http is not.
    const mostBytes = kept.mock.calls.reduce((sum, [bytes]) => sum + bytes, 0)
    expect(mostBytes).toBeLessThan(128 * 1024)
    expect(server.heldBytes()).toBe(0)
  })

  test('is refused in the words of Lambda', () => {
    const { status, headers, bytes } = tooLargeAnswer({ url: '/2015-03-31/functions/f/invocations', headers: {} }, 'id')
    expect([status, headers]).toEqual([413, { 'x-amzn-ErrorType': 'RequestTooLargeException' }])
    expect(bytes.toString()).toContain(`smaller than ${invokePayloadBytesMax} bytes for the InvokeFunction operation`)
  })
})

const list = (count: number, value: string): string => `[${`${value},`.repeat(count - 1)}${value}]`
const values = (writer: (of: CborWriter) => void): Buffer => {
  const all = new CborWriter().map(1).text('Values')
  writer(all)
  return all.finish()
}
const manyOf = (count: number, byte: number): Buffer =>
  Buffer.concat([values((of) => void of.array(count)), Buffer.alloc(count, byte)])
const deep = serviceDepthMax + 1

describe('values of a body', () => {
  test.each([
    ['as many as 1,000 metrics have', 300_000],
    ['none', 0],
  ])('%s are read', async (_, count) => {
    expect(await send(manyOf(count, 0x01), cbor, cborPath)).toMatchObject({ status: 200 })
    if (count === 0) return
    const { status, text } = await send(`{"Values":${list(count, '1')}}`, json)
    expect([status, text]).toEqual([200, `{"Count":${count}}`])
  })

  test.each([
    ['values', `{"Values":${list(serviceValuesMax + 1, '1')}}`],
    ['lists', `{"Values":${list(serviceContainersMax + 1, '[]')}}`],
    ['objects', `{"Values":${list(serviceContainersMax + 1, '{}')}}`],
    ['members', `{${Array.from({ length: 20_000 }, (_, n) => `"${n}":1`).join(',')}}`],
    ['levels', `{"Values":${'['.repeat(deep)}${']'.repeat(deep)}}`],
  ])('more %s than a request can need are refused before JSON is parsed', async (_, body) => {
    const parse = vi.spyOn(JSON, 'parse')
    expect(await send(body, json)).toMatchObject({
      status: 400,
      text: expect.stringContaining('SerializationException'),
    })
    expect(parse.mock.calls.filter(([text]) => text.length === body.length)).toEqual([])
  })

  test.each([
    ['values', manyOf(serviceValuesMax + 1, 0x01)],
    ['lists', manyOf(serviceContainersMax + 1, 0x80)],
    ['maps', manyOf(serviceContainersMax + 1, 0xa0)],
    ['levels', Buffer.concat([values(() => {}), Buffer.alloc(deep, 0x81), Buffer.from([0x01])])],
  ])('more %s than a request can need are refused before CBOR is read', async (_, body) => {
    const read = vi.spyOn(CborReader.prototype, 'value')
    expect((await send(body, cbor, cborPath)).status).toBe(400)
    expect(read).not.toHaveBeenCalled()
  })

  test('more parts of names than a form can need are refused', async () => {
    const names = Math.ceil(queryPartsMax / 4) + 1
    const body = Array.from({ length: names }, (_, n) => `a${n}.b.c.d=1`).join('&')
    const { status, text } = await send(`Action=Count&Version=2026-01-01&${body}`, { 'content-type': form })
    expect([status, text]).toEqual([400, expect.stringContaining(`at most ${queryPartsMax} parts`)])
  })
})
