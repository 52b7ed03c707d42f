/**
 * Strong consistency on real quorum servers: they are killed, and links between them go down, while clients in all regions read, write, write
 * on condition and count. The engines run in this process. The history is checked, and kept where it fails.
 */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryDisk, MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import type { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import { Links } from '../../src/links/links.ts'
import { plainShape } from '../../src/links/lane/link-shape.ts'
import { findNatsServer } from '../../src/nats-server/find.ts'
import type { Bus } from '../../src/ports/bus.ts'
import type { Env } from '../../src/ports/env.ts'
import { Recorder } from '../linearizability/recorder.ts'
import { Workload } from '../linearizability/workload.ts'
import { quiet } from '../replication/nats.ts'
import { QuorumServers } from '../replication/quorum-servers.ts'
import { ask } from '../simulation/strong/ask.ts'
import { localEdits, tableEdits, tableId } from '../simulation/strong/requests.ts'
import { type Member, startMember } from '../simulation/strong/start-member.ts'
import { expectLinearizable } from './linearizable.ts'
import { anyOf, goesLong, rounds, testMsMax } from './pace.ts'
import { pause, until } from './until.ts'

const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const clientsEach = 2
const thinkMs = 20
const habits = { registers: 2, counters: 1, counterMax: 12 }
/** A machine with much else to do needs long to elect. */
const patienceMs = 90_000
const shape = { ...plainShape, roundTripMs: 10 }

let servers: QuorumServers
let links: Links
const quorums: NatsQuorum[] = []
const members = new Map<string, Member>()
const failures: string[] = []

beforeAll(async () => {
  const { path } = await findNatsServer({ explicit: undefined, progress: () => undefined })
  servers = await QuorumServers.prepare(path, names)
  const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => ({ from, to })))
  const listen = { host: '127.0.0.1', port: 0 }
  links = await Links.open(
    pairs.map(({ from, to }) => ({ from, to, listen, shape, target: { ...listen, port: servers.routePort(to) } })),
  )
  servers.routeTo = (from, to) =>
    links.list().find((link) => link.from === from && link.to === to)?.port?.listen.port ?? 0
  for (const name of names) servers.start(name)
  await Promise.all(names.map(async (name) => members.set(name, await memberOf(name))))
  await makeTable()
}, 2 * patienceMs)

afterAll(async () => {
  await Promise.all([...members.values()].map(async ({ engine }) => await engine.close()))
  await Promise.all(quorums.map(async (quorum) => await quorum.close()))
  await servers.remove()
  await links.close()
})

async function memberOf(name: (typeof names)[number]): Promise<Member> {
  const env: Env = {
    clock: systemClock,
    random: systemRandom,
    store: new MemoryStore({ disk: new MemoryDisk() }),
    bus: undefined as unknown as Bus,
    blobs: new MemoryBlobs(),
    log: quiet,
    meter: { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} },
  }
  const quorum = servers.quorum(name)
  quorums.push(quorum)
  const regions = names.map((region, n) => ({ name: region, number: n + 1 }))
  const topology = { self: { name, number: names.indexOf(name) + 1 }, regions }
  const onEnd = (_: string, message: string): void => void failures.push(message)
  return await startMember({ env, quorum, topology, members: names, replicas: names.length, guards: true, onEnd })
}

async function makeTable(): Promise<void> {
  const all = [...members.values()]
  await until(
    'the table is made',
    async () => {
      await all[0]?.engine.define(tableId, tableEdits(names, Date.now())).catch(() => undefined)
      return all.every(({ engine }) => engine.knownTables().includes(tableId))
    },
    patienceMs,
  )
  for (const { engine } of all) await engine.define(tableId, localEdits(Date.now()))
}

type Client = { readonly name: string; readonly member: Member; readonly workload: Workload }

async function load({ name, member, workload }: Client, recorder: Recorder, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const request = workload.next()
    const end = recorder.begin(name, request.key, request.action, request.isEventual)
    const told = await ask(member, request)
    end(told)
    if (told.value !== undefined) workload.saw(request.key, told.value)
    await pause(thinkMs * 2 * Math.random())
  }
}

/** Begins; the returned function ends it. */
type Mischief = () => Promise<() => Promise<void>>

const killed = async (name: string): Promise<() => Promise<void>> => {
  await servers.stop(name, 'SIGKILL')
  return async () => {
    servers.start(name)
    await Promise.resolve()
  }
}

const cut = (...wanted: readonly string[]): (() => Promise<void>) => {
  links.set({ links: wanted, change: { state: anyOf(['down', 'reset'] as const) } })
  return async () => {
    links.heal()
    await Promise.resolve()
  }
}

const mischiefs: readonly Mischief[] = [
  async () => await killed(anyOf(names)),
  async () => await Promise.resolve(cut(`${anyOf(names)}..all`)),
  async () => {
    const from = anyOf(names)
    return await Promise.resolve(cut(`${from}..${anyOf(names.filter((name) => name !== from))}`))
  },
  /** All of them at once: what was answered is on their disks. */
  async () => {
    const starts = await Promise.all(names.map(killed))
    return async () => void (await Promise.all(starts.map((start) => start())))
  },
]

it(
  'what clients are answered is linearizable while quorum servers are killed and links go down',
  {
    timeout: testMsMax + patienceMs,
  },
  async () => {
    const recorder = new Recorder(() => performance.now())
    const random = new SeededRandom(Math.floor(Math.random() * 1e9))
    const clients = [...members].flatMap(([region, member]) =>
      Array.from({ length: clientsEach }, (_, n): Client => {
        const name = `${region}/${n + 1}`
        return { name, member, workload: new Workload(name, random.fork(), habits) }
      }),
    )
    const over = new AbortController()
    const loads = Promise.all(clients.map((client) => load(client, recorder, over.signal)))
    for (let round = 0; round < rounds(2, 40); round++) {
      for (const { workload } of clients) workload.turn(round)
      await pause(500 + 1000 * Math.random())
      const end = await (goesLong ? anyOf(mischiefs) : mischiefs[round])?.()
      await pause(1000 + (goesLong ? 9000 : 2000) * Math.random())
      await end?.()
      await answering(clients)
    }
    over.abort()
    await loads
    expect(failures).toEqual([])
    expectLinearizable(recorder)
  },
)

/** Every region answers a strong read again. */
async function answering(clients: readonly Client[]): Promise<void> {
  const request = { key: 'answering', action: { op: 'read' }, isEventual: false } as const
  for (const { name, member } of clients)
    await until(`${name} is answered`, async () => (await ask(member, request)).outcome === 'ok', patienceMs)
}
