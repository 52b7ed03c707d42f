import { describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { storeContract } from './contract.ts'

storeContract('memory store', async () => {
  const store = new MemoryStore()
  return {
    store,
    reopen: async () => {
      await store.close()
      return new MemoryStore({ disk: store.disk })
    },
    remove: () => store.close(),
  }
})

const edit = (key: string) => ({ key: Buffer.from(key), value: Buffer.from(key) })

/** Writes become durable one by one, when the test says so. */
function gate() {
  const waiting: { resolve: () => void; reject: (error: Error) => void }[] = []
  return {
    durable: () => new Promise<void>((resolve, reject) => waiting.push({ resolve, reject })),
    open: () => waiting.shift()?.resolve(),
    fail: (error: Error) => waiting.shift()?.reject(error),
  }
}

describe('memory store under its owner’s control', () => {
  it('shows a batch at the moment that its owner makes it durable', async () => {
    const { durable, open } = gate()
    const store = new MemoryStore({ durable })
    const written = store.write([edit('a')])
    await Promise.resolve()
    expect(store.get(Buffer.from('a'))).toBeUndefined()
    open()
    await written
    expect(store.get(Buffer.from('a'))?.toString()).toBe('a')
  })

  it('loses what was under way in a crash, and keeps what was durable', async () => {
    const { durable, open } = gate()
    const store = new MemoryStore({ durable })
    const first = store.write([edit('a')])
    open()
    await first
    void store.write([edit('b')])
    const after = store.crash()
    open()
    await new Promise((resolve) => setImmediate(resolve))
    expect(after.get(Buffer.from('a'))?.toString()).toBe('a')
    expect(after.get(Buffer.from('b'))).toBeUndefined()
    expect(() => store.get(Buffer.from('a'))).toThrow('crashed')
  })

  it('may find after a crash what had reached the disk unacknowledged', () => {
    const store = new MemoryStore({ durable: () => new Promise(() => {}) })
    void store.write([edit('a')])
    void store.write([edit('b')])
    const after = store.crash(1)
    expect(after.get(Buffer.from('a'))?.toString()).toBe('a')
    expect(after.get(Buffer.from('b'))).toBeUndefined()
  })

  it('stores nothing of a failed batch, nor of those written after it before it failed', async () => {
    const { durable, open, fail } = gate()
    const store = new MemoryStore({ durable })
    const writes = [store.write([edit('a')]), store.write([edit('b')])]
    fail(new Error('disk on fire'))
    open()
    const results = await Promise.allSettled(writes)
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    const next = store.write([edit('c')])
    open()
    await next
    expect([...store.disk.map.entries({ from: Buffer.from('a'), to: Buffer.from('z') })].length).toBe(1)
  })
})
