/** Values of a store are encrypted, each for its place: what is changed, moved or put there in plain is a damaged record, and the rest is served. */
import { createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { EncryptedStore } from '../../src/adapters/encryption/encrypted-store.ts'
import { ValueCipher } from '../../src/adapters/encryption/value-cipher.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { encodePrimaryKey } from '../../src/core/key/primary-key.ts'
import { DamagedRecord } from '../../src/engine/store/damaged-record.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { rowKey } from '../../src/engine/store/keys.ts'
import type { Table } from '../../src/core/table/table.ts'
import { itemOf, makeTable, openRegion, put, regionNames } from '../unit/engine/region.ts'
import { storeContract } from './contract.ts'

const secret = createSecretKey(Buffer.alloc(32, 5))
const other = createSecretKey(Buffer.alloc(32, 6))
const cipherWith = (key = secret): ValueCipher =>
  new ValueCipher({ keys: new Map([[1, key]]), current: 1 }, systemRandom)
const cipher = cipherWith()

storeContract('encrypted store', async () => {
  const inner = new MemoryStore()
  const store = new EncryptedStore(inner, cipher)
  return await Promise.resolve({
    store,
    reopen: async () => {
      await store.close()
      return new EncryptedStore(new MemoryStore({ disk: inner.disk }), cipherWith())
    },
    remove: () => store.close(),
  })
})

const bytes = fc.uint8Array({ maxLength: 60 })

describe('a value that is encrypted', () => {
  test('is what it was, in its place only, and under its key only', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (value, place, elsewhere) => {
        const encrypted = cipher.encrypt(place, value)
        expect(cipherWith().decrypt(place, encrypted)).toEqual(Buffer.from(value))
        expect(cipherWith(other).decrypt(place, encrypted)).toBeUndefined()
        if (Buffer.compare(place, elsewhere) !== 0) expect(cipher.decrypt(elsewhere, encrypted)).toBeUndefined()
      }),
    )
  })

  test('is refused with any byte changed, and cut anywhere', () => {
    const encrypted = cipher.encrypt(Buffer.from('place'), Buffer.from('a value'))
    for (let at = 0; at < encrypted.length; at++) {
      const changed = Buffer.from(encrypted)
      changed[at] = (changed[at] as number) ^ 1
      expect(cipher.decrypt(Buffer.from('place'), changed)).toBeUndefined()
      expect(cipher.decrypt(Buffer.from('place'), encrypted.subarray(0, at))).toBeUndefined()
    }
  })

  test('never looks the same twice', () => {
    const seen = new Set(Array.from({ length: 1000 }, () => cipher.encrypt(Buffer.of(1), Buffer.of(2)).toString('hex')))
    expect(seen.size).toBe(1000)
  })
})

describe('a region on an encrypted store', () => {
  const marker = 'KNOWN-VALUE'

  async function region(): Promise<{ disk: MemoryStore['disk']; engine: Engine; table: Table }> {
    const inner = new MemoryStore()
    const { engine } = await openRegion(regionNames[0], new EncryptedStore(inner, cipher))
    const table = await makeTable(engine, 'orders')
    for (const n of [1, 2]) await engine.commit([put(table, itemOf('a', n, { what: { S: `${marker}-${n}` } }))])
    return { disk: inner.disk, engine, table }
  }

  const keyOf = (table: Table, n: number): Buffer => encodePrimaryKey(table.key, itemOf('a', n))

  it('leaves no value in plain on its disk', async () => {
    const { disk, engine, table } = await region()
    const all = [...disk.map.entries({ from: Buffer.of(0), to: Buffer.of(0xff) })]
    expect(all.length).toBeGreaterThan(5)
    for (const { value } of all) expect(Buffer.from(value).includes(marker)).toBe(false)
    expect(engine.get(table, keyOf(table, 1))?.includes(`${marker}-1`)).toBe(true)
  })

  it.each([
    ['is moved to another place', (values: readonly [Buffer, Buffer]) => values[1]],
    [
      'is changed',
      ([own]: readonly [Buffer, Buffer]) => Buffer.concat([own.subarray(0, -1), Buffer.of(own.at(-1)! ^ 1)]),
    ],
    ['is put there in plain', () => Buffer.from([1, 2, 3, 4])],
    ['is emptied', () => Buffer.alloc(0)],
  ] as const)('names a record whose value %s, and serves the rest', async (_, change) => {
    const { disk, engine, table } = await region()
    const places = [1, 2].map((n) => rowKey(table.number, keyOf(table, n))) as [Buffer, Buffer]
    const values = places.map((place) => Buffer.from(disk.map.get(place)!)) as [Buffer, Buffer]
    disk.map.set(places[0], change(values))
    expect(() => engine.get(table, keyOf(table, 1))).toThrow(DamagedRecord)
    expect(engine.get(table, keyOf(table, 2))?.includes(`${marker}-2`)).toBe(true)
  })
})
