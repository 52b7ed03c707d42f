import { describe, expect, it } from 'vitest'
import type { Item } from '../../../../src/core/attribute/value.ts'
import type { Table } from '../../../../src/core/table/table.ts'
import type { Expiring } from '../../../../src/engine/engine.ts'
import { Expiry, type ExpirySettings } from '../../../../src/readers/expiry/expiry.ts'
import { eventually } from '../../../replication/eventually.ts'
import { overriding } from '../../../simulation/observed-engine.ts'
import { itemAt, itemOf, makeTable, openRegion, put, replicate, startMs, topologyOf } from '../../engine/region.ts'

const now = startMs / 1000
const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const expiring = (sk: number, second: number): Item => itemOf('p', sk, { expires: { N: String(second) } })
const more = [{ register: 'local/expiry', value: { attribute: 'expires', status: 'ACTIVE' } }]

type Options = { readonly isHeard?: boolean; readonly settings?: ExpirySettings }

/** A region in the United States, whose peer in Europe has the table too. */
async function scene({ isHeard = true, settings }: Options = {}) {
  const replicas = [us, eu]
  const here = await openRegion(us)
  const peer = await openRegion(eu)
  const { engine, env, counted } = here
  const table = await makeTable(engine, 'T', { replicas, more })
  const there = await makeTable(peer.engine, 'T', { replicas, more })
  const expiry = new Expiry({ env, engine, topology: topologyOf(us), hears: () => isHeard, settings })
  const left = (of: Table, sks: readonly number[]): readonly number[] =>
    sks.filter((sk) => itemAt(engine, of, expiring(sk, 0)) !== undefined)
  return { here, peer, engine, counted, table, there, expiry, left }
}

describe('expired items', () => {
  it('are deleted by the region that wrote them, with the cause ttl; others stay', async () => {
    const { engine, table, expiry, left, counted } = await scene()
    const items = [expiring(1, now), expiring(2, now + 1), expiring(3, now - 3600), itemOf('p', 4)]
    await engine.commit(items.map((item) => put(table, item)))
    expect(await expiry.run(table, now)).toEqual({ deleted: 2, isWhole: true })
    expect(left(table, [1, 2, 3, 4])).toEqual([2, 4])
    expect(engine.readLog(0, 100, 1e6).filter(({ cause }) => cause === 'ttl').length).toBe(2)
    expect(counted).toContainEqual({ name: 'longitude_time_to_live_deleted_total', labels: { table: 'T' }, by: 2 })
    expect(await expiry.run(table, now)).toEqual({ deleted: 0, isWhole: true })
  })

  it('stay where the time lies more than five years back', async () => {
    const { engine, table, expiry, left } = await scene()
    const years = 5 * 365 * 86_400
    await engine.commit([put(table, expiring(1, now - years - 1)), put(table, expiring(2, now - years))])
    await expiry.run(table, now)
    expect(left(table, [1, 2])).toEqual([1])
  })

  it('of another replica are left to it until the grace is over', async () => {
    const { engine, peer, table, there, expiry, left } = await scene()
    await peer.engine.commit([put(there, expiring(1, now))])
    await replicate(peer.engine, engine)
    await expiry.run(table, now + 600 - 1)
    expect(left(table, [1])).toEqual([1])
    await expiry.run(table, now + 600)
    expect(left(table, [1])).toEqual([])
  })

  it('of a region that cannot be heard are deleted at once', async () => {
    const { engine, peer, table, there, expiry, left } = await scene({ isHeard: false })
    await peer.engine.commit([put(there, expiring(1, now))])
    await replicate(peer.engine, engine)
    await expiry.run(table, now)
    expect(left(table, [1])).toEqual([])
  })

  it('of a region that is no replica any more are deleted at once', async () => {
    const { engine, peer, table, there, expiry, left } = await scene()
    await peer.engine.commit([put(there, expiring(1, now))])
    await replicate(peer.engine, engine)
    await engine.define(table.id, [{ register: `replica/${eu}`, value: undefined }])
    await expiry.run(engine.tableNamed('T') ?? table, now)
    expect(left(table, [1])).toEqual([])
  })

  it('belong to the region that wrote them last', async () => {
    const { engine, peer, table, there, expiry, left } = await scene()
    await engine.commit([put(table, expiring(1, now)), put(table, expiring(2, now))])
    await replicate(engine, peer.engine)
    await peer.engine.commit([put(there, expiring(1, now)), put(there, expiring(2, now + 9))])
    await replicate(peer.engine, engine)
    await expiry.run(table, now)
    expect(left(table, [1, 2])).toEqual([1, 2])
  })

  it('wait for the delay', async () => {
    const { engine, table, expiry, left } = await scene({ settings: { delaySeconds: 100, graceSeconds: 600 } })
    await engine.commit([put(table, expiring(1, now - 99)), put(table, expiring(2, now - 100))])
    await expiry.run(table, now)
    expect(left(table, [1, 2])).toEqual([1])
  })

  it('stay when the item says another time by the moment of the delete', async () => {
    const { engine, table, expiry, left } = await scene()
    await engine.commit([put(table, expiring(1, now)), put(table, expiring(2, now))])
    // Decided first, and not durable yet when the run reads the index.
    const later = engine.commit([put(table, expiring(1, now + 60))])
    expect(await expiry.run(table, now)).toMatchObject({ deleted: 1 })
    await later
    expect(left(table, [1, 2])).toEqual([1])
  })

  it('stay while the index is not whole, or goes', async () => {
    const { engine, expiry, left } = await scene()
    for (const status of ['FILLING', 'GOING']) {
      const edits = [{ register: 'local/expiry', value: { attribute: 'expires', status } }]
      const table = await makeTable(engine, status, { more: edits })
      await engine.commit([put(table, expiring(1, now))])
      expect(await expiry.run(engine.tableNamed(status)!, now)).toEqual({ deleted: 0, isWhole: true })
      expect(left(table, [1])).toEqual([1])
    }
  })

  it('are so many in one run and no more; the next goes on', async () => {
    const { engine, table, expiry } = await scene()
    const all = Array.from({ length: 2300 }, (_, sk) => put(table, expiring(sk, now - sk)))
    await engine.commitEach(all)
    expect(await expiry.run(table, now)).toEqual({ deleted: 2000, isWhole: false })
    expect(await expiry.run(table, now)).toEqual({ deleted: 300, isWhole: true })
    expect(engine.expiries(table, { region: 0, second: 0 }, 10)).toEqual([])
  })
})

it('two regions that delete an expired item, each for itself, are in no conflict', async () => {
  const { engine, peer, table, there } = await scene()
  await engine.commit([put(table, expiring(1, now))])
  await replicate(engine, peer.engine)
  const there2 = new Expiry({ env: peer.env, engine: peer.engine, topology: topologyOf(eu), hears: () => false })
  const here2 = new Expiry({ env: peer.env, engine, topology: topologyOf(us), hears: () => false })
  expect([await here2.run(table, now), await there2.run(there, now)].map(({ deleted }) => deleted)).toEqual([1, 1])
  await replicate(engine, peer.engine)
  await replicate(peer.engine, engine)
  expect([engine.conflicts(0, 10), peer.engine.conflicts(0, 10)]).toEqual([[], []])
})

it('a table whose index has entries of no item, without end, keeps no other table waiting', async () => {
  const { engine, env } = await openRegion(us)
  await makeTable(engine, 'A', { more })
  const other = await makeTable(engine, 'B', { more })
  await engine.commit([put(other, expiring(1, now))])
  const endless: Expiring['expiries'] = (table, after, countMax) =>
    table.name === 'B'
      ? engine.expiries(table, after, countMax)
      : Array.from({ length: countMax }, () => ({ region: 1, second: now, key: Buffer.from('none') }))
  const deps = { env, topology: topologyOf(us), hears: () => true }
  const expiry = new Expiry({ ...deps, engine: overriding(engine, { expiries: endless }) })
  await expiry.start()
  await eventually('the item of the other table is gone', () => itemAt(engine, other, expiring(1, 0)) === undefined)
  await expiry.stop()
})
