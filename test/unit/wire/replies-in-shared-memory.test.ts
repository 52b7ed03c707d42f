/** Replies stand in memory that is used again: what a slow client has not read stays what it was. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { Rendered } from '../../../src/operations/operation.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import { httpText } from '../../conformance/raw-socket.ts'
import { answering, serverWith, type TestServer } from './server.ts'

const bodyBytes = 50_000
const requestsMax = 1000
const request = httpText(apiHeaders('GetItem'), '{"TableName":"abc","Key":{"id":{"S":"x"}}}')
const letterOf = (n: number): number => 0x61 + (n % 26)
const bodyOf = (n: number): string => String.fromCharCode(letterOf(n)).repeat(bodyBytes)

let server: TestServer
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await server.close()
})

async function client(): Promise<Socket> {
  const socket = connect(server.port, '127.0.0.1')
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

/** The bodies of so many replies. */
async function bodies(socket: Socket, count: number): Promise<readonly string[]> {
  let text = ''
  const found: string[] = []
  for await (const chunk of socket) {
    text += (chunk as Buffer).toString('latin1')
    for (
      let end = text.indexOf('\r\n\r\n');
      end >= 0 && text.length >= end + 4 + bodyBytes;
      end = text.indexOf('\r\n\r\n')
    ) {
      found.push(text.slice(end + 4, end + 4 + bodyBytes))
      text = text.slice(end + 4 + bodyBytes)
    }
    if (found.length === count) break
  }
  return found
}

/** False: nothing was answered for a while. */
async function turnsUntil(isSo: () => boolean): Promise<boolean> {
  for (let turn = 0; turn < 200 && !isSo(); turn++) await new Promise((resolve) => setTimeout(resolve, 1))
  return isSo()
}

it('a client that reads late gets what it was answered, whatever others got meanwhile', async () => {
  let answered = 0
  const numbered = answering('GetItem', () => new Rendered(Buffer.alloc(bodyBytes, letterOf(answered++))))
  server = await serverWith([numbered], { unread: { bytesMax: Infinity, stalledMsMax: 600_000 } })
  const slow = await client()
  let asked = 0
  do slow.write(request)
  while (++asked < requestsMax && (await turnsUntil(() => answered === asked)))
  // The last one waits until the reply before it has left.
  const waiting = asked - answered
  expect(waiting).toBe(1)
  const others = await Promise.all([client(), client(), client()])
  for (let round = 0; round < 10; round++) {
    const before = answered
    for (const other of others) other.write(request)
    expect(await turnsUntil(() => answered === before + others.length)).toBe(true)
  }
  const ofOthers = (await Promise.all(others.map((other) => bodies(other, 10)))).flat()
  const expected = Array.from({ length: 30 }, (_, n) => bodyOf(asked - waiting + n))
  expect(ofOthers.toSorted().join('') === expected.toSorted().join('')).toBe(true)
  const last = answered
  const ofSlow = await bodies(slow, asked)
  const slowly = [...Array.from({ length: asked - waiting }, (_, n) => bodyOf(n)), bodyOf(last)]
  expect(ofSlow.join('') === slowly.join('')).toBe(true)
})
