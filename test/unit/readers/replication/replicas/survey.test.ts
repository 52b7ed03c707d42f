/** What a change of one table costs where there are many, counted: no look at all of them. */
import { Retries } from '../../../../../src/readers/retries.ts'
import { expect, it } from 'vitest'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { Emptied } from '../../../../../src/readers/replication/copy/transfer.ts'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import { Replicas } from '../../../../../src/readers/replication/replicas/replicas.ts'
import { Sources } from '../../../../../src/readers/replication/replicas/copy-sources.ts'
import { makeTable, openRegion, type TestClock } from '../../../engine/region.ts'

const counted = ['registers', 'knownTables', 'tables', 'tableWithId'] as const
const peers = [
  { name: 'eu-west-1', number: 2 },
  { name: 'ap-northeast-1', number: 3 },
]

/** The engine, with the calls of what reads tables counted. */
function counting(engine: Engine) {
  const calls = Object.fromEntries(counted.map((name) => [name, 0])) as Record<(typeof counted)[number], number>
  const proxy = new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        if (name in calls) calls[name as keyof typeof calls]++
        return (value as (...args: unknown[]) => unknown).apply(target, args)
      }
    },
  })
  return { calls, proxy }
}

const settled = async (clock: TestClock): Promise<void> => {
  for (let turn = 0; turn < 50; turn++) await clock.sleep()
}

async function surveyed(tables: number) {
  const { engine, env, clock } = await openRegion('us-east-1')
  for (let n = 0; n < tables; n++) await makeTable(engine, `t${n}`, { replicas: ['us-east-1', 'eu-west-1'] })
  const { calls, proxy } = counting(engine)
  const replicas = new Replicas({
    env,
    engine: proxy,
    peers,
    mutex: new Mutex(),
    retries: new Retries(env),
    sources: new Sources(clock),
    sessionTo: () => undefined,
    emptied: new Emptied(),
    onRegisters: () => {},
    logEnds: () => undefined,
    hasPassed: () => false,
  })
  replicas.start()
  await settled(clock)
  return { engine, clock, calls, replicas }
}

async function costOfAChange(tables: number) {
  const { engine, clock, calls, replicas } = await surveyed(tables)
  const before = { ...calls }
  await engine.define('id-t1', [{ register: 'tag/a', value: 'b' }])
  await settled(clock)
  await replicas.stop()
  return Object.fromEntries(counted.map((name) => [name, calls[name] - before[name]]))
}

it('all tables are looked at once, when the region starts', async () => {
  const { calls, replicas } = await surveyed(40)
  await replicas.stop()
  expect(calls.registers).toBe(40)
  expect(calls.knownTables).toBe(1)
})

it('a change of one table is looked at without the others, however many there are', async () => {
  const [few, many] = [await costOfAChange(2), await costOfAChange(400)]
  expect(few).toEqual(many)
  expect(many).toMatchObject({ registers: 1, knownTables: 0, tables: 0 })
})

it('a replica that is to become a table of its own is waited for without a look at the others', async () => {
  const { engine, clock, calls, replicas } = await surveyed(100)
  await engine.define('id-t1', [{ register: 'replica/us-east-1', value: { status: 'ACTIVE', keepsTable: true } }])
  await settled(clock)
  await replicas.stop()
  expect(calls.tables).toBe(0)
  expect(engine.tableWithId('id-t1')?.replicas.find(({ region }) => region === 'us-east-1')?.keepsTable).toBe(true)
})
