/** The connections of a worker: what it hands back, and what is read of them until they have left. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import type { Api } from '../../../src/http/api.ts'
import type { WorkerFront } from '../../../src/http/processes/worker-front.ts'
import { ReadingConnections } from '../../../src/node/workers/reading-connections.ts'

const front = {
  closing: false,
  hold: () => true,
  letGo: () => {},
  watch: () => () => {},
  throttle: () => {},
  refuseUnread: () => {},
  answer: () => {},
}

test('of a connection that waits to be handed back nothing more is read here: it would be missing there', async () => {
  const handed: { readonly socket: Socket; readonly received: Buffer }[] = []
  const connections = new ReadingConnections({
    api: front as unknown as Api,
    front: front as unknown as WorkerFront,
    tls: undefined,
    handBack: (socket, received) => void handed.push({ socket, received }),
  })
  const owner = createServer({ pauseOnConnect: true }, (socket) => connections.accept(socket))
  await once(owner.listen(0, '127.0.0.1'), 'listening')
  const client = connect((owner.address() as AddressInfo).port, '127.0.0.1')
  client.write('PUT /unusual HTTP/1.1\r\n')
  await expect.poll(() => handed.length).toBe(1)
  const [{ socket, received }] = handed as [(typeof handed)[0]]
  await new Promise<void>((resolve) => client.write('Host: localhost\r\n\r\n', () => resolve()))
  // Whatever Node would read, it reads in the next turns.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect([socket.bytesRead, received.length]).toEqual([received.length, received.length])
  for (const each of [client, socket]) each.destroy()
  owner.close()
})
