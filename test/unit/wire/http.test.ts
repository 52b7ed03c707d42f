import { deflateSync, gunzipSync, gzipSync, inflateSync, crc32 } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../../src/core/errors.ts'
import type { Operation } from '../../../src/operations/operation.ts'
import { apiHeaders, call, send, signedHeaders } from '../../conformance/raw-request.ts'
import { exchange, httpText } from '../../conformance/raw-socket.ts'
import { echo, serverWith, type TestServer } from './server.ts'
import { differs } from '../../differences/difference.ts'

const failing = (name: string, error: () => Error): Operation => ({
  ...echo(name),
  run: () => {
    throw error()
  },
})

let server: TestServer
const key = { TableName: 'abc', Key: { a: { S: 'x' } } }

beforeAll(async () => {
  server = await serverWith([
    echo('GetItem'),
    failing('Query', () => new ServiceError('ResourceNotFoundException', 'Requested resource not found')),
    failing('Scan', () => new Error('secret detail')),
    failing(
      'TransactWriteItems',
      () => new ServiceError('TransactionCanceledException', 'cancelled', { CancellationReasons: [{ Code: 'None' }] }),
    ),
  ])
})
afterAll(() => server.close())

describe('replies', () => {
  test('carry a request id, the CRC-32 of their bytes and the content type of the request', async () => {
    const reply = await call(server.url, 'GetItem', key)
    expect(reply.status).toBe(200)
    expect(reply.json).toEqual({ input: key })
    expect(reply.headers['x-amzn-requestid']).toMatch(/^[0-9A-V]{52}$/)
    expect(reply.headers['x-amz-crc32']).toBe(String(crc32(reply.bytes)))
    expect(reply.headers['content-type']).toBe('application/x-amz-json-1.0')
    expect(reply.headers['content-length']).toBe(String(reply.bytes.length))
  })

  test('are JSON 1.1 when the request was', async () => {
    const headers = { ...apiHeaders('GetItem'), 'Content-Type': 'application/x-amz-json-1.1; charset=utf-8' }
    const reply = await send({ endpoint: server.url, headers, body: JSON.stringify(key) })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/x-amz-json-1.1')
  })

  test('name an error by its wire type and put its members beside the message', async () => {
    const missing = await call(server.url, 'Query', { TableName: 'abc' })
    expect(missing.status).toBe(400)
    expect(missing.json).toEqual({
      __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
      message: 'Requested resource not found',
    })
    const item = { Put: { TableName: 'abc', Item: {} } }
    const cancelled = await call(server.url, 'TransactWriteItems', { TransactItems: [item] })
    expect(cancelled.json).toEqual({
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      Message: 'cancelled',
      CancellationReasons: [{ Code: 'None' }],
    })
  })

  test('to a fault of ours say nothing of it, and the log has it with the request id', async () => {
    const reply = await call(server.url, 'Scan', { TableName: 'abc' })
    expect(reply.status).toBe(500)
    expect(reply.json).toMatchObject({ __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError' })
    expect(reply.text).not.toContain('secret')
    const line = server.logged.find(({ event }) => event === 'request failed')
    expect(line?.fields).toMatchObject({ requestId: reply.headers['x-amzn-requestid'], operation: 'Scan' })
  })

  test('are compressed when the client takes it and they are long, errors too', async () => {
    const long = { ...key, ProjectionExpression: 'x'.repeat(5000) }
    const headers = { ...apiHeaders('GetItem'), 'Accept-Encoding': 'gzip' }
    const zipped = await send({ endpoint: server.url, headers, body: JSON.stringify(long) })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(zipped.headers['x-amz-crc32']).toBe(String(crc32(zipped.bytes)))
    expect(JSON.parse(gunzipSync(zipped.bytes).toString())).toEqual({ input: long })

    const wrong = JSON.stringify({ TableName: 'a;'.repeat(2500), Key: {} })
    const error = await send({
      endpoint: server.url,
      headers: { ...headers, 'Accept-Encoding': 'deflate' },
      body: wrong,
    })
    expect(error.status).toBe(400)
    expect(error.headers['content-encoding']).toBe('deflate')
    expect(error.headers['x-amz-crc32']).toBe(String(crc32(error.bytes)))
    expect(inflateSync(error.bytes).toString()).toContain('ValidationException')

    const encodingFor = async (accepted: string): Promise<string | undefined> => {
      const asked = { ...headers, 'Accept-Encoding': accepted }
      return (await send({ endpoint: server.url, headers: asked, body: JSON.stringify(long) })).headers[
        'content-encoding'
      ]
    }
    expect(await encodingFor('deflate, gzip')).toBe('deflate')
    expect(await encodingFor('deflate;q=0.5, gzip;q=0.7')).toBe('gzip')

    const refused = { ...headers, 'Accept-Encoding': 'gzip;q=0, identity' }
    const plain = await send({ endpoint: server.url, headers: refused, body: JSON.stringify(long) })
    expect(plain.headers['content-encoding']).toBeUndefined()
  })
})

test('a reply is compressed from 4,096 bytes on', async () => {
  const around = JSON.stringify({ input: { ...key, ProjectionExpression: '' } }).length
  const encodingOf = async (sizeBytes: number): Promise<string | undefined> => {
    const body = JSON.stringify({ ...key, ProjectionExpression: 'x'.repeat(sizeBytes - around) })
    const headers = { ...apiHeaders('GetItem'), 'Accept-Encoding': 'gzip' }
    const reply = await send({ endpoint: server.url, headers, body })
    const bytes = reply.headers['content-encoding'] === 'gzip' ? gunzipSync(reply.bytes) : reply.bytes
    expect(bytes.length).toBe(sizeBytes)
    return reply.headers['content-encoding']
  }
  expect([await encodingOf(4095), await encodingOf(4096)]).toEqual([undefined, 'gzip'])
})

test('of several Accept-Encoding headers the first counts', async () => {
  const body = JSON.stringify({ ...key, ProjectionExpression: 'x'.repeat(5000) })
  const headers = { ...apiHeaders('GetItem'), Connection: 'close' }
  const encodingOf = async (...accepted: readonly string[]): Promise<string | undefined> => {
    const lines = accepted.map((each) => `Accept-Encoding: ${each}\r\n`).join('')
    const text = httpText(headers, body).replace('\r\n\r\n', `\r\n${lines}\r\n`)
    const reply = await exchange(server.url, { writes: [text], waitMs: 10_000 })
    return /content-encoding: (\w+)/i.exec(reply)?.[1]
  }
  expect(await encodingOf('deflate', 'gzip')).toBe('deflate')
  expect(await encodingOf('gzip', 'deflate')).toBe('gzip')
  expect(await encodingOf('identity', 'gzip')).toBeUndefined()
})

test('come in at both addresses of localhost', async () => {
  const { port } = server
  const isThere = await send({
    endpoint: `http://[::1]:${port}`,
    headers: apiHeaders('GetItem'),
    body: JSON.stringify(key),
  })
    .then(({ json }) => json)
    .catch((error: NodeJS.ErrnoException) => error.code)
  // A machine without IPv6 has no such address.
  expect([{ input: key }, 'EADDRNOTAVAIL', 'EAFNOSUPPORT']).toContainEqual(isThere)
})

describe('requests', () => {
  test('may be compressed by gzip and deflate', async () => {
    for (const [encoding, compress] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
    ] as const) {
      const headers = { ...apiHeaders('GetItem'), 'Content-Encoding': encoding }
      const reply = await send({ endpoint: server.url, headers, body: compress(JSON.stringify(key)) })
      expect(reply.json).toEqual({ input: key })
    }
  })

  test.each(['gzip', 'deflate', 'br', 'gzip, gzip'])(
    'that cannot be decoded are answered 500 (%s)',
    async (encoding) => {
      const headers = { ...apiHeaders('GetItem'), 'Content-Encoding': encoding }
      const reply = await send({ endpoint: server.url, headers, body: JSON.stringify(key) })
      expect([reply.status, reply.json]).toEqual([500, { __type: 'com.amazon.coral.service#InternalFailure' }])
    },
  )

  test('that say they are as they are, are read as they are', async () => {
    const headers = { ...apiHeaders('GetItem'), 'Content-Encoding': 'identity' }
    const reply = await send({ endpoint: server.url, headers, body: JSON.stringify(key) })
    expect(reply.json).toEqual({ input: key })
  })

  test('of more than 16 MB are refused with 413, also when only decompression shows it', async () => {
    const large = Buffer.alloc(16 * 1024 * 1024 + 1, ' ')
    const plain = await send({ endpoint: server.url, headers: apiHeaders('GetItem'), body: large }).catch(
      (error: NodeJS.ErrnoException) => error,
    )
    // The server may close before all of it is written; either way nothing of it is taken.
    if (plain instanceof Error) expect(['ECONNRESET', 'EPIPE']).toContain(plain.code)
    else expect(plain.status).toBe(413)
    const headers = { ...apiHeaders('GetItem'), 'Content-Encoding': 'gzip' }
    const bomb = await send({ endpoint: server.url, headers, body: gzipSync(large) })
    expect(bomb.status).toBe(413)
    expect(bomb.headers['x-amz-crc32']).toBe(String(crc32(bomb.bytes)))
  })

  test('of 16 MB exactly are read', async () => {
    const body = Buffer.alloc(16 * 1024 * 1024, ' ')
    body.write(JSON.stringify(key))
    const reply = await send({ endpoint: server.url, headers: apiHeaders('GetItem'), body })
    expect(reply.status).toBe(200)
  })

  test('without a known target are an UnknownOperationException', async () => {
    for (const target of [undefined, '', 'GetItem', 'DynamoDB_20120810', 'DynamoDB_20120810.Nothing', 'X.GetItem']) {
      const { 'X-Amz-Target': _, ...headers } = apiHeaders('GetItem')
      const all = target === undefined ? headers : { ...headers, 'X-Amz-Target': target }
      const reply = await send({ endpoint: server.url, headers: all, body: '{}' })
      expect(reply.status).toBe(400)
      expect(reply.json).toEqual({ __type: 'com.amazon.coral.service#UnknownOperationException' })
    }
  })

  test('that are no JSON in UTF-8 are a SerializationException', async () => {
    for (const body of ['', '{', 'null', '23', '"a"', '{"TableName":NaN}', Buffer.from([0x22, 0xff, 0x22]), '{}{}']) {
      const reply = await send({ endpoint: server.url, headers: apiHeaders('GetItem'), body })
      expect(reply.status, String(body)).toBe(400)
      expect(reply.json).toMatchObject({ __type: 'com.amazon.coral.service#SerializationException' })
    }
  })

  test('of another content type are none of the API', async () => {
    const json = { ...apiHeaders('GetItem'), 'Content-Type': 'application/json' }
    const plain = await send({ endpoint: server.url, headers: json, body: '{}' })
    expect(plain.status).toBe(404)
    expect(plain.json).toMatchObject({ Output: { __type: 'com.amazon.coral.service#UnknownOperationException' } })
    const form = { ...json, 'Content-Type': 'application/x-www-form-urlencoded' }
    const other = await send({ endpoint: server.url, headers: form, body: 'a=b' })
    expect(other.status).toBe(404)
    expect(other.text).toBe('<UnknownOperationException/>\n')
    for (const { headers, bytes } of [plain, other]) expect(headers['x-amz-crc32']).toBe(String(crc32(bytes)))
  })

  test('at other addresses are answered before their bodies have come', async () => {
    const head =
      'Host: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{'
    for (const path of ['/elsewhere', '/admin/nothing', '/links/set']) {
      const text = await exchange(server.url, {
        writes: [`POST ${path} HTTP/1.1\r\n${head}`],
        waitMs: 10_000,
        replies: 0,
      })
      expect(text).toMatch(/^HTTP\/1\.1 404 /)
    }
  })

  test(differs('any-credentials'), async () => {
    const { Authorization: authorization, 'X-Amz-Date': date, ...headers } = apiHeaders('GetItem')
    const body = JSON.stringify(key)
    const withHeaders = (more: Record<string, string>) =>
      send({ endpoint: server.url, headers: { ...headers, ...more }, body }).then(({ json }) => json)
    const missing = {
      __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    }
    expect(await withHeaders({})).toEqual(missing)
    expect(await withHeaders({ Authorization: 'Basic abc' })).toEqual(missing)
    expect(await withHeaders({ Authorization: 'AWS4-' })).toEqual({
      __type: 'com.amazon.coral.service#IncompleteSignatureException',
      message:
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-",
    })
    expect(await withHeaders({ Authorization: authorization!, 'X-Amz-Date': date! })).toEqual({ input: key })
    const both = await send({ endpoint: server.url, path: '/?X-Amz-Algorithm=a', headers: apiHeaders('GetItem'), body })
    expect(both.json).toMatchObject({ __type: 'com.amazon.coral.service#InvalidSignatureException' })
    const query = await send({ endpoint: server.url, path: '/?X-Amz-Algorithm=a', headers, body })
    expect(query.json).toMatchObject({
      __type: 'com.amazon.coral.service#IncompleteSignatureException',
      message: expect.stringMatching(/^AWS query-string parameters must include 'X-Amz-Credential'/),
    })
  })

  test('come through the SDK', async () => {
    const client = new DynamoDBClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    })
    const reply = await client.send(new GetItemCommand(key))
    expect(reply.$metadata.httpStatusCode).toBe(200)
    client.destroy()
  })
})

describe('other addresses', () => {
  test('GET and HEAD / answer what AWS answers to a probe', async () => {
    const get = await send({ endpoint: server.url, method: 'GET' })
    expect(get.status).toBe(200)
    expect(get.text).toBe('healthy: dynamodb.us-east-1.amazonaws.com ')
    expect(get.headers['x-amz-crc32']).toBe(String(crc32(get.bytes)))
    expect(get.headers['x-amzn-requestid']).toMatch(/^[0-9A-V]{52}$/)
    expect((await send({ endpoint: server.url, method: 'HEAD' })).status).toBe(200)
    expect((await send({ endpoint: server.url, method: 'GET', path: '/ping' })).text).toBe(get.text)
  })

  test('health, readiness and metrics', async () => {
    expect((await send({ endpoint: server.url, method: 'GET', path: '/health' })).json).toMatchObject({ status: 'ok' })
    expect((await send({ endpoint: server.url, method: 'GET', path: '/ready' })).status).toBe(200)
    const metrics = await send({ endpoint: server.url, method: 'GET', path: '/metrics' })
    expect(metrics.text).toContain('longitude_requests_total{operation="GetItem",outcome="ok"}')
    const lost = await serverWith([], { readiness: () => ({ ready: false, reason: 'opening' }) })
    const unready = await send({ endpoint: lost.url, method: 'GET', path: '/ready' })
    expect(unready.status).toBe(503)
    expect(unready.json).toEqual({ ready: false, reason: 'opening' })
    await lost.close()
  })

  test('anything else is unknown', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'POST']) {
      const reply = await send({ endpoint: server.url, method, path: '/nothing', headers: signedHeaders })
      expect([reply.status, reply.text]).toEqual([404, '<UnknownOperationException/>\n'])
      expect(reply.headers['x-amz-crc32']).toBe(String(crc32(reply.bytes)))
    }
  })

  test.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    '%s of the API itself is unknown, whatever it brings',
    async (method) => {
      const headers = apiHeaders('GetItem')
      const reply = await send({ endpoint: server.url, method, headers, body: JSON.stringify(key) })
      expect([reply.status, reply.text]).toEqual([404, '<UnknownOperationException/>\n'])
      expect(reply.headers['x-amzn-requestid']).toMatch(/^[0-9A-V]{52}$/)
    },
  )

  test('administration is JSON for those with the token, and for nobody without', async () => {
    const admin = [{ method: 'GET' as const, path: '/admin/links', answer: () => ({ links: [] }) }]
    const adminToken = 'a-token-of-some-length'
    const own = await serverWith([], { admin, adminToken })
    const ask = async (headers: Record<string, string>) =>
      await send({ endpoint: own.url, method: 'GET', path: '/admin/links', headers })
    const Authorization = `Bearer ${adminToken}`
    expect((await ask({ Authorization })).json).toEqual({ links: [] })
    const refused = [
      {},
      { Authorization: 'Bearer another-token-of-that-len' },
      { Authorization: `Basic ${adminToken}` },
      { Authorization, Host: 'evil.example' },
      { Authorization, Origin: 'http://127.0.0.1' },
      { Authorization, Via: '1.1 proxy' },
    ]
    for (const headers of refused) {
      const { status, json } = await ask(headers)
      expect({ status, headers }).toEqual({ status: 403, headers })
      expect(JSON.stringify(json)).not.toContain(adminToken)
    }
    await own.close()
    const without = await serverWith([], { admin })
    const reply = await send({ endpoint: without.url, method: 'GET', path: '/admin/links', headers: { Authorization } })
    expect(reply.status).toBe(403)
    await without.close()
  })
})

describe('closing', () => {
  test('waits for the request under way and ends idle connections at once', async () => {
    let finish: (output: unknown) => void = () => {}
    let begun: () => void = () => {}
    const running = new Promise<void>((resolve) => {
      begun = resolve
    })
    const slow: Operation = {
      ...echo('GetItem'),
      run: () => {
        begun()
        return new Promise((resolve) => {
          finish = resolve
        })
      },
    }
    const own = await serverWith([slow])
    // Leaves an idle connection behind.
    await send({ endpoint: own.url, method: 'GET', path: '/health' })
    const answer = call(own.url, 'GetItem', key)
    await running
    const closed = own.close()
    finish({ late: true })
    expect((await answer).json).toEqual({ late: true })
    expect((await answer).headers.connection).toBe('close')
    await closed
    await expect(call(own.url, 'GetItem', key)).rejects.toThrow(/ECONNREFUSED|hang up/)
  })
})
