/** Frames between two processes: what comes from another machine is checked, and costs a connection at most. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { Forwarder, serveForwarded } from '../../../src/http/processes/forwarding.ts'
import { FrameCalls, serveFrames } from '../../../src/http/processes/request-frames.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

async function connected(serve: (socket: Socket) => void): Promise<Socket> {
  const server = createServer((socket) => {
    closing.push(() => socket.destroy())
    serve(socket)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  closing.push(
    () => socket.destroy(),
    () => server.close(),
  )
  return socket
}

const frame = (length: number, aboutLength: number, rest: string): Buffer => {
  const head = Buffer.alloc(12)
  head.writeUInt32BE(length, 0)
  head.writeUInt32BE(1, 4)
  head.writeUInt32BE(aboutLength, 8)
  return Buffer.concat([head, Buffer.from(rest)])
}

test.each([
  ['a length beyond what a frame may have', frame(0xffff_ffff, 2, '{}')],
  ['a length below that of its own head', frame(3, 0, '')],
  ['more said about it than it is long', frame(10, 200, '{}')],
  ['something said about it that is no JSON', frame(11, 3, '{x}')],
  ['a request without an address', frame(10, 2, '{}')],
  ['a request with a header that is no text', frame(8 + 51, 51, '{"url":"/","headers":{"a":{"b":1}},"rawHeaders":[]}')],
])('%s breaks the connection and nothing else', async (_, bytes) => {
  const broken: string[] = []
  const socket = await connected((served) =>
    serveForwarded(served, {
      answer: () => expect.unreachable(),
      onStuck: () => {},
      onBroken: (reason) => {
        broken.push(reason)
        served.destroy()
      },
    }),
  )
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  expect(broken).toHaveLength(1)
})

test('frames are put together however their bytes come, and what is told needs no answer', async () => {
  const told: unknown[] = []
  const socket = await connected((served) => {
    const tell = serveFrames(served, {
      onBroken: () => served.destroy(),
      onTold: (about) => tell({ heard: about }),
      answer: (about, body, reply) => reply({ about }, Buffer.concat([body, body])),
    })
  })
  const write = socket.write.bind(socket)
  // A byte at a time.
  socket.write = (bytes: Buffer) => {
    for (const byte of bytes) write(Buffer.of(byte))
    return true
  }
  const calls = new FrameCalls(socket, { onBroken: () => socket.destroy(), onTold: (about) => told.push(about) })
  const answers = await Promise.all(
    ['a', 'bc', ''].map(
      async (text) =>
        await new Promise((resolve) =>
          calls.call({ text }, Buffer.from(text), (about, body) => resolve([about, body.toString()])),
        ),
    ),
  )
  expect(answers).toEqual([
    [{ about: { text: 'a' } }, 'aa'],
    [{ about: { text: 'bc' } }, 'bcbc'],
    [{ about: { text: '' } }, ''],
  ])
  calls.tell({ n: 1 })
  await expect.poll(() => told).toEqual([{ heard: { n: 1 } }])
  expect(calls.count).toBe(0)
})

test('a request that is declined was not begun, and all that wait are answered when a connection is given up', async () => {
  const socket = await connected((served) =>
    serveForwarded(served, {
      answer: ({ url }) => url !== '/declined',
      onStuck: () => {},
    }),
  )
  const forwarder = new Forwarder(socket, { onBroken: () => socket.destroy() })
  const request = (url: string) => ({ url, headers: {}, rawHeaders: () => [], body: none, payload: none })
  await new Promise<void>((resolve) => forwarder.forward(request('/declined'), () => expect.unreachable(), resolve))
  const statuses: number[] = []
  forwarder.forward(request('/a'), (_, { status }) => statuses.push(status))
  forwarder.forward(request('/b'), (_, { status }) => statuses.push(status))
  expect(forwarder.count).toBe(2)
  forwarder.end({ status: 500, contentType: 'text/plain', bytes: none })
  expect([statuses, forwarder.count]).toEqual([[500, 500], 0])
})

const none = Buffer.alloc(0)
