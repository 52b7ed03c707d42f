import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { DaxConnection, type DaxConnectionOptions } from '../../../src/cache/dax/dax-connection.ts'
import { serveDax } from '../../../src/cache/dax/dax-server.ts'
import { encodeNodes } from '../../../src/cache/dax/dax-nodes.ts'
import { keepLists } from '../../../src/cache/dax-lists.ts'
import { NodeWatch } from '../../../src/cache/dax/node-watch.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { AttributeLists } from '../../../src/core/dax/codec/attribute-lists.ts'
import { daxAuthorizedMsMax } from '../../../src/core/limits/dax-limits.ts'
import { certify } from '../../../src/deployment/secrets/certificates/certificate.ts'
import type { Log } from '../../../src/ports/log.ts'
import { authorization, frame, greeting } from './sample-frames.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-dax-'))
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => quiet }
const ended: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ended.splice(0)) await end()
})

describe('lists of attribute names', () => {
  it('have the same numbers after a restart', () => {
    const path = join(folder, 'lists')
    const before = new AttributeLists()
    keepLists(before, path, quiet)
    const lists = [['a', 'b'], ['a'], ['ünïcödé\n', '']].map((names) => before.listOf(names))
    appendFileSync(path, '["cut off by a cra')
    const after = new AttributeLists()
    keepLists(after, path, quiet)
    expect(after.count).toBe(3)
    for (const { id, names } of lists) expect(after.find(id)?.names).toEqual(names)
    after.listOf(['later'])
    const third = new AttributeLists()
    keepLists(third, path, quiet)
    expect(third.count).toBe(4)
    rmSync(folder, { recursive: true })
  })

  it('that are no longer known are known again once an answer goes by them', () => {
    const [first, second] = [new AttributeLists(), new AttributeLists()]
    const list = first.listOf(['a'])
    expect(second.find(list.id)).toBeUndefined()
    second.keep(list)
    expect(second.find(list.id)).toEqual(list)
  })
})

describe('the caches of a cluster', () => {
  const nodes = [
    { address: '10.0.0.1', port: 8111 },
    { address: 'fd00::1', port: 8111 },
    { address: '::ffff:10.0.0.3', port: 8111 },
  ]

  it('that are missing are not told, and the first that is there leads', async () => {
    const missing = new Set([nodes[0]])
    const watch = new NodeWatch({ nodes, look: (node) => Promise.resolve(!missing.has(node)) })
    expect(watch.present()).toEqual(nodes)
    await watch.look()
    expect(watch.present()).toEqual(nodes.slice(1))
    for (const node of nodes) missing.add(node)
    await watch.look()
    expect(watch.present()).toEqual(nodes)
  })

  it('are told by their addresses', () => {
    const reader = new CborReader(encodeNodes(nodes))
    expect(reader.value()).toEqual([])
    const told = reader.value() as ReadonlyMap<number, unknown>[]
    expect(told.map((node) => node.get(2))).toEqual([
      Buffer.from([10, 0, 0, 1]),
      Buffer.from('fd000000000000000000000000000001', 'hex'),
      Buffer.from([10, 0, 0, 3]),
    ])
    expect(told.map((node) => node.get(4))).toEqual([1, 2, 2])
  })
})

const answered = {
  answer: () => '\x80\xf6',
  hit: (): string | undefined => undefined,
  refusal: (error: unknown) => Buffer.from((error as Error).message),
}
const principal = { accessKeyId: 'anyone', region: 'us-east-1', sessionToken: undefined }

/** A connection that is answered by `front`, and what asks it and waits for one answer. */
async function connected(front: typeof answered, monotonicMs: () => number) {
  const server = createServer()
  server.on('connection', (socket: Socket) => {
    const options = {
      front,
      authorize: () => principal,
      expires: true,
      nodes: () => [],
      budget: { take: () => true, giveBack: () => {}, watch: () => () => {} },
      unread: { wait: () => {} },
      outbox: { add: (_: number, write: () => void) => write() },
      monotonicMs,
    } as unknown as DaxConnectionOptions
    const connection = new DaxConnection(socket, options, () => {})
    ended.push(() => connection.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { connect } = await import('node:net')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setNoDelay(true)
  ended.push(
    () => socket.destroy(),
    () => server.close(),
  )
  const asked = async (bytes: Buffer): Promise<string> => {
    socket.write(bytes)
    const [answer] = (await once(socket, 'data')) as [Buffer]
    return answer.toString('latin1')
  }
  return { socket, asked }
}

describe('an authorization', () => {
  it('ends after five minutes where signatures are verified', async () => {
    let nowMs = 1000
    const { socket, asked } = await connected(answered, () => nowMs)
    const ask = async (): Promise<string> => await asked(frame('endpoints'))
    socket.write(Buffer.concat([greeting(), authorization()]))
    expect(await ask()).toBe('\x80\xf6')
    nowMs += daxAuthorizedMsMax
    expect(await ask()).toBe('\x80\xf6')
    nowMs++
    expect(await ask()).toBe('The connection is not authorized, or no longer.')
    socket.write(authorization())
    expect(await ask()).toBe('\x80\xf6')
  })
})

describe('a request whose answer is kept', () => {
  it('is answered from its packet, once the client is authorized and while it is', async () => {
    let nowMs = 1000
    const kept = frame('endpoints')
    const front = { ...answered, hit: (_: unknown, bytes: Buffer) => (bytes.equals(kept) ? 'kept' : undefined) }
    const { socket, asked } = await connected(front as typeof answered, () => nowMs)
    socket.write(greeting())
    expect(await asked(kept)).toBe('The connection is not authorized, or no longer.')
    socket.write(authorization())
    expect(await asked(frame('services'))).toBe('\x80\xf6')
    expect(await asked(kept)).toBe('kept')
    expect(await asked(frame('services'))).toBe('\x80\xf6')
    expect(await asked(kept)).toBe('kept')
    // A packet with two requests is cut, as one with a part of a request is.
    expect(await asked(Buffer.concat([kept, kept]))).toContain('\x80\xf6')
    nowMs += daxAuthorizedMsMax + 1
    expect(await asked(kept)).toMatch(/not authorized/)
  })
})

describe('a server', () => {
  it('with a certificate speaks daxs, and its connections end with it', async () => {
    const { certificate, key } = await certify({
      name: 'localhost',
      days: 1,
      use: 'server',
      hosts: ['localhost', '127.0.0.1'],
    })
    const server = await serveDax({
      front: answered,
      authorize: () => principal,
      expires: false,
      nodes: () => [],
      host: '127.0.0.1',
      port: 0,
      tls: { cert: certificate, key },
      connectionsMax: 10,
      clock: systemClock,
    })
    expect(server.url).toBe(`daxs://127.0.0.1:${server.port}`)
    const socket = connectSecurely({ host: '127.0.0.1', port: server.port, ca: certificate, servername: 'localhost' })
    await once(socket, 'secureConnect')
    socket.write(Buffer.concat([greeting(), authorization(), frame('endpoints')]))
    const [piece] = (await once(socket, 'data')) as [Buffer]
    expect(piece).toEqual(Buffer.from([0x80, 0xf6]))
    expect(server.connections()).toBe(1)
    const gone = once(socket, 'close')
    await server.close()
    await gone
    expect(server.connections()).toBe(0)
  })
})
