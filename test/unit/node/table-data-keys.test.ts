/** Data keys of tables: under a table key, under a key of the key service; what they encrypt, and how it goes over to another one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EncryptedStore } from '../../../src/adapters/encryption/encrypted-store.ts'
import { keyNumberOf } from '../../../src/adapters/encryption/value-cipher.ts'
import { MemoryDisk, MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { renewedValuesMax } from '../../../src/core/limits/key-limits.ts'
import { KeyringFile, makeKeyring } from '../../../src/deployment/secrets/keys/keyring-file.ts'
import { countsKey, indexRowKey, rowKey, tableOfValue } from '../../../src/engine/store/keys.ts'
import { DataKeys, fileOfKeys, ReaderKeys } from '../../../src/node/store/data-keys.ts'
import { KeyRefusal } from '../../../src/ports/key-service.ts'
import { KeyUnavailable } from '../../../src/ports/keyring.ts'
import { type MemoryKms, memoryKms } from '../../testing/kms-scene.ts'

const region = 'us'
const context = { table: 'it' }
const [one, two] = [7, 300_000_001]
const bytes = (text: string): Buffer => Buffer.from(text)
const row = (table: number, n = 0): Buffer => rowKey(table, bytes(`key ${n}`))

let folder: string
let service: MemoryKms
let disk: MemoryDisk
let keys: DataKeys
let store: EncryptedStore

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'table-keys-'))
  service = memoryKms(region)
  disk = new MemoryDisk()
  await open()
})
afterEach(() => rmSync(folder, { recursive: true }))

/** As a start of the node does. */
async function open(): Promise<void> {
  const path = join(folder, 'keyring')
  makeKeyring(path)
  keys = await DataKeys.open(fileOfKeys(folder), region, new KeyringFile(path), service.keys)
  store = new EncryptedStore(new MemoryStore({ disk }), keys.cipher())
  keys.tables.attach(store)
}

const put = (key: Buffer, text: string) => store.write([{ key, value: bytes(text) }])
const numberAt = (key: Buffer): number => keyNumberOf(disk.map.get(key) as Uint8Array)
const read = (key: Buffer): string | undefined => store.get(key)?.toString()
const renew = async (table: number): Promise<number> => {
  let looked = 0
  await keys.tables.renew(
    table,
    (values) => void (looked += values),
    () => false,
  )
  return looked
}

describe('a table with a key of its own', () => {
  test('has its rows and index rows under it, and nothing else, and no other table has', async () => {
    await keys.tables.assign(two, service.made(), context)
    const all = [row(one), row(two), indexRowKey(two, 1, bytes('a')), countsKey(two)]
    for (const key of all) await put(key, 'a value')
    const own = numberAt(row(two))
    expect(all.map(numberAt)).toEqual([1, own, own, 1])
    expect(own).not.toBe(1)
    expect(all.map(read)).toEqual(all.map(() => 'a value'))
    expect(tableOfValue(row(two))).toBe(two)
  })

  test('is read by the next start, and by the region’s other processes, which know the key before it is used', async () => {
    const told: number[] = []
    const reader = new ReaderKeys(keys.secrets)
    keys.tellOthers(async (secrets) => {
      reader.know(secrets)
      told.push(keys.tables.numberOf(one) ?? 0)
      await Promise.resolve()
    })
    await keys.tables.assign(one, service.made(), context)
    expect(told).toEqual([0])
    await put(row(one), 'a value')
    expect(reader.cipher.decrypt(row(one), disk.map.get(row(one)) as Buffer)?.toString()).toBe('a value')
    await open()
    expect(read(row(one))).toBe('a value')
  })

  test('leaves no key in its file that opens anything without the key service', async () => {
    await keys.tables.assign(one, service.made(), context)
    const text = readFileSync(join(folder, 'data-keys.json'), 'utf8')
    for (const [, secret] of keys.secrets) expect(text).not.toContain(secret)
  })

  test('that is lost is told from damage, others are served, and all is there when it is back', async () => {
    const arn = service.made()
    await keys.tables.assign(one, arn, context)
    await keys.tables.assign(two, service.made(), context)
    await put(row(one), 'of one')
    await put(row(two), 'of two')
    service.kms.run('DisableKey', { KeyId: arn })
    await open()
    expect(keys.tables.of(one)).toMatchObject({ isOpen: false, key: arn, error: { code: 'DisabledException' } })
    expect(() => read(row(one))).toThrow(KeyUnavailable)
    expect(() => [...store.entries({ from: row(one), to: row(two) })]).toThrow(KeyUnavailable)
    expect(read(row(two))).toBe('of two')
    await expect(keys.tables.open(one)).rejects.toThrow(KeyRefusal)
    // Nothing that is written meanwhile is refused, or the region would stop.
    await put(row(one, 1), 'meanwhile')
    service.kms.run('EnableKey', { KeyId: arn })
    await keys.tables.open(one)
    expect([read(row(one)), read(row(one, 1))]).toEqual(['of one', 'meanwhile'])
    expect(keys.tables.renewing()).toContain(one)
    await renew(one)
    expect(numberAt(row(one, 1))).toBe(numberAt(row(one)))
  })

  test('that no key service was given for is not open', async () => {
    await keys.tables.assign(one, service.made(), context)
    const ring = new KeyringFile(join(folder, 'keyring'))
    const without = await DataKeys.open(fileOfKeys(folder), region, ring)
    expect(without.tables.of(one)?.isOpen).toBe(false)
  })
})

describe('another key of a table', () => {
  const count = renewedValuesMax * 2 + 10

  beforeEach(async () => {
    for (let n = 0; n < count; n++) await put(row(one, n), `value ${n}`)
  })
  const numbers = () => new Set(Array.from({ length: count }, (_, n) => numberAt(row(one, n))))

  test('encrypts all that is there, by and by, through a restart, and the former one is forgotten', async () => {
    await keys.tables.assign(one, service.made(), context)
    expect(numbers()).toEqual(new Set([1]))
    await open()
    expect(keys.tables.renewing()).toEqual([one])
    expect(await renew(one)).toBe(count)
    const [first] = numbers()
    expect([numbers().size, first]).toEqual([1, keys.tables.numberOf(one)])
    await keys.tables.assign(one, service.made(), context)
    await renew(one)
    expect(numbers().has(first ?? 0)).toBe(false)
    expect(keys.tables.numbers).toEqual([...numbers()])
    await keys.tables.assign(one, undefined, context)
    await renew(one)
    expect([numbers(), keys.tables.numbers, keys.tables.renewing()]).toEqual([new Set([1]), [], []])
    for (let n = 0; n < count; n++) expect(read(row(one, n))).toBe(`value ${n}`)
    expect(JSON.parse(readFileSync(join(folder, 'data-keys.json'), 'utf8'))).toMatchObject({ format: 1 })
  })

  test('never takes back what is written while it goes on', async () => {
    await keys.tables.assign(one, service.made(), context)
    const renewing = renew(one)
    const latest = new Map<number, string>()
    for (let round = 0; round < 40; round++) {
      const n = (round * 37) % count
      latest.set(n, `newer ${round}`)
      await put(row(one, n), `newer ${round}`)
    }
    const gone = put(row(one, 5), 'to be removed').then(() => store.write([{ key: row(one, 5), value: undefined }]))
    await Promise.all([renewing, gone])
    expect(read(row(one, 5))).toBeUndefined()
    for (let n = 0; n < count; n++) if (n !== 5) expect(read(row(one, n))).toBe(latest.get(n) ?? `value ${n}`)
  })

  test('of a table that is gone is forgotten', async () => {
    await keys.tables.assign(one, service.made(), context)
    await keys.tables.forget(one)
    expect([keys.tables.tables(), keys.tables.numbers]).toEqual([[], []])
  })

  test('stays known where the store begins again and numbers its tables again', async () => {
    await keys.tables.assign(one, service.made(), context)
    await put(row(one), 'before')
    await keys.anotherStore()
    expect(keys.tables.of(one)).toBeUndefined()
    expect(read(row(one))).toBe('before')
    await put(row(one), 'after')
    expect(numberAt(row(one))).toBe(1)
  })
})
