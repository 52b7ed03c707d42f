import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { StoreFull } from '../../../src/ports/store.ts'
import { itemOf, makeTable, openRegion, put } from './region.ts'

describe('a disk that is full', () => {
  async function region() {
    const disk = { full: false }
    const durable = () => (disk.full ? Promise.reject(new StoreFull('no space left on device')) : Promise.resolve())
    const made = await openRegion('us-east-1', new MemoryStore({ durable }))
    return { ...made, disk, table: await makeTable(made.engine, 'T') }
  }

  it('is told to the client as a passing inability of the service, and to the operator with its reason', async () => {
    const { engine, disk, table, logged } = await region()
    disk.full = true
    for (const n of [1, 2])
      await expect(engine.commit([put(table, itemOf('a', n))])).rejects.toMatchObject({ code: 'ServiceUnavailable' })
    expect(engine.trouble()).toMatchObject({ full: true, reason: expect.stringContaining('no space left on device') })
    expect(logged.filter((event) => event === 'the store refused a batch of writes')).toHaveLength(1)
  })

  it('is not called well because something small found a place, only by as much as was refused', async () => {
    const { engine, disk, table } = await region()
    disk.full = true
    await engine.commit([put(table, itemOf('a', 1))]).catch(() => undefined)
    await expect(engine.probe()).rejects.toThrow('no space left')
    disk.full = false
    await engine.commit([put(table, itemOf('a', 2))])
    expect(engine.trouble()).toBeDefined()
    await engine.probe()
    expect(engine.trouble()).toBeUndefined()
  })
})
