/** Whatever our reader of heads takes, Node's parser must understand in the very same way. */
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { array, assert, asyncProperty, constantFrom, oneof, string, tuple } from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readHead } from '../../../src/http/bytes/request-head.ts'

const head = (...lines: readonly string[]): string =>
  ['POST / HTTP/1.1', 'Host: a', 'Content-Length: 0', ...lines].join('\r\n')

describe('the head of a request', () => {
  test('as an SDK writes it is read here', () => {
    const read = readHead(head('X-Amz-Target:  a b ', 'accept-encoding: gzip'))
    expect({ ...read, rawHeaders: read?.rawHeaders() }).toEqual({
      url: '/',
      headers: { host: 'a', 'content-length': '0', 'x-amz-target': 'a b', 'accept-encoding': 'gzip' },
      rawHeaders: ['Host', 'a', 'Content-Length', '0', 'X-Amz-Target', 'a b', 'accept-encoding', 'gzip'],
      contentLength: 0,
    })
  })

  test.each([
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 0',
    'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0',
    'POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 0',
    'POST /?a b HTTP/1.1\r\nHost: a\r\nContent-Length: 0',
    'POST / HTTP/1.1\r\nContent-Length: 0',
    'POST / HTTP/1.1\r\nHost: a',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1',
    head('content-length: 0'),
    head('x: 1', 'X: 2'),
    head('Transfer-Encoding: chunked'),
    head('Connection: close'),
    head('Expect: 100-continue'),
    head('Upgrade: h2c'),
    head('X : 1'),
    head(' X: 1'),
    head('X: 1', ' folded'),
    head('X: 1\n Y: 2'),
    head('X: 1\rY: 2'),
    head('X: \0'),
    head('no colon'),
    head(': nothing'),
    head('__proto__: 1'),
    head('constructor: 1'),
  ])('of any other shape is not: %j', (text) => {
    expect(readHead(text)).toBeUndefined()
  })
})

describe('beside Node’s parser', () => {
  let last: IncomingMessage | undefined
  const server = createServer((request, response) => {
    last = request
    response.end()
  })
  beforeAll(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
  })
  afterAll(() => void server.close())

  const throughNode = async (text: string): Promise<IncomingMessage | undefined> => {
    last = undefined
    await new Promise<void>((resolve) => {
      const { port } = server.address() as AddressInfo
      const socket = connect(port, '127.0.0.1', () => socket.end(Buffer.from(text, 'latin1')))
      socket.on('close', () => resolve())
      socket.on('error', () => {})
      socket.resume()
    })
    return last
  }

  const name = oneof(
    constantFrom('Host', 'content-length', 'Content-Length', 'x-amz-date', 'Connection', 'X', 'x ', '', 'a:b', 'ä'),
    string({ maxLength: 4 }),
  )
  const value = oneof(
    constantFrom(
      '0',
      '00',
      '1',
      'a',
      ' a ',
      'keep-alive',
      'close',
      '\t',
      'a\tb',
      'ÿ',
      '\r',
      '\n',
      '\r\n x',
      '\x7f',
      '\xa0a\xa0',
    ),
    string({ maxLength: 6 }),
  )
  const line = tuple(name, constantFrom(':', ': ', ' :', ''), value).map((parts) => parts.join(''))
  const lineEnd = constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r')
  const start = constantFrom('POST / HTTP/1.1', 'POST /?a=b HTTP/1.1', 'POST  / HTTP/1.1', 'POST /?a%20 HTTP/1.1')

  test('what is read here is read the same there', async () => {
    let taken = 0
    const both = asyncProperty(start, array(tuple(lineEnd, line), { maxLength: 4 }), async (first, lines) => {
      const text = `${first}\r\nHost: a\r\nContent-Length: 0${lines.map((each) => each.join('')).join('')}`
      const ours = readHead(text)
      if (ours === undefined) return
      taken++
      const theirs = await throughNode(`${text}\r\n\r\n`)
      expect(theirs, JSON.stringify(text)).toBeDefined()
      expect({ ...theirs?.headers }).toEqual({ ...ours.headers })
      expect(theirs?.rawHeaders).toEqual(ours.rawHeaders())
      expect(theirs?.url).toBe(ours.url)
    })
    await assert(both, { numRuns: 1500 })
    expect(taken).toBeGreaterThan(100)
  })
})
