import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { frameSizeBytesMax, workerUnreadBytesMax } from '../../../src/core/limits/limits.ts'
import { Forwarder, serveForwarded } from '../../../src/http/processes/forwarding.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

/** A worker's end whose owner answers each body with as many bytes as the body says. */
async function pair(onStuck = (): void => {}): Promise<{ readonly forwarder: Forwarder; readonly socket: Socket }> {
  const server = createServer((socket) => {
    closing.push(() => socket.destroy())
    serveForwarded(socket, {
      answer: ({ body }, send) => {
        const bytes = Buffer.alloc(body.length > 20 ? 1 : Number(body.toString()), 'x')
        send('id', { status: 200, contentType: 'text/plain', bytes })
      },
      onStuck: () => {
        socket.destroy()
        onStuck()
      },
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket: Socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  closing.push(
    () => socket.destroy(),
    () => server.close(),
  )
  return { forwarder: new Forwarder(socket), socket }
}

const ask = async (forwarder: Forwarder, body: Buffer): Promise<readonly [number, number]> =>
  await new Promise((resolve) => {
    forwarder.forward({ url: '/', headers: {}, rawHeaders: () => [], body, payload: body }, (_, { status, bytes }) =>
      resolve([status, bytes.length]),
    )
  })

test('a request or a reply that is too large costs itself and nothing else', async () => {
  const { forwarder } = await pair()
  expect(await ask(forwarder, Buffer.from('1000'))).toEqual([200, 1000])
  const [status] = await ask(forwarder, Buffer.alloc(frameSizeBytesMax))
  expect(status).toBe(500)
  const [refused] = await ask(forwarder, Buffer.from(String(frameSizeBytesMax)))
  expect(refused).toBe(500)
  expect(await ask(forwarder, Buffer.from('7'))).toEqual([200, 7])
})

test('a worker that does not read its replies is given up before they fill the memory', async () => {
  const stuck = { times: 0 }
  const { forwarder, socket } = await pair(() => stuck.times++)
  socket.pause()
  const replyBytes = 32 * 1024 * 1024
  for (let sent = 0; sent <= workerUnreadBytesMax + 3 * replyBytes; sent += replyBytes)
    void ask(forwarder, Buffer.from(String(replyBytes)))
  await once(socket.resume(), 'close')
  expect(stuck.times).toBe(1)
})
