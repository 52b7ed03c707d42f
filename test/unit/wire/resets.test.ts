/** A connection that is reset tells its end, at whatever moment that comes. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { reset } from '../../../src/http/bytes/resets.ts'

/** Both ends of a connection of this machine. */
async function pair(): Promise<{ readonly near: Socket; readonly far: Socket; readonly close: () => void }> {
  const server = createServer({ allowHalfOpen: true })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const far = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(far, 'connect')
  const [near] = await accepted
  for (const socket of [near, far]) socket.on('error', () => {}).resume()
  return { near, far, close: () => server.close() }
}

const moments: readonly (readonly [string, (socket: Socket) => unknown])[] = [
  ['open', () => undefined],
  ['about to end, in the same turn', (socket) => socket.end()],
  ['ended before', async (socket) => await once(socket.end(), 'finish')],
  ['about to end behind what is not sent yet', (socket) => socket.end(Buffer.alloc(16 * 1024 * 1024))],
]

test.each(moments)('one that is %s is closed at both ends, and says so', async (_, until) => {
  const { near, far, close } = await pair()
  const ended = Promise.all([near, far].map((socket) => new Promise((resolve) => socket.once('close', resolve))))
  await until(near)
  reset(near)
  await ended
  expect([near.destroyed, far.destroyed]).toEqual([true, true])
  close()
})

test('one with nothing unsent ends by a reset at the other end', async () => {
  const { near, far, close } = await pair()
  const error = once(far, 'error') as Promise<[NodeJS.ErrnoException]>
  reset(near)
  expect((await error)[0].code).toBe('ECONNRESET')
  close()
})
