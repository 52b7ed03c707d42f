/** Clients that ask and do not read what they are answered. */
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { Rendered } from '../../../src/operations/operation.ts'
import { eventually } from '../../replication/eventually.ts'
import { answering, serverWith, type TestServer } from './server.ts'

const replyBytes = 12 * 1024 * 1024
const large = answering('GetItem', () => new Rendered(Buffer.alloc(replyBytes, 120)))

const body = '{"TableName":"abc","Key":{"id":{"S":"x"}}}'
const signature =
  'AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0'

function request(method: string): string {
  return [
    `${method} / HTTP/1.1`,
    'Host: localhost',
    'X-Amz-Target: DynamoDB_20120810.GetItem',
    'Content-Type: application/x-amz-json-1.0',
    'X-Amz-Date: 20260101T000000Z',
    `Authorization: ${signature}`,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

/** Twice in a row is what node:http answers; alone it is read from the socket. */
const ways = { 'read from the socket': request('POST'), 'answered by node:http': request('POST').repeat(2) }

let server: TestServer
const clients: Client[] = []

afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await server.close()
})

type Client = { readonly socket: Socket; ended: boolean; read: number }

async function ask(text: string): Promise<Client> {
  const socket = connect(server.port, '127.0.0.1')
  const client: Client = { socket, ended: false, read: 0 }
  clients.push(client)
  socket.on('error', () => {})
  socket.on('close', () => (client.ended = true))
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  socket.write(text)
  return client
}

const open = async (): Promise<number> => await server.connections()

for (const [way, text] of Object.entries(ways))
  describe(`a client that does not read, ${way},`, () => {
    it('is let go after a while', async () => {
      server = await serverWith([large], { unread: { bytesMax: Infinity, stalledMsMax: 100 } })
      await ask(text)
      await eventually('it is connected', async () => (await open()) === 1)
      await eventually('it is let go', async () => (await open()) === 0)
    })

    it('has to go when others need the room, the longest waiting first', async () => {
      server = await serverWith([large], { unread: { bytesMax: 2.5 * replyBytes, stalledMsMax: 600_000 } })
      await ask(text)
      await ask(text)
      await eventually('two wait', async () => (await open()) === 2)
      await ask(text)
      await ask(text)
      await eventually('two are left of four', async () => (await open()) === 2)
      expect(clients.length).toBe(4)
    })

    it('is answered whole when it reads at last', async () => {
      server = await serverWith([large], { unread: { bytesMax: 4 * replyBytes, stalledMsMax: 600_000 } })
      const client = await ask(text)
      client.socket.on('data', (chunk) => (client.read += chunk.length))
      await eventually('all has come', () => client.read > replyBytes)
      expect(client.ended).toBe(false)
    })
  })
