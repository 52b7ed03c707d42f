/** Two nodes of a region and the connections between them, on real sockets. */
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { certify } from '../../../../src/deployment/secrets/certificates/certificate.ts'
import { firstLine } from '../../../../src/http/admitting.ts'
import type { Send } from '../../../../src/http/processes/forwarding.ts'
import { cameBy, listenerOf } from '../../../../src/http/private-listener.ts'
import type { ApiRequest } from '../../../../src/http/pipeline.ts'
import { askNode } from '../../../../src/node/several/line/ask-node.ts'
import { connecting } from '../../../../src/node/several/line/connecting.ts'
import { LeaderRoute } from '../../../../src/node/several/front/leader-route.ts'
import { NodeLine } from '../../../../src/node/several/line/node-line.ts'
import { type NodePort, openNodePort } from '../../../../src/node/several/line/node-port.ts'
import { OwnLead } from '../../../../src/node/several/own-lead.ts'
import type { NodeAddress, SeveralOptions } from '../../../../src/node/several/several-options.ts'
import type { Told } from '../../../../src/node/several/line/leader-word.ts'
import { quiet } from '../../../replication/nats.ts'
import { Answers, fastClock, lost, requestOf, severalHere } from './around.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** The leading node: its region answers `done`, but to a request `hold`, which it keeps. */
class Leading {
  readonly asked: string[] = []
  readonly clients: { socket: Socket; received: string }[] = []
  own: OwnLead | undefined = new OwnLead({
    answer: ({ body }: ApiRequest, send: Send) => {
      this.asked.push(body.toString())
      if (body.toString() === 'hold') return
      send('id', { status: 200, contentType: 'text/plain', bytes: Buffer.from('done') })
    },
    takeBack: (socket, received) => void this.clients.push({ socket, received: received.toString() }),
  })
  told: Told = { leads: true, forwardsAll: false, standsInFor: [] }
  port!: NodePort

  async open(several: SeveralOptions): Promise<void> {
    this.port = await openNodePort({
      several,
      clock: fastClock,
      log: quiet,
      ownLead: () => this.own,
      told: () => this.told,
      lend: (question) => Buffer.concat([Buffer.from('lent '), question]),
    })
    closing.push(() => this.port.close())
  }
}

/** What the following node says of terms. */
const known: { term: number | undefined } = { term: 7 }

function following(several: SeveralOptions): { route: LeaderRoute; line: NodeLine; told: Told[] } {
  const told: Told[] = []
  const route = new LeaderRoute({ clock: fastClock, requestIds: () => 'an id' })
  const line = new NodeLine({
    to: several.nodes.get('a') as NodeAddress,
    connect: connecting({ ...several, node: 'b' }),
    clock: fastClock,
    log: quiet,
    onChange: () => route.changed(),
    onTold: (what) => told.push(what),
    knownTerm: () => known.term,
  })
  line.start()
  route.lead(line)
  closing.push(() => line.end())
  return { route, line, told }
}

async function pair(more: Parameters<typeof severalHere>[0] = {}) {
  const several = await severalHere(more)
  const leading = new Leading()
  await leading.open(several)
  return { several, leading, answers: new Answers(), ...following(several) }
}

test('a request at a following node is answered by the leading one, and told what others are to know', async () => {
  const { leading, answers, route, line, told } = await pair()
  await expect.poll(() => line.isOpen).toBe(true)
  leading.told = { leads: true, forwardsAll: true, standsInFor: ['eu-west-1'] }
  leading.port.tell()
  route.forward(requestOf('1'), answers.of('1'))
  await expect.poll(() => answers.all).toEqual(['1 200 done'])
  expect(told.at(-1)).toEqual(leading.told)
})

test('a following node is asked over its line which term it knows', async () => {
  const { leading, line } = await pair()
  await expect.poll(() => line.isOpen).toBe(true)
  known.term = 7
  expect(await Promise.all([leading.port.askTerm('b'), leading.port.askTerm('b')])).toEqual([7, 7])
  known.term = undefined
  expect(await leading.port.askTerm('b')).toBeUndefined()
  // It has made no line.
  expect(await leading.port.askTerm('c')).toBeUndefined()
  const [asked] = [leading.port.askTerm('b'), line.end()]
  expect(await asked).toBeUndefined()
  expect(await leading.port.askTerm('b')).toBeUndefined()
})

test('a node that does not lead declines, and the request waits for one that does', async () => {
  const { leading, answers, route, line } = await pair()
  await expect.poll(() => line.isOpen).toBe(true)
  const { own } = leading
  leading.own = undefined
  route.forward(requestOf('1'), answers.of('1'))
  leading.told = { ...leading.told, leads: false }
  leading.port.tell()
  await expect.poll(() => line.isOpen).toBe(false)
  expect([leading.asked, answers.all]).toEqual([[], []])
  leading.own = own
  leading.told = { ...leading.told, leads: true }
  leading.port.tell()
  await expect.poll(() => answers.all).toEqual(['1 200 done'])
  expect(leading.asked).toEqual(['1'])
})

test('a request that a leading node has when it is lost is answered so at once, and sent to no other', async () => {
  const { several, leading, answers, route, line } = await pair()
  route.forward(requestOf('hold'), answers.of('1'))
  await expect.poll(() => leading.asked).toEqual(['hold'])
  await leading.port.close()
  await expect.poll(() => answers.all).toEqual([`1 500 ${lost}`])
  const again = new Leading()
  await again.open(several)
  route.forward(requestOf('2'), answers.of('2'))
  await expect.poll(() => answers.all.length).toBe(2)
  expect([again.asked, answers.all[1], line.isOpen]).toEqual([['2'], '2 200 done', true])
})

test('a node that says nothing any more is left, and what waits for it is answered', async () => {
  const several = await severalHere()
  const accepted: Socket[] = []
  const server = createServer((socket) => accepted.push(socket.on('error', () => {})))
  closing.push(() => {
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  await once(server.listen(several.nodes.get('a')?.port, '127.0.0.1'), 'listening')
  const leading = new Leading()
  const { route } = following(several)
  const answers = new Answers()
  // It never says that it leads.
  route.forward(requestOf('1'), answers.of('1'))
  await expect.poll(() => accepted.length).toBeGreaterThan(1)
  await expect.poll(() => answers.all.length).toBe(1)
  expect([leading.asked, answers.all[0]?.startsWith('1 500 No node leads')]).toEqual([[], true])
})

test('who does not begin with the secret is told nothing', async () => {
  const { several } = await pair()
  const { port } = several.nodes.get('a') as NodeAddress
  for (const beginning of [
    firstLine('another secret', { kind: 'store' }),
    'GET / HTTP/1.1\r\n\r\n',
    'x'.repeat(2000),
  ]) {
    const stranger = connect(port, '127.0.0.1')
    const heard: Buffer[] = []
    stranger.on('data', (chunk: Buffer) => heard.push(chunk)).on('error', () => {})
    stranger.write(beginning)
    await once(stranger, 'close')
    expect(heard).toEqual([])
  }
})

test('while a secret is rotated, nodes that have it and nodes that do not yet reach each other', async () => {
  const { several } = await pair()
  const to = several.nodes.get('a') as NodeAddress
  const [secret = ''] = several.secrets()
  const ask = async (way: ReturnType<typeof connecting>): Promise<string> =>
    (await askNode(way, to, Buffer.from('rows'))).toString()
  const next = connecting({ ...several, node: 'b', secrets: () => ['the next one', secret] })
  await expect(ask(next)).rejects.toThrow('is not asked')
  expect([await ask(next), await ask(next)]).toEqual(['lent rows', 'lent rows'])
  const leading = new Leading()
  const rotated = { ...several, secrets: () => ['the next one', secret], nodes: (await severalHere()).nodes }
  await leading.open(rotated)
  const behind = connecting({ ...rotated, node: 'b', secrets: () => [secret] })
  const there = rotated.nodes.get('a') as NodeAddress
  expect((await askNode(behind, there, Buffer.from('rows'))).toString()).toBe('lent rows')
})

test('what another node says and cannot be understood ends its connection and nothing else', async () => {
  const { several, leading, answers, route, line } = await pair()
  await expect.poll(() => line.isOpen).toBe(true)
  const broken = connect((several.nodes.get('a') as NodeAddress).port, '127.0.0.1')
  broken.on('error', () => {}).resume()
  broken.write(firstLine(several.secrets()[0] ?? '', { kind: 'requests', node: 'c' }))
  broken.write(Buffer.alloc(64, 0xff))
  await once(broken, 'close')
  route.forward(requestOf('1'), answers.of('1'))
  await expect.poll(() => answers.all).toEqual(['1 200 done'])
  expect(leading.asked).toEqual(['1'])
})

test('a connection of a client is passed on to the leading node, with its addresses, the private listener that it came by, and what came on it', async () => {
  const { leading, route, line } = await pair()
  await expect.poll(() => line.isOpen).toBe(true)
  const server = createServer((socket) => {
    socket.pause()
    cameBy(socket, { id: 'vpce-1' })
    route.takeOver(socket, Buffer.from('PUT /strange'), () => {})
  })
  closing.push(() => server.close())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const client = connect((server.address() as { port: number }).port, '127.0.0.1')
  closing.push(() => client.destroy())
  await expect.poll(() => leading.clients.length).toBe(1)
  const [{ socket, received }] = leading.clients as [(typeof leading.clients)[0]]
  await expect.poll(() => received).toBe('PUT /strange')
  const { remoteAddress } = socket
  expect([remoteAddress, 'encrypted' in socket, listenerOf(socket)]).toEqual(['127.0.0.1', false, 'vpce-1'])
  socket.resume().end('the answer')
  const [answer] = (await once(client, 'data')) as [Buffer]
  expect(answer.toString()).toBe('the answer')
})

test('a node lends its store to another one that asks, and one that is not there is an error', async () => {
  const { several } = await pair()
  const ask = connecting({ ...several, node: 'b' })
  const [a, c] = ['a', 'c'].map((name) => several.nodes.get(name) as NodeAddress) as [NodeAddress, NodeAddress]
  expect((await askNode(ask, a, Buffer.from('what?'))).toString()).toBe('lent what?')
  await expect(askNode(ask, c, Buffer.from('what?'))).rejects.toThrow('c is not asked for its store')
})

test('between machines each node shows a certificate of their authority', async () => {
  const authority = await certify({ name: 'nodes', days: 2, use: 'authority' })
  const stranger = await certify({ name: 'strangers', days: 2, use: 'authority' })
  const folder = mkdtempSync(join(tmpdir(), 'longitude-nodes-'))
  const filesOf = async (name: string, by: typeof authority, use: 'peer' | 'server' = 'peer') => {
    const own = await certify({ name, days: 2, use, hosts: ['127.0.0.1'] }, by)
    const [certFile, keyFile, caFile] = ['cert', 'key', 'ca'].map((kind) => join(folder, `${name}.${kind}`)) as [
      string,
      string,
      string,
    ]
    writeFileSync(certFile, own.certificate)
    writeFileSync(keyFile, own.key, { mode: 0o600 })
    writeFileSync(caFile, authority.certificate)
    return { nodeTlsCa: caFile, nodeTlsCert: certFile, nodeTlsKey: keyFile }
  }
  const { several, answers, route, line } = await pair(await filesOf('a', authority))
  await expect.poll(() => line.isOpen, { timeout: 20_000 }).toBe(true)
  route.forward(requestOf('1'), answers.of('1'))
  await expect.poll(() => answers.all).toEqual(['1 200 done'])
  const { nodeTlsCa: caFile, nodeTlsCert: certFile, nodeTlsKey: keyFile } = await filesOf('b', stranger)
  const asStranger = connecting({ ...several, tls: { caFile, certFile, keyFile } })
  await expect(askNode(asStranger, several.nodes.get('a') as NodeAddress, Buffer.from('what?'))).rejects.toThrow(
    'is not asked',
  )
})
