import { describe, expect, it } from 'vitest'
import { decodePlace, encodeReport } from '../../../src/core/change/cache-talk.ts'
import { decodeInvalidation, type Invalidation } from '../../../src/core/change/invalidation.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import { cacheInterestMs } from '../../../src/core/limits/limits.ts'
import type { Bus, CacheAnswerer } from '../../../src/ports/bus.ts'
import { invalidator } from '../../../src/readers/invalidator/invalidator.ts'
import { itemOf, makeTable, openRegion, put, replicate } from '../engine/region.ts'

const report = encodeReport({ id: 'one', endpoint: 'http://cache', mode: 'coherent', figures: {} })

async function region() {
  const { engine, env, clock } = await openRegion('us-east-1')
  const told: Invalidation[] = []
  let ask: CacheAnswerer = () => Promise.resolve(undefined)
  const bus = {
    caches: {
      invalidate: (payload: Buffer) => told.push(decodeInvalidation(payload)),
      serve: (handler: CacheAnswerer) => {
        ask = handler
      },
    },
  } as unknown as Bus
  const reader = invalidator({ ...env, bus }, engine)
  await reader.start()
  const place = async () => decodePlace((await ask(report)) ?? Buffer.alloc(0))
  return { engine, clock, told, reader, place }
}

describe('the invalidator', () => {
  it('says nothing while no cache has asked', async () => {
    const { engine, told } = await region()
    const table = await makeTable(engine, 'T')
    await engine.commit([put(table, itemOf('a', 1))])
    expect(told).toEqual([])
  })

  it('tells every position from the first question on, of items with their key and of tables without', async () => {
    const { engine, told, place } = await region()
    const table = await makeTable(engine, 'T')
    const asked = await place()
    expect(asked).toEqual({ epoch: engine.epoch, position: engine.flushed(), how: 'open' })
    await engine.commit([put(table, itemOf('a', 1))])
    await engine.commit([put(table, itemOf('a', 2)), put(table, itemOf('b', 1))])
    await engine.define(table.id, [{ register: 'local/tags', value: {} }])
    expect((await place()).position).toBe(engine.flushed())
    let upTo = asked.position
    for (const message of told) {
      expect(message.after).toBe(upTo)
      upTo = message.upTo
    }
    expect(upTo).toBe(engine.flushed())
    const keys = told.flatMap(({ changes }) => changes.map(({ key }) => key))
    const key = (pk: string, sk: number) => encodePrimaryKey(table.key, itemOf(pk, sk))
    expect(keys).toEqual([key('a', 1), key('a', 2), key('b', 1), undefined])
  })

  it('tells what a peer has written too', async () => {
    const peer = await openRegion('eu-west-1')
    const theirs = await makeTable(peer.engine, 'T', { replicas: ['us-east-1', 'eu-west-1'] })
    const { engine, told, place } = await region()
    await replicate(peer.engine, engine)
    await engine.define(theirs.id, [{ register: 'local/status', value: { status: 'ACTIVE', sinceMs: 1 } }])
    await place()
    await peer.engine.commit([put(theirs, itemOf('a', 1))])
    await replicate(peer.engine, engine)
    await place()
    const keys = told.flatMap(({ changes }) => changes.map(({ key }) => key?.toString('hex')))
    expect(keys).toContain(encodePrimaryKey(theirs.key, itemOf('a', 1)).toString('hex'))
  })

  it('answers a backlog only when all of it has been told', async () => {
    const { engine, told, place } = await region()
    const table = await makeTable(engine, 'T')
    await place()
    await Promise.all(Array.from({ length: 700 }, (_, n) => engine.commit([put(table, itemOf('a', n))])))
    const { position } = await place()
    expect(position).toBe(engine.flushed())
    expect(told.at(-1)?.upTo).toBe(position)
  })

  it('rests when no cache has asked for a while', async () => {
    const { engine, clock, told, place, reader } = await region()
    const table = await makeTable(engine, 'T')
    await place()
    expect(reader.caches()).toHaveLength(1)
    clock.monotonic += cacheInterestMs + 1000
    await engine.commit([put(table, itemOf('a', 1))])
    expect(told).toEqual([])
    expect(reader.caches()).toEqual([])
  })
})
