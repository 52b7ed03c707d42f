/** Encryption at rest of a region of several nodes: its data keys are a record of the store that all nodes have. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MemoryStore } from '../../../../src/adapters/memory/memory-store.ts'
import type { NodeOptions } from '../../../../src/node/node-options.ts'
import { hasStoredKeys, openStoredKeys } from '../../../../src/node/several/stored-keys.ts'
import { Lifecycle } from '../../../../src/region/lifecycle.ts'
import type { Edit } from '../../../../src/ports/store.ts'
import { quiet } from '../../../replication/nats.ts'
import { openRegion } from '../../engine/region.ts'

const folder = mkdtempSync(join(tmpdir(), 'longitude-nodes-'))
const self = { name: 'us-east-1', number: 1 }
const optionsOf = (node: string, keyring?: string, more: Partial<NodeOptions> = {}): NodeOptions =>
  ({
    ...more,
    self,
    data: join(folder, node),
    accountId: '000000000000',
    log: quiet,
    messageKeysFolder: folder,
    ...(keyring === undefined ? {} : { keyring: join(folder, keyring) }),
  }) as unknown as NodeOptions

const key = Buffer.from('k')
const all = { from: Buffer.alloc(0), to: Buffer.alloc(64, 0xff) }

test('each node that leads opens the same keys from its store, and reads what the one before has encrypted', async () => {
  const [a, b] = [new MemoryStore(), new MemoryStore()]
  const { store } = await openStoredKeys(optionsOf('a', 'keyring'), a, new Lifecycle())
  await store.write([{ key, value: Buffer.from('the value') }])
  expect([a.get(key)?.includes('the value'), store.get(key)?.toString()]).toEqual([false, 'the value'])
  expect([hasStoredKeys(a), hasStoredKeys(b)]).toEqual([true, false])
  await b.write([...a.entries(all)] as Edit[])
  const next = await openStoredKeys(optionsOf('b', 'keyring'), b, new Lifecycle())
  expect(next.store.get(key)?.toString()).toBe('the value')
  expect(next.keys.dataKeys?.isWhole).toBe(true)
})

test('without the keyring, or with another one, nothing of the store is opened', async () => {
  const store = new MemoryStore()
  await openStoredKeys(optionsOf('a', 'first'), store, new Lifecycle())
  await expect(openStoredKeys(optionsOf('a'), store, new Lifecycle())).rejects.toThrow('give the --keyring')
  await openStoredKeys(optionsOf('b', 'second'), new MemoryStore(), new Lifecycle())
  await expect(openStoredKeys(optionsOf('a', 'second'), store, new Lifecycle())).rejects.toThrow(
    'its keys cannot be had',
  )
})

test('a region that began without encryption is refused, and none is asked for where nothing is said of it', async () => {
  const plain = new MemoryStore()
  await openRegion('us-east-1', plain)
  await expect(openStoredKeys(optionsOf('a', 'third'), plain, new Lifecycle())).rejects.toThrow(
    'a region of several nodes is encrypted from its beginning, or not at all',
  )
  const { keys, store } = await openStoredKeys(optionsOf('a'), plain, new Lifecycle())
  expect([keys.dataKeys, store]).toEqual([undefined, plain])
})

test('each node that leads opens the keys that the key service of the region has wrapped, a table’s own among them', async () => {
  const kms = join(folder, 'kms')
  const [a, b] = [new MemoryStore(), new MemoryStore()]
  const first = await openStoredKeys(optionsOf('a', 'with-kms', { kms }), a, new Lifecycle())
  const arn = keyIn(first.keys.kms?.run('CreateKey', {}))
  await first.keys.dataKeys?.tables.assign(7, arn, {})
  await b.write([...a.entries(all)] as Edit[])
  const next = await openStoredKeys(optionsOf('b', 'with-kms', { kms }), b, new Lifecycle())
  expect(next.keys.kms?.run('DescribeKey', { KeyId: arn })).toMatchObject({ KeyMetadata: { Arn: arn } })
  expect(next.keys.dataKeys?.tables.of(7)).toEqual({ key: arn, isOpen: true })
})

test('a key service out of reach lets no node begin to lead, and says so', async () => {
  const keyService = join(folder, 'key-service.json')
  const at = {
    kind: 'kms',
    endpoint: 'http://127.0.0.1:9',
    key: 'alias/longitude',
    accessKeyId: 'a',
    secretAccessKey: 'b',
  }
  writeFileSync(keyService, JSON.stringify(at), { mode: 0o600 })
  await expect(
    openStoredKeys(optionsOf('a', undefined, { keyService }), new MemoryStore(), new Lifecycle()),
  ).rejects.toThrow('its keys cannot be had, which the store of the region has')
})

const keyIn = (output: object | undefined): string =>
  (output as { readonly KeyMetadata: { readonly Arn: string } }).KeyMetadata.Arn
