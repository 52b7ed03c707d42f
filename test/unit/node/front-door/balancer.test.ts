/** The endpoint before the nodes of a region: which node gets a connection, and what becomes of connections when a node goes. */
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createServer, request, type Agent, type RequestOptions, type Server } from 'node:http'
import { Agent as KeepingAgent } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { Balancer } from '../../../../src/front-door/balancer.ts'
import type { Log } from '../../../../src/ports/log.ts'
import { freePort } from '../../../free-port.ts'
import { eventually, within } from '../../../replication/eventually.ts'

const silent: Log = { debug: noop, info: noop, warn: noop, error: noop, with: () => silent }
function noop(): void {}

const undo: (() => unknown)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

type Node = { isReady: boolean; hangs: boolean; readonly server: Server; readonly url: string }

async function nodeNamed(name: string): Promise<Node> {
  const server = createServer((asked, response) => {
    if (node.hangs) return
    if (asked.url === '/ready') response.writeHead(node.isReady ? 200 : 503)
    response.end(name)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const node: Node = { isReady: true, hangs: false, server, url }
  undo.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return node
}

async function before(nodes: Readonly<Record<string, string>>): Promise<Balancer> {
  const balancer = await Balancer.open({ host: '127.0.0.1', port: 0, nodes, log: silent, healthEveryMs: 20 })
  undo.push(() => balancer.close())
  return balancer
}

async function ask({ port }: Balancer, agent?: Agent): Promise<string> {
  return await textOf({ port, host: '127.0.0.1', agent: agent ?? new KeepingAgent({ keepAlive: false }) })
}

async function textOf(options: RequestOptions): Promise<string> {
  return await new Promise((resolve, reject) => {
    request(options, (response) => {
      let text = ''
      response.on('data', (chunk: Buffer) => (text += chunk.toString()))
      response.on('end', () => resolve(text))
    })
      .on('error', reject)
      .end()
  })
}

function keeping(): Agent {
  const agent = new KeepingAgent({ keepAlive: true, maxSockets: 1 })
  undo.push(() => agent.destroy())
  return agent
}

it('a private listener before the nodes leads to theirs, and to the next one where a node has none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'longitude-balancer-'))
  undo.push(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'region.sock')
  const [a, b] = [await nodeNamed('a'), await nodeNamed('b')]
  const own = createServer((_, response) => response.end('privately b'))
  await new Promise<void>((resolve) => own.listen(`${path}.b`, resolve))
  undo.push(() => own.close())
  const privately = { path, nodes: { a: `${path}.a`, b: `${path}.b` } }
  const nodes = { a: a.url, b: b.url }
  const balancer = await Balancer.open({ host: '127.0.0.1', port: 0, nodes, privately, log: silent })
  undo.push(() => balancer.close())
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const answers = []
  for (let n = 0; n < 3; n++) answers.push(await textOf({ socketPath: path }))
  expect(answers).toEqual(['privately b', 'privately b', 'privately b'])
  expect(await ask(balancer)).not.toContain('privately')
})

it('connections are spread over the nodes', async () => {
  const [a, b] = [await nodeNamed('a'), await nodeNamed('b')]
  const balancer = await before({ a: a.url, b: b.url })
  const answers = []
  for (let n = 0; n < 4; n++) answers.push(await ask(balancer, keeping()))
  expect(answers.toSorted()).toEqual(['a', 'a', 'b', 'b'])
  expect(balancer.connections).toEqual({ a: 2, b: 2 })
})

it('a node that is not ready gets none, and keeps those that it has', async () => {
  const [a, b] = [await nodeNamed('a'), await nodeNamed('b')]
  const balancer = await before({ a: a.url, b: b.url })
  const kept = keeping()
  expect(await ask(balancer, kept)).toBe('a')
  a.isReady = false
  await eventually('the other one answers all', async () => {
    const answers = [await ask(balancer), await ask(balancer), await ask(balancer)]
    return answers.every((answer) => answer === 'b')
  })
  expect(await ask(balancer, kept)).toBe('a')
})

it('when no node is ready, one of those that are there is tried', async () => {
  const a = await nodeNamed('a')
  a.isReady = false
  const balancer = await before({ gone: `http://127.0.0.1:${await freePort()}`, a: a.url })
  for (let n = 0; n < 5; n++) expect(await ask(balancer)).toBe('a')
})

it('a node that is gone gives its connections up, and the next one answers', async () => {
  const [a, b] = [await nodeNamed('a'), await nodeNamed('b')]
  const balancer = await before({ a: a.url, b: b.url })
  expect(await ask(balancer)).toBe('a')
  a.server.close()
  a.server.closeAllConnections()
  expect(await ask(balancer)).toBe('b')
})

it('a request that a node has taken ends when the node hangs', async () => {
  const [a, b] = [await nodeNamed('a'), await nodeNamed('b')]
  const balancer = await before({ a: a.url, b: b.url })
  a.hangs = true
  await expect(within('the request ends', ask(balancer), 10_000)).rejects.toThrow('socket hang up')
  expect(await ask(balancer)).toBe('b')
})
