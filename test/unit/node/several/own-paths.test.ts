/** What a node answers itself at its public port, whatever its role. */
import { PassThrough } from 'node:stream'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { choose } from '../../../../src/node/several/front/own-paths.ts'

function chosen(pieces: readonly string[]): string {
  const socket = new PassThrough() as unknown as Socket & PassThrough
  const [first = '', ...rest] = pieces
  let told = 'nothing'
  choose(socket, Buffer.from(first), {
    own: (_, received) => (told = `own ${received.toString()}`),
    leaders: (_, received) => (told = `leader ${received.toString()}`),
  })
  for (const piece of rest) socket.emit('data', Buffer.from(piece))
  return told
}

test.each(['/', '/ping', '/health', '/ready', '/ready?x=1', '/metrics', '/admin/node'])('GET %s is its own', (path) => {
  const line = `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`
  expect(chosen([line])).toBe(`own ${line}`)
  expect(chosen(['GE', line.slice(2, 7), line.slice(7)])).toBe(`own ${line}`)
})

test.each([
  'GET /admin/nodes HTTP/1.1',
  'GET /admin/conflicts HTTP/1.1',
  'POST / HTTP/1.1',
  'POST /ready HTTP/1.1',
  'GET /2015-03-31/functions HTTP/1.1',
  'GET /readyx HTTP/1.1',
  'nothing that is known',
])('%s is the leading node’s', (first) => {
  expect(chosen([`${first}\r\n\r\n`])).toBe(`leader ${first}\r\n\r\n`)
})

test('a first line that does not end is the leading node’s, once it is too long', () => {
  expect(chosen(['GET /', 'x'.repeat(20_000)])).toMatch(/^leader GET \/x+$/)
})
