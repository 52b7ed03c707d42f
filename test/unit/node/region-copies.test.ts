/** A copy of a whole region brings back the same records, keys and backups; one that is torn, damaged or of another region is refused by name. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FolderBlobs } from '../../../src/adapters/files/folder-blobs.ts'
import { openLmdbStore } from '../../../src/adapters/lmdb/lmdb-store.ts'
import { backUpRegion } from '../../../src/node/store/region-backup.ts'
import { restoreRegion } from '../../../src/node/store/region-restore.ts'
import { recordsOf } from '../../../src/node/store/records.ts'
import type { Edit } from '../../../src/ports/store.ts'

const region = { name: 'us-east-1', number: 1 }
const all = { recordsMax: 1e6, bytesMax: 1e9 }
const onProgress = (): void => undefined
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-region-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const data = (name: string): string => join(folder, name)
const place = (): FolderBlobs => new FolderBlobs(join(folder, 'copies'))
const edits: readonly Edit[] = Array.from({ length: 3000 }, (_, n) => ({
  key: Buffer.from([0x10, n >> 8, n & 255]),
  value: Buffer.alloc(n % 7 === 0 ? 5000 : n % 40, n),
}))

const bytesOf = (some: readonly Edit[]): Buffer =>
  Buffer.concat(some.flatMap(({ key, value = Buffer.alloc(0) }) => [key, value]))

async function filled(): Promise<string> {
  const store = await openLmdbStore(join(data('node'), 'store'))
  await store.write(edits)
  await store.close()
  await new FolderBlobs(join(data('node'), 'archive')).put('backups/one/manifest', Buffer.from('of a backup'))
  writeFileSync(join(data('node'), 'data-keys.json'), 'wrapped')
  const { copy } = await backUpRegion({ region, folder: data('node'), to: place(), onProgress })
  return copy.id
}

const restored = (id?: string, of = region) =>
  restoreRegion({ region: of, folder: data('empty'), from: place(), id, onProgress })

test('the restored folder has the same records, data keys and files of backups', async () => {
  const id = await filled()
  const { copy } = await restored()
  expect([copy.id, copy.store.records, copy.archive]).toEqual([id, edits.length, ['backups/one/manifest']])
  const store = await openLmdbStore(join(data('empty'), 'store'))
  const read = [...recordsOf(store, all)].flat()
  await store.close()
  expect(bytesOf(read).equals(bytesOf(edits))).toBe(true)
  expect(readFileSync(join(data('empty'), 'data-keys.json'), 'utf8')).toBe('wrapped')
  expect(readFileSync(join(data('empty'), 'archive', 'backups', 'one', 'manifest'), 'utf8')).toBe('of a backup')
  expect(existsSync(join(data('empty'), 'restoring'))).toBe(false)
})

test('a restored store takes little more room than its records', async () => {
  const store = await openLmdbStore(join(data('node'), 'store'))
  const many = Array.from({ length: 9000 }, (_, n) => ({
    key: Buffer.from([0x10, n >> 8, n & 255]),
    value: Buffer.alloc(400),
  }))
  await store.write(many)
  await store.close()
  await backUpRegion({ region, folder: data('node'), to: place(), onProgress })
  await restored()
  const { size } = statSync(join(data('empty'), 'store', 'data.mdb'))
  expect(size / 1024 / 1024).toBeLessThan(24)
})

test.each([
  ['torn', (path: string) => truncateSync(path, 1000), /store\/00000001 is not used: it is torn/],
  [
    'damaged',
    (path: string) => {
      const bytes = readFileSync(path)
      bytes[bytes.length - 9] = (bytes.at(-9) ?? 0) ^ 1
      writeFileSync(path, bytes)
    },
    /store\/00000001 is not used: its checksum is wrong/,
  ],
  ['gone', (path: string) => rmSync(path), /store\/00000001 is not used: it is not there/],
  [
    'another’s',
    (path: string) => cpSync(path.replace('00000001', '00000000'), path),
    /store\/00000001 is not used: it was written as/,
  ],
])('a copy with a file that is %s is refused by its name, and nothing of it is used', async (_, spoil, message) => {
  const large = { key: Buffer.from([0x20]), value: Buffer.alloc(5_000_000) }
  const store = await openLmdbStore(join(data('node'), 'store'))
  await store.write([large, { key: Buffer.from([0x21]), value: Buffer.alloc(10_000) }])
  await store.close()
  const id = await filled()
  spoil(join(folder, 'copies', id, 'store', '00000001'))
  await expect(restored()).rejects.toThrow(message)
  expect(existsSync(join(data('empty'), 'store'))).toBe(false)
})

test('a copy of another region, a folder in use and a copy that is not whole are refused', async () => {
  const id = await filled()
  await expect(restored(undefined, { name: 'eu-west-1', number: 2 })).rejects.toThrow(
    'the copy is of us-east-1 (1), not of eu-west-1 (2)',
  )
  mkdirSync(join(data('full'), 'store'), { recursive: true })
  await expect(restoreRegion({ region, folder: data('full'), from: place(), onProgress })).rejects.toThrow(
    'is there already: a region is restored into an empty folder only',
  )
  rmSync(join(folder, 'copies', id, 'manifest'))
  await expect(restored()).rejects.toThrow('there is no whole copy of us-east-1; 1 that are not whole are not used')
  await expect(backUpRegion({ region, folder: data('none'), to: place(), onProgress })).rejects.toThrow('has no store')
})

test('a restore that was killed once all was there is finished by the next', async () => {
  await filled()
  await restored()
  const beside = join(data('empty'), 'restoring')
  mkdirSync(beside)
  cpSync(join(data('empty'), 'store'), join(beside, 'store'), { recursive: true })
  rmSync(join(data('empty'), 'store'), { recursive: true })
  const { copy } = await restoreRegion({ region, folder: data('other'), from: place(), onProgress })
  writeFileSync(join(beside, 'whole.json'), JSON.stringify(copy))
  expect(await restored()).toMatchObject({ earlier: 'finished' })
  expect(existsSync(join(data('empty'), 'store', 'data.mdb'))).toBe(true)
  expect(existsSync(beside)).toBe(false)
})
