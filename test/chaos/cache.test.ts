/**
 * A cache beside a region under load, while the region, its nats-server, the line between them and the cache itself die at
 * any moment. Every reader knows what was acknowledged before it asked: what was written through the cache must be seen at
 * once, what was written around it no later than the lease allows.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { cacheLeaseMs } from '../../src/core/limits/limits.ts'
import { type Link, openLink } from '../../src/links/link.ts'
import { root } from './chaos-region.ts'
import { Deployment } from './deployment.ts'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { pause, until } from './until.ts'
import { adminHeaders } from '../../src/deployment/endpoints.ts'
import { testAdminToken } from '../admin-token.ts'

const table = 'cached'
const keys = ['through-1', 'through-2', 'around-1', 'around-2', 'around-3']
const patienceMs = 60_000

type Acknowledged = { readonly value: number; readonly atMs: number }

class CacheProcess {
  readonly endpoint: string
  readonly #args: readonly string[]
  #child: ChildProcess | undefined

  constructor(port: number, upstream: string, nats: string) {
    this.endpoint = `http://127.0.0.1:${port}`
    this.#args = ['--region', 'us-east-1', '--port', `${port}`, '--upstream', upstream, '--nats', nats]
  }

  async start(): Promise<void> {
    const program = join(root, 'dist', 'cli', 'cli.js')
    this.#child = spawn(process.execPath, [program, 'cache', ...this.#args, '--log-level', 'error'], {
      stdio: 'ignore',
      env: { ...process.env, LONGITUDE_ADMIN_TOKEN: testAdminToken },
    })
    await until('the cache is there', async () => (await this.status()) !== undefined)
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  async status(): Promise<{ readonly figures: Readonly<Record<string, number>> } | undefined> {
    try {
      return (await (
        await fetch(`${this.endpoint}/admin/status`, { headers: adminHeaders(testAdminToken) })
      ).json()) as never
    } catch {
      return undefined
    }
  }
}

class Traffic {
  reads = 0
  writes = 0
  readonly #endpoints: { readonly region: string; readonly cache: string }
  readonly #acknowledged = new Map<string, Acknowledged[]>(keys.map((key) => [key, []]))
  readonly #wrong: string[] = []
  #stopped = false
  #value = 0
  readonly #running: Promise<void>[]

  constructor(endpoints: { readonly region: string; readonly cache: string }) {
    this.#endpoints = endpoints
    // One writer a key, so that its values only grow.
    this.#running = [
      ...keys.map((key) => this.#write(key)),
      ...keys.flatMap((key) => [this.#read(key), this.#read(key)]),
    ]
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
    expect(this.#wrong.slice(0, 10)).toEqual([])
  }

  /** With nothing under way and everything healed, the cache has what the region has. */
  async settle(): Promise<void> {
    for (const key of keys)
      await until(`${key} is the same for all`, async () => {
        const [own, cached] = await Promise.all([this.#get('region', key), this.#get('cache', key)])
        return own === cached && own >= (this.#acknowledged.get(key)?.at(-1)?.value ?? 0)
      })
  }

  async #write(key: string): Promise<void> {
    const endpoint = key.startsWith('through') ? this.#endpoints.cache : this.#endpoints.region
    while (!this.#stopped) {
      const value = ++this.#value
      try {
        await sendRequest(endpoint, 'PutItem', { TableName: table, Item: { id: { S: key }, v: { N: `${value}` } } })
        this.#acknowledged.get(key)?.push({ value, atMs: performance.now() })
        this.writes++
      } catch {
        // It may have happened or not.
      }
      await pause(anyOf([1, 5, 50]))
    }
  }

  async #read(key: string): Promise<void> {
    while (!this.#stopped) {
      const allowanceMs = key.startsWith('through') ? 0 : cacheLeaseMs
      const beforeMs = performance.now() - allowanceMs
      const least = this.#acknowledged.get(key)?.findLast(({ atMs }) => atMs < beforeMs)?.value ?? 0
      try {
        const seen = await this.#get('cache', key)
        this.reads++
        if (seen < least) this.#wrong.push(`${key} was ${seen} although ${least} was acknowledged before`)
      } catch {
        // Nothing was answered.
      }
      await pause(anyOf([0, 1, 5]))
    }
  }

  async #get(from: 'region' | 'cache', key: string): Promise<number> {
    const reply = await sendRequest(this.#endpoints[from], 'GetItem', { TableName: table, Key: { id: { S: key } } })
    return Number((reply['Item'] as { v?: { N: string } } | undefined)?.v?.N ?? 0)
  }
}

it(
  'a cache whose region, line and process die under load never answers what it must not',
  { timeout: testMsMax },
  async () => {
    const world = await Deployment.start({ regions: ['us-east-1'] })
    const region = world.region('us-east-1')
    const line = await openLink({ port: 0, target: { host: '127.0.0.1', port: region.natsPort }, roundTripMs: 2 })
    // Below where the system itself gives ports to connections.
    const cache = new CacheProcess(
      20_000 + Math.floor(Math.random() * 5000),
      region.endpoint,
      `nats://127.0.0.1:${line.port}`,
    )
    try {
      await world.globalTable(table)
      await cache.start()
      const traffic = new Traffic({ region: region.endpoint, cache: cache.endpoint })
      for (let round = 0; round < rounds(6, 120); round++) {
        await pause(300 + 700 * Math.random())
        await mischief[round % mischief.length]?.({ region, line, cache })
      }
      line.setMode('open')
      await pause(500)
      await traffic.stop()
      await traffic.settle()
      await until('the cache serves', async () => (await cache.status())?.figures['serving'] === 1, patienceMs)
      expect(traffic.reads).toBeGreaterThan(100)
      expect(traffic.writes).toBeGreaterThan(50)
      expect((await cache.status())?.figures['itemHits']).toBeGreaterThan(0)
    } finally {
      await cache.kill()
      await line.close()
      await world.close()
    }
  },
)

type Victims = { readonly region: ReturnType<Deployment['region']>; readonly line: Link; readonly cache: CacheProcess }

const mischief: readonly ((victims: Victims) => Promise<void>)[] = [
  async ({ line }) => {
    line.setMode('black-hole')
    await pause(cacheLeaseMs + 1500 * Math.random())
    line.setMode('open')
  },
  async ({ region }) => {
    await region.kill('node')
    await pause(300 * Math.random())
    await region.startNode()
  },
  async ({ cache }) => {
    await cache.kill()
    await cache.start()
  },
  async ({ line }) => {
    line.setMode('reset')
    await pause(1000 * Math.random())
    line.setMode('open')
  },
  async ({ region }) => {
    await region.kill('nats-server')
    await pause(500 * Math.random())
    await region.startNats()
  },
  async ({ region, line }) => {
    line.setMode('black-hole')
    await region.kill('node')
    await region.startNode()
    await pause(500)
    line.setMode('open')
  },
]
