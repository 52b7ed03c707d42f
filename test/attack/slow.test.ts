/**
 * Slow strangers at every port with few slots, while clients work: clients are answered, no port holds more connections than its maximum, and what strangers
 * do not read ends. `npm run attack` is the long form.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer as createPlainServer, type Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { serveDax } from '../../src/cache/dax/dax-server.ts'
import { consoleConnectionsMax } from '../../src/core/limits/console-limits.ts'
import { controlConnectionsMax } from '../../src/core/limits/limits.ts'
import { Console } from '../../src/console/console.ts'
import { Wire } from '../../src/drills/run/load/wire.ts'
import { startControl } from '../../src/deployment/control/call-server.ts'
import { Balancer } from '../../src/front-door/balancer.ts'
import { FrontDoor } from '../../src/front-door/front-door.ts'
import { connectBack, openWayBack, Tunnels } from '../../src/http/processes/way-back.ts'
import { askNode } from '../../src/node/several/line/ask-node.ts'
import { connecting } from '../../src/node/several/line/connecting.ts'
import { openNodePort } from '../../src/node/several/line/node-port.ts'
import type { NodeAddress } from '../../src/node/several/several-options.ts'
import { apiHeaders, call, send } from '../conformance/raw-request.ts'
import { httpText } from '../conformance/raw-socket.ts'
import { eventually } from '../replication/eventually.ts'
import { quiet } from '../replication/nats.ts'
import { authorization, frame, greeting } from '../unit/dax/sample-frames.ts'
import { severalHere } from '../unit/node/several/around.ts'
import { answering, echo, serverWith } from '../unit/wire/server.ts'
import { Rendered } from '../../src/operations/operation.ts'
import { strangersAt, strangersGo } from './strangers.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  strangersGo()
  for (const close of closing.splice(0).toReversed()) await close()
})

const most = 8
const whole = httpText({ ...apiHeaders('GetItem'), 'Content-Length': '2' }, '{}')
const input = { TableName: 'abc', Key: { id: { S: 'x' } } }

/** A port, what strangers say there, how many fill it, and a client's request: it is answered, or rejects. */
type Door = {
  readonly port: number
  readonly says: readonly (string | Buffer)[]
  readonly fill: number
  readonly ask: () => Promise<unknown>
}

const largeReplyBytes = 12 * 1024 * 1024
const large = answering('Scan', () => new Rendered(Buffer.alloc(largeReplyBytes, 120)))
const overHttp = ['', whole.slice(0, 30), 'GET /health HTTP/1.1\r\nHost: ', whole.slice(0, -1)]
const unread = httpText(apiHeaders('Scan'), '{"TableName":"abc"}')
const halfChunk = `${whole.slice(0, -2).replace('Content-Length: 2', 'Transfer-Encoding: chunked')}5\r\n{`

const doors: Readonly<Record<string, () => Promise<Door>>> = {
  'the front door': async () => {
    const region = await serverWith([echo('GetItem'), large])
    const options = { endpoints: { 'us-east-1': region.url }, failover: false, roundTripMs: () => 0 }
    const door = await FrontDoor.open({ host: '127.0.0.1', port: 0, connectionsMax: most, ...options })
    closing.push(
      async () => await region.close(),
      async () => await door.close(),
    )
    const endpoint = `http://127.0.0.1:${door.port}`
    return {
      port: door.port,
      says: [...overHttp, halfChunk, unread],
      fill: most,
      ask: async () => await call(endpoint, 'GetItem', input),
    }
  },
  'the balancer': async () => {
    const region = await serverWith([echo('GetItem'), large])
    const balancer = await Balancer.open({
      host: '127.0.0.1',
      port: 0,
      nodes: { a: region.url },
      log: quiet,
      connectionsMax: most,
    })
    closing.push(
      async () => await region.close(),
      async () => await balancer.close(),
    )
    const endpoint = `http://127.0.0.1:${balancer.port}`
    return {
      port: balancer.port,
      says: [...overHttp, halfChunk, unread],
      fill: most,
      ask: async () => await call(endpoint, 'GetItem', input),
    }
  },
  'the port of DAX’s clients': async () => {
    const server = await serveDax({
      host: '127.0.0.1',
      port: 0,
      connectionsMax: most,
      clock: systemClock,
      front: { answer: () => '\x80\xf6', hit: () => undefined, refusal: () => Buffer.alloc(0) },
      authorize: () => ({ accessKeyId: 'any', region: 'us-east-1', sessionToken: undefined }),
      expires: false,
      nodes: () => [],
    })
    closing.push(async () => await server.close())
    const opening = Buffer.concat([greeting(), authorization()])
    return {
      port: server.port,
      says: ['', greeting().subarray(0, 5), opening, Buffer.concat([opening, frame('getItem')])],
      fill: most,
      ask: async () => {
        const socket = connect(server.port, '127.0.0.1')
        socket.write(Buffer.concat([opening, frame('endpoints')]))
        const [answer] = (await Promise.race([once(socket, 'data'), once(socket, 'close')])) as [Buffer | boolean]
        socket.destroy()
        if (typeof answer === 'boolean') throw new Error('it was let go')
        return { status: answer.equals(Buffer.from([0x80, 0xf6])) ? 200 : 0 }
      },
    }
  },
  'a control port': async () => {
    const control = await startControl({
      calls: {},
      handlers: {},
      listen: { host: '127.0.0.1', port: 0 },
      token: 'x',
      whose: 'a test',
    })
    closing.push(async () => await control.close())
    const endpoint = `http://127.0.0.1:${control.port}`
    const ask = async () => {
      const { status } = await send({ endpoint, path: '/none', headers: { Authorization: 'Bearer x' } })
      return { status: status === 404 ? 200 : status }
    }
    return { port: control.port, says: [overHttp[1] ?? '', whole.slice(0, -1)], fill: controlConnectionsMax, ask }
  },
  'the console': async () => {
    const wire = new Wire()
    const links = { list: async () => [], set: async () => [], heal: async () => [] }
    const own = await Console.open({
      host: '127.0.0.1',
      port: 0,
      key: 'x',
      hostNames: [],
      files: new Map(),
      deployment: { regions: [], links, place: () => undefined },
      reach: { regions: [], links, wire, supervisor: () => undefined, access: { identities: undefined, mode: 'off' } },
      about: () => ({ name: 'test', version: '1' }),
    })
    closing.push(
      () => wire.close(),
      async () => await own.close(),
    )
    const ask = async () => await send({ endpoint: `http://127.0.0.1:${own.port}`, method: 'GET', path: '/health' })
    return { port: own.port, says: ['', whole.slice(0, -1)], fill: consoleConnectionsMax, ask }
  },
  'the port of a region’s nodes': async () => {
    const several = { ...(await severalHere()), portConnectionsMax: most }
    const port = await openNodePort({
      several,
      clock: systemClock,
      log: quiet,
      ownLead: () => undefined,
      told: () => ({ leads: false, forwardsAll: false, standsInFor: [] }),
      lend: () => Buffer.from('lent'),
    })
    closing.push(async () => await port.close())
    const to = several.nodes.get('a') as NodeAddress
    const connectNode = connecting({ ...several, node: 'b' })
    // It stays, whoever else comes.
    const line = connectNode(to, { kind: 'requests' })
    const ended = once(line, 'close').then(() => true)
    line.on('error', () => {}).resume()
    closing.push(() => line.destroy())
    await once(line, 'data')
    const ask = async () => {
      const answer = await askNode(connectNode, to, Buffer.from('what?'))
      const isEnded = await Promise.race([ended, Promise.resolve(false)])
      return { status: answer.toString() === 'lent' && !isEnded ? 200 : 0 }
    }
    return { port: to.port, says: ['', '{"secret":'], fill: most, ask }
  },
}

describe.each(Object.entries(doors))('%s', (_, open) => {
  test('is not shut out for clients by strangers who hold its connections', async () => {
    const { port, says, fill, ask } = await open()
    for (const said of says) {
      await strangersAt(port, said, 2 * fill)
      for (let n = 0; n < 3; n++) expect(await ask()).toMatchObject({ status: 200 })
    }
  })
})

/** Answers once with so much that it does not fit the buffers on the way, and ends the connection when all of that is gone. */
function answersMuch(socket: Socket, bytes: number): void {
  socket.on('error', () => {})
  socket.end(Buffer.alloc(bytes, 120))
}

const muchBytes = 12 * 1024 * 1024

describe('a client that does not read, at the end of a way through another process,', () => {
  test('is let go by the balancer, and its node’s connection with it', async () => {
    const nodes: Socket[] = []
    const node = createServer((request: IncomingMessage) => {
      nodes.push(request.socket)
      answersMuch(request.socket, muchBytes)
    })
    await once(node.listen(0, '127.0.0.1'), 'listening')
    const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}`
    const balancer = await Balancer.open({
      host: '127.0.0.1',
      port: 0,
      nodes: { a: url },
      log: quiet,
      healthEveryMs: 600_000,
      unread: { bytesMax: Infinity, stalledMsMax: 100 },
    })
    closing.push(
      () => node.close(),
      async () => await balancer.close(),
    )
    await strangersAt(balancer.port, 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n', 3)
    await eventually('they are connected', () => nodes.length >= 3)
    await eventually('nothing of them is left', () => balancer.connections['a'] === 0)
  })

  test('is let go by the process that passes it on', async () => {
    const taken: Socket[] = []
    const wayBack = await openWayBack((socket) => {
      taken.push(socket)
      answersMuch(socket, muchBytes)
    })
    const tunnels = new Tunnels({ bytesMax: Infinity, stalledMsMax: 100 })
    const worker = createPlainServer((socket) =>
      tunnels.begin(connectBack(wayBack.place), socket, Buffer.from('GET /'), () => {}),
    )
    await once(worker.listen(0, '127.0.0.1'), 'listening')
    closing.push(
      () => worker.close(),
      async () => await wayBack.close(),
    )
    await strangersAt((worker.address() as AddressInfo).port, '', 3)
    await eventually('they are passed on', () => taken.length === 3)
    await tunnels.gone()
  })
})

test('a client that reads a little of its reply now and then is let go in the end', async () => {
  const server = await serverWith([large], { unread: { bytesMax: Infinity, stalledMsMax: 600_000, replyMsMax: 200 } })
  closing.push(async () => await server.close())
  const socket = connect(server.port, '127.0.0.1')
  closing.push(() => socket.destroy())
  let readBytes = 0
  socket.on('error', () => {})
  socket.write(unread)
  socket.on('data', (chunk: Buffer) => {
    readBytes += chunk.length
    socket.pause()
    setTimeout(() => socket.resume(), 20)
  })
  await eventually('it is let go', async () => readBytes > 0 && (await server.connections()) === 0)
  expect(readBytes).toBeGreaterThan(0)
  expect(readBytes).toBeLessThan(largeReplyBytes)
  await eventually('nothing is held of it', () => server.heldBytes() === 0)
})
