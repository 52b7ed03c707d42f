/** How a region opens its part of a group, and renews it: one at a time, with nothing left over. */
import { afterEach, expect, test, vi } from 'vitest'
import type { StrongGroup } from '../../../src/core/table/table.ts'
import type { ReplicaState } from '../../../src/engine/order/replica-state.ts'
import type { GroupMember } from '../../../src/region/strong/group-member.ts'
import { StoreDamaged } from '../../../src/ports/store.ts'
import { type ReplicaOpening, StrongRegions } from '../../../src/region/strong/strong-regions.ts'
import { makeTable, openRegion } from '../engine/region.ts'

const name = 'ap-northeast-1_eu-west-1_us-east-1'
const group = (table: string): StrongGroup => ({
  name,
  table,
  replicas: ['ap-northeast-1', 'eu-west-1', 'us-east-1'],
  by: 'us-east-1',
})

type Opened = { readonly opening: ReplicaOpening; isDiscarded: boolean; isStopped: boolean }

const running: StrongRegions[] = []
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop()
})

/** `settles`: whether what a replica takes over from its former store can be written. */
async function region(
  keyOf: () => Promise<Buffer>,
  settles: () => boolean = () => true,
  opens: () => Promise<void> = () => Promise.resolve(),
  more: object = {},
) {
  const { engine: main, env } = await openRegion('us-east-1')
  const opened: Opened[] = []
  const openReplica = async (opening: ReplicaOpening): Promise<GroupMember> => {
    await opens()
    const own: Opened = { opening, isDiscarded: false, isStopped: false }
    opened.push(own)
    const define = () => (settles() ? Promise.resolve() : Promise.reject(new Error('no majority')))
    const engine = { tables: () => [{ id: 'T', settings: {} }], define, ...more }
    return {
      engine,
      start: () => Promise.resolve(),
      stop: () => Promise.resolve(void (own.isStopped = true)),
      discard: () => Promise.resolve(void (own.isDiscarded = true)),
    } as unknown as GroupMember
  }
  const keys = { of: vi.fn(keyOf) }
  const stateAt = (): ReplicaState => ({}) as ReplicaState
  const regions = new StrongRegions({
    env,
    main,
    keys,
    openReplica,
    stateAt,
    openWitness: () => Promise.reject(new Error('no witness here')),
  })
  running.push(regions)
  return { main, regions, opened, keys }
}

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise((resolve) => setImmediate(resolve))
}

test('many tables of a group that cannot be opened yet wait for it together', async () => {
  const { main, regions, keys } = await region(() => Promise.reject(new Error('no key yet')))
  await regions.start()
  const ids = Array.from({ length: 50 }, (_, n) => `id-${n}`)
  await Promise.all(ids.map((id) => main.define(id, [{ register: 'strong/group', value: group(id) }])))
  await turns(10)
  const before = keys.of.mock.calls.length
  expect(before).toBeGreaterThan(0)
  await turns(20)
  // One attempt after each pause, whatever the number of tables.
  expect(keys.of.mock.calls.length - before).toBeLessThanOrEqual(20)
})

test('two reasons to renew a replica renew it once, and the new one can be renewed again', async () => {
  const { main, regions, opened } = await region(() => Promise.resolve(Buffer.alloc(32)))
  await regions.start()
  await main.define('id-T', [{ register: 'strong/group', value: group('id-T') }])
  await vi.waitFor(() => expect(opened).toHaveLength(1))
  opened[0]?.opening.onEnd('damaged')
  opened[0]?.opening.onEnd('trimmed')
  await vi.waitFor(() => expect(opened[0]?.isStopped).toBe(true))
  await turns(20)
  expect(opened.map(({ opening }) => opening.number)).toEqual([0, 1])
  opened[1]?.opening.onEnd('trimmed')
  await vi.waitFor(() => expect(opened[1]?.isStopped).toBe(true))
  expect(opened.map(({ opening }) => opening.number)).toEqual([0, 1, 2])
})

test('a replica whose store is damaged when it is opened takes the state of another one', async () => {
  let attempts = 0
  const damaged = new StoreDamaged('The data is damaged.')
  const opens = () => (attempts++ === 0 ? Promise.reject(damaged) : Promise.resolve())
  const { main, regions, opened } = await region(() => Promise.resolve(Buffer.alloc(32)), undefined, opens)
  await regions.start()
  await main.define('id-T', [{ register: 'strong/group', value: group('id-T') }])
  await vi.waitFor(() => expect(opened).toHaveLength(1))
  expect(opened[0]?.opening.number).toBe(1)
  expect(opened[0]?.opening.startsFrom).toBeDefined()
  await vi.waitFor(() => expect(regions.engines.size).toBe(1))
  await turns(20)
  expect(attempts).toBe(2)
})

test('a replica that could not be finished is closed before the next attempt', async () => {
  let attempts = 0
  const { main, regions, opened } = await region(
    () => Promise.resolve(Buffer.alloc(32)),
    () => ++attempts > 2,
  )
  await regions.start()
  await main.define('id-T', [{ register: 'strong/group', value: group('id-T') }])
  await vi.waitFor(() => expect(opened).toHaveLength(1))
  opened[0]?.opening.onEnd('trimmed')
  await vi.waitFor(() => expect(opened[0]?.isStopped).toBe(true))
  expect(opened.map(({ opening, isDiscarded }) => [opening.number, isDiscarded])).toEqual([
    [0, false],
    [1, true],
    [1, true],
    [1, false],
  ])
})

/** What the group's engine does when a table is to be born in it: `isTaken` says whether the entry got a place although its answer was lost. */
function bornWithoutAnswer(isTaken: boolean) {
  const born = new Set<string>()
  const define = (id: string): Promise<void> => {
    if (isTaken) born.add(id)
    return Promise.reject(new Error('no answer'))
  }
  const tableWithId = (id: string) => (born.has(id) ? { id } : undefined)
  return { define, tableWithId, barrier: () => Promise.resolve() }
}

test.each([true, false])('a birth without an answer is answered by what became of it: %s', async (isTaken) => {
  const engine = bornWithoutAnswer(isTaken)
  const { main, regions } = await region(() => Promise.resolve(Buffer.alloc(32)), undefined, undefined, engine)
  await regions.start()
  const table = await makeTable(main, 'Music')
  const outcome = regions.begin(table, group('id-new'), []).then(
    () => 'born',
    (error: Error) => error.message,
  )
  expect(await outcome).toBe(isTaken ? 'born' : 'no answer')
  await vi.waitFor(() => expect(main.tableWithId(table.id)?.strong?.isElsewhere).toBe(isTaken ? true : undefined))
  await vi.waitFor(() => expect(main.tableWithId(table.id)?.status).toBe(isTaken ? 'DELETING' : 'ACTIVE'))
})
