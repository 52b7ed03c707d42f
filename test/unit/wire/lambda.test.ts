/** Lambda's paths at an endpoint: what the wire does with them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { LambdaContext } from '../../../src/operations/lambda/lambda-operation.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import type { Invoked } from '../../../src/ports/functions.ts'
import { differs } from '../../differences/difference.ts'
import { serverWith, type TestServer } from './server.ts'
import { authorizationOf, timeOf } from './sign.ts'

const alice = { accessKeyId: 'AKIAALICE', secretAccessKey: 'a secret' }
const functions = '/2015-03-31/functions'
const invocations = `${functions}/echo/invocations`
let server: TestServer
let invoked: Invoked = { kind: 'returned', payload: Buffer.from('{"a":1}'), log: 'hello' }

beforeAll(async () => {
  const lambda = {
    functions: {
      all: () => [{ name: 'echo', target: 'a test', timeoutSeconds: 3, memoryMb: 128 }],
      invoke: () => Promise.resolve(invoked),
    },
    env: { clock: systemClock, random: systemRandom },
    settings: { region: 'us-east-1', accountId: '000000000000' },
  } as unknown as LambdaContext
  const credentials = new Map([[alice.accessKeyId, alice]])
  server = await serverWith([], { lambda, credentials: () => credentials })
})
afterAll(async () => await server.close())

type Asked = { method?: string; service?: string; body?: string; query?: string; headers?: Record<string, string> }

async function ask(
  path: string,
  { method = 'GET', service = 'lambda', body = '', query = '', headers = {} }: Asked = {},
) {
  const time = timeOf(Date.now())
  const signed = { host: new URL(server.url).host, 'x-amz-date': time }
  const authorization = authorizationOf({ ...alice, time, headers: signed, body, service, method, path, query })
  const reply = await fetch(`${server.url}${path}${query === '' ? '' : `?${query}`}`, {
    method,
    headers: { 'x-amz-date': time, authorization, ...headers },
    ...(body === '' ? {} : { body }),
  })
  const text = await reply.text()
  return { status: reply.status, headers: reply.headers, json: text === '' ? undefined : JSON.parse(text) }
}

const post = (body: string, headers: Record<string, string> = {}) => ask(invocations, { method: 'POST', body, headers })

describe('a path of Lambda', () => {
  test('is served with a signature for lambda, whatever the method', async () => {
    expect(await ask(functions, { query: 'MaxItems=1' })).toMatchObject({
      status: 200,
      json: {
        Functions: [{ FunctionName: 'echo', FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo' }],
      },
    })
    expect((await post('{}')).status).toBe(200)
  })

  test('is refused with a signature for dynamodb, and without one', async () => {
    const wrong = await ask(functions, { service: 'dynamodb' })
    expect(wrong.status).toBe(403)
    expect(wrong.headers.get('x-amzn-errortype')).toBe('InvalidSignatureException')
    expect(wrong.json.message).toContain("Credential should be scoped to correct service: 'lambda'.")
    const unsigned = await fetch(`${server.url}${functions}`)
    expect([unsigned.status, unsigned.headers.get('x-amzn-errortype')]).toEqual([
      403,
      'MissingAuthenticationTokenException',
    ])
  })

  test('does not open DynamoDB with a signature for lambda', async () => {
    const time = timeOf(Date.now())
    const headers = {
      host: new URL(server.url).host,
      'x-amz-date': time,
      'x-amz-target': 'DynamoDB_20120810.ListTables',
    }
    const authorization = authorizationOf({ ...alice, time, headers, body: '{}', service: 'lambda' })
    const reply = await fetch(server.url, {
      method: 'POST',
      headers: { ...headers, authorization, 'content-type': 'application/x-amz-json-1.0' },
      body: '{}',
    })
    expect(await reply.json()).toMatchObject({ __type: 'com.amazon.coral.service#InvalidSignatureException' })
  })

  test(differs('functions-of-a-file'), async () => {
    const reply = await ask(`${functions}/echo/code`, { method: 'PUT', body: '{}' })
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([404, 'UnknownOperationException'])
    expect(reply.json.message).toContain('PUT /2015-03-31/functions/echo/code')
  })
})

describe('Invoke', () => {
  test('returns what the function returns, with the end of its log where that is asked for', async () => {
    const reply = await post('{}', { 'X-Amz-Log-Type': 'Tail' })
    expect(reply.json).toEqual({ a: 1 })
    expect(reply.headers.get('x-amz-executed-version')).toBe('$LATEST')
    expect(reply.headers.get('x-amz-function-error')).toBeNull()
    expect(Buffer.from(reply.headers.get('x-amz-log-result') ?? '', 'base64').toString()).toBe('hello')
  })

  test('answers 200 for a function that fails, and says so in a header', async () => {
    invoked = { kind: 'failed', payload: Buffer.from('{"errorType":"Error"}') }
    const reply = await post('{}')
    expect([reply.status, reply.headers.get('x-amz-function-error')]).toEqual([200, 'Unhandled'])
  })

  test.each([
    [true, 429, 'TooManyRequestsException'],
    [false, 500, 'ServiceException'],
  ])('of a function that cannot be asked (throttled: %s) is %d', async (isThrottled, status, type) => {
    invoked = { kind: 'unavailable', reason: 'a test', isThrottled }
    const reply = await post('{}')
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([status, type])
  })

  test.each([
    ['no JSON', '{', {}, 400, 'InvalidRequestContentException'],
    ['more than 6 MB', JSON.stringify('x'.repeat(6 * 1024 * 1024)), {}, 413, 'RequestTooLargeException'],
    ['an unknown kind of invocation', '{}', { 'X-Amz-Invocation-Type': 'Other' }, 400, 'ValidationException'],
    ['a context that is no JSON', '{}', { 'X-Amz-Client-Context': 'e' }, 400, 'InvalidRequestContentException'],
  ])('is refused with %s', async (_, body, headers, status, type) => {
    const reply = await post(body, headers)
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([status, type])
  })

  test(differs('invocations-to-come'), async () => {
    const reply = await post('{}', { 'X-Amz-Invocation-Type': 'Event' })
    expect([reply.status, reply.headers.get('x-amzn-errortype')]).toEqual([400, 'InvalidParameterValueException'])
  })

  test('as a dry run invokes nothing', async () => {
    invoked = { kind: 'unavailable', reason: 'it was invoked', isThrottled: false }
    expect((await post('{}', { 'X-Amz-Invocation-Type': 'DryRun' })).status).toBe(204)
  })

  test('of a function that is not there is a 404', async () => {
    const reply = await ask(`${functions}/other/invocations`, { method: 'POST', body: '{}' })
    expect([reply.status, reply.json.message]).toEqual([
      404,
      'Function not found: arn:aws:lambda:us-east-1:000000000000:function:other',
    ])
  })
})
