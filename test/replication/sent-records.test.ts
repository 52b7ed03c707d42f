/** Where records go outside: reports of a trigger and records of a Kinesis destination, to a subject of a real nats-server, and reports to an address. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { DataStreamTargets } from '../../src/node/functions/data-stream-targets.ts'
import { DestinationTargets } from '../../src/node/functions/destination-targets.ts'
import { freePort } from '../free-port.ts'
import { triggerScene, virginia } from '../testing/trigger-scene.ts'
import { eventually } from './eventually.ts'
import { natsBinaries, NatsServerProcess } from './nats.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const queue = 'arn:aws:sqs:us-east-1:000000000000:failed'
const topic = 'arn:aws:sns:us-east-1:000000000000:failed'
const stream = 'arn:aws:kinesis:us-east-1:000000000000:stream/orders'
const folder = mkdtempSync(join(tmpdir(), 'longitude-sent-'))
let server: NatsServerProcess

/** `writer` may publish below `out`, and `reader` may only subscribe there. */
beforeAll(async () => {
  const port = await freePort()
  const path = join(folder, 'nats.conf')
  const inbox = '"_INBOX.>", "_INBOX_us-east-1.>"'
  writeFileSync(
    path,
    `server_name: a
listen: "127.0.0.1:${port}"
jetstream { store_dir: "${join(folder, 'store')}" }
authorization { users: [
  { user: admin, password: admin }
  { user: writer, password: "w r", permissions { publish: "out.>", subscribe: ">" } }
  { user: reader, password: reader, permissions { publish: { deny: ">" }, subscribe: ["out.>", ${inbox}] } }
] }
`,
  )
  server = new NatsServerProcess((await natsBinaries())[0], port, path)
  await server.start()
})

afterAll(async () => {
  await server.remove()
  rmSync(folder, { recursive: true, force: true })
})

const address = (user: string, password: string): string =>
  `nats://${user}:${encodeURIComponent(password)}@127.0.0.1:${server.port}`

async function heard(subject: string) {
  const connection = await connect({ servers: server.url, user: 'reader', pass: 'reader' })
  const messages: { readonly id: string | undefined; readonly body: unknown }[] = []
  connection.subscribe(subject, {
    callback: (_, message) => {
      messages.push({ id: message.headers?.get('Nats-Msg-Id'), body: message.json() })
    },
  })
  await connection.flush()
  return { messages, close: async () => await connection.close() }
}

/** Records of a trigger whose function always fails are given up at once. */
async function givenUp(arn: string, targets: DestinationTargets): Promise<void> {
  const { cluster, at } = await triggerScene({
    clock: 'real',
    functions: {
      audit: () => {
        throw new Error('never')
      },
    },
    destinations: { [arn]: async (report) => await targets.send(arn, { body: Buffer.from(JSON.stringify(report)) }) },
  })
  const here = at(virginia)
  const uuid = await here.map('audit', {
    MaximumRetryAttempts: 0,
    DestinationConfig: { OnFailure: { Destination: arn } },
  })
  await here.put('a')
  await eventually('the record is given up', async () =>
    String((await here.described(uuid)).LastProcessingResult).includes('Function call failed'),
  )
  await cluster.close()
}

const report = {
  version: '1.0',
  requestContext: { condition: 'RetryAttemptsExhausted', approximateInvokeCount: 1 },
  DDBStreamBatchInfo: { batchSize: 1 },
}

describe('a report of a trigger', () => {
  it('arrives on its subject', async () => {
    const { messages, close } = await heard('out.failed')
    const target = { nats: address('writer', 'w r'), subject: 'out.failed' }
    await givenUp(queue, new DestinationTargets({ destinations: { [queue]: target }, folder }, virginia))
    await eventually('the report is heard', () => messages.length > 0)
    expect(messages[0]?.body).toMatchObject(report)
    await close()
  })

  it('that the user may not publish is not taken', async () => {
    const target = { nats: address('writer', 'w r'), subject: 'elsewhere' }
    const targets = new DestinationTargets({ destinations: { [queue]: target }, folder }, virginia)
    await expect(targets.send(queue, { body: Buffer.from('{}') })).rejects.toThrow(/elsewhere/)
  })

  it('arrives at its address, and is not taken where that answers an error', async () => {
    const got: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = []
    let status = 200
    const http = createServer((request, response) => {
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        got.push({ headers: request.headers, body: Buffer.concat(parts).toString() })
        response.writeHead(status).end()
      })
    })
    await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
    const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/failed`
    const targets = new DestinationTargets({ destinations: { [topic]: { url } }, folder }, virginia)
    await givenUp(topic, targets)
    await eventually('the report is there', () => got.length > 0)
    expect(JSON.parse(got[0]?.body ?? '')).toMatchObject(report)
    expect(got[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-longitude-destination': topic,
    })
    status = 503
    await expect(targets.send(topic, { body: Buffer.from('{}') })).rejects.toThrow('the destination answers 503')
    http.closeAllConnections()
    http.close()
  })
})

describe('records of a Kinesis destination', () => {
  const records = [1, 2, 3].map((n) => ({ id: `event-${n}`, body: Buffer.from(JSON.stringify({ n })) }))

  it('arrive in order on their subject, with their ids, for a user that may only subscribe', async () => {
    const { messages, close } = await heard('out.orders')
    const target = { nats: address('writer', 'w r'), subject: 'out.orders', jetstream: false }
    const targets = new DataStreamTargets({ streams: { [stream]: target }, folder }, virginia)
    await targets.put(stream, records.slice(0, 2))
    await targets.put(stream, records.slice(2))
    await eventually('all are heard', () => messages.length === 3)
    expect(messages).toEqual(records.map(({ id, body }) => ({ id, body: JSON.parse(body.toString()) })))
    await server.kill()
    await expect(targets.put(stream, records)).rejects.toThrow()
    await server.start()
    await targets.put(stream, records)
    targets.stop()
    await close()
  })

  it('are refused where the user may not publish', async () => {
    const target = { nats: address('writer', 'w r'), subject: 'elsewhere', jetstream: false }
    const targets = new DataStreamTargets({ streams: { [stream]: target }, folder }, virginia)
    await expect(targets.put(stream, records)).rejects.toThrow(/elsewhere/)
    targets.stop()
  })

  it('are stored by a stream of JetStream, which leaves out repeats; without one they are not taken', async () => {
    const admin = await connect({ servers: server.url, user: 'admin', pass: 'admin' })
    const target = { nats: address('admin', 'admin'), subject: 'kept.orders', jetstream: true }
    const targets = new DataStreamTargets({ streams: { [stream]: target }, folder }, virginia)
    await expect(targets.put(stream, records)).rejects.toThrow()
    const manager = await jetstreamManager(admin)
    await manager.streams.add({ name: 'kept', subjects: ['kept.>'] })
    await targets.put(stream, records)
    await targets.put(stream, records)
    expect((await manager.streams.info('kept')).state.messages).toBe(3)
    targets.stop()
    await admin.close()
  })

  it('are lines of a file', async () => {
    const targets = new DataStreamTargets({ streams: { [stream]: { file: 'orders.jsonl' } }, folder }, virginia)
    await targets.put(stream, records)
    expect(readFileSync(join(folder, 'orders.jsonl'), 'utf8')).toBe('{"n":1}\n{"n":2}\n{"n":3}\n')
  })
})
