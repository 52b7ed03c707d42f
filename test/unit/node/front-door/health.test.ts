import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { Health } from '../../../../src/front-door/health.ts'

const closing: (() => unknown)[] = []
afterEach(() => {
  for (const close of closing.splice(0)) close()
})

type Watched = {
  readonly health: Health
  readonly told: string[]
  readonly asked: () => number
  readonly server: Server
}

async function watched(
  answer: (request: IncomingMessage, response: ServerResponse, asked: number) => void,
): Promise<Watched> {
  let asked = 0
  const server = createServer((request, response) => answer(request, response, ++asked))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const told: string[] = []
  const health = new Health({
    endpoints: { one: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    onChange: (_, healthy) => told.push(`${healthy ? 'healthy' : 'not healthy'} after ${asked}`),
    onGone: () => told.push(`gone after ${asked}`),
    everyMs: 5,
    answerMsMax: 60,
  })
  closing.push(() => health.close())
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return { health, told, asked: () => asked, server }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('a region', () => {
  test('that is silent is not healthy soon, and gone only much later', async () => {
    const { told } = await watched((_, response, asked) => void (asked === 1 && response.end()))
    await until(() => told.length === 2)
    const [ill = 0, gone = 0] = told.map((text) => Number(text.split(' ').at(-1)))
    expect(told).toEqual([`not healthy after ${ill}`, `gone after ${gone}`])
    expect(ill).toBeLessThanOrEqual(3)
    expect(gone).toBeGreaterThanOrEqual(15)
  })

  test('that says that it stands in for others is asked for them, as long as it says so', async () => {
    const found = { standsInFor: ['one', 'another deployment’s', 7] as unknown }
    const { health, asked } = await watched((_, response) => void response.end(JSON.stringify(found)))
    await until(() => health.standInOf('one') !== undefined)
    expect([health.standInOf('one'), health.leads]).toEqual(['one', { one: 'one' }])
    found.standsInFor = 'one'
    const before = asked()
    await until(() => asked() > before + 2 && health.standInOf('one') === undefined)
    expect(health.leads).toEqual({})
  })

  test('that answers requests is healthy, however late it says that it is ready', async () => {
    const found: { health?: Health } = {}
    const { health, told, asked } = await watched(() => found.health?.heard('one'))
    found.health = health
    const before = asked()
    await until(() => asked() > before + 30)
    expect([health.isHealthy('one'), told.filter((text) => text.startsWith('gone'))]).toEqual([true, []])
  })

  test('that closes connections, having no room for them, is not gone', async () => {
    const { told, asked } = await watched(
      (request, response, n) => void (n === 1 ? response.end() : request.socket.destroy()),
    )
    await until(() => asked() >= 10)
    expect(told).toEqual(['not healthy after 3'])
  })

  test('that nobody listens for is gone', async () => {
    const { told, server } = await watched((_, response) => void response.end())
    server.close()
    await until(() => told.some((text) => text.startsWith('gone')))
  })
})
