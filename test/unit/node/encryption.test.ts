/** Keys at rest: the keyring's file, a region's data keys under it, and a plain store that becomes an encrypted one. */
import { createSecretKey } from 'node:crypto'
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EncryptedBlobs } from '../../../src/adapters/encryption/encrypted-blobs.ts'
import { EncryptedBus } from '../../../src/adapters/encryption/encrypted-bus.ts'
import { EncryptedStore } from '../../../src/adapters/encryption/encrypted-store.ts'
import { isEncrypted } from '../../../src/adapters/encryption/value-cipher.ts'
import { openLmdbStore } from '../../../src/adapters/lmdb/lmdb-store.ts'
import { MemoryBlobs } from '../../../src/adapters/memory/memory-blobs.ts'
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { keyringKeysMax } from '../../../src/core/limits/key-limits.ts'
import { KeyringFile, makeKeyring, rotateKeyring } from '../../../src/deployment/secrets/keys/keyring-file.ts'
import { DataKeys, fileOfKeys } from '../../../src/node/store/data-keys.ts'
import { encryptStore } from '../../../src/node/store/encrypt-store.ts'
import { openEncryption } from '../../../src/node/store/encryption.ts'
import { BlobsFailed } from '../../../src/ports/blobs.ts'
import { KeyUnavailable } from '../../../src/ports/keyring.ts'
import { quiet } from '../../replication/nats.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'longitude-encryption-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const path = (name = 'keyring'): string => join(folder, name)
function keyring(name = 'keyring'): KeyringFile {
  makeKeyring(path(name))
  return new KeyringFile(path(name))
}
const secret = Buffer.alloc(32, 9)

describe('a keyring in a file', () => {
  test('is its owner’s alone, made once, and gives back what it wrapped, for the same use only', async () => {
    const ring = keyring()
    expect(statSync(path()).mode & 0o777).toBe(0o600)
    const text = readFileSync(path(), 'utf8')
    const wrapped = await ring.wrap(secret, 'a store')
    expect(wrapped.bytes.includes(secret)).toBe(false)
    expect(await keyring().unwrap(wrapped, 'a store')).toEqual(secret)
    await expect(ring.unwrap(wrapped, 'another store')).rejects.toThrow(KeyUnavailable)
    expect(readFileSync(path(), 'utf8')).toBe(text)
  })

  test('wraps with a new key after a rotation, and opens what older keys wrapped', async () => {
    const ring = keyring()
    const before = await ring.wrap(secret, 'it')
    rotateKeyring(path())
    const after = await ring.wrap(secret, 'it')
    expect(after.by).toBe(await ring.newest())
    expect(after.by).not.toBe(before.by)
    expect(await ring.unwrap(before, 'it')).toEqual(secret)
  })

  test('says which key it lacks, and shows none', async () => {
    const wrapped = await keyring('other').wrap(secret, 'it')
    await expect(keyring().unwrap(wrapped, 'it')).rejects.toThrow(
      `the keyring ${path()} has no key ${wrapped.by}: put back the file that had it`,
    )
    writeFileSync(path(), 'not a key\n')
    await expect(new KeyringFile(path()).newest()).rejects.toThrow('is not one')
    await expect(new KeyringFile(path('none')).newest()).rejects.toThrow(KeyUnavailable)
  })

  test('has a named number of keys at most', () => {
    const keys = Array.from({ length: keyringKeysMax }, () => systemRandom.bytes(32).toString('base64url'))
    writeFileSync(path(), `${keys.join('\n')}\n`, { mode: 0o600 })
    expect(() => rotateKeyring(path())).toThrow('which is the most')
  })
})

describe('data keys of a region', () => {
  test('are the same at the next start, and nothing without the keyring', async () => {
    const first = await DataKeys.open(fileOfKeys(folder), 'us', keyring())
    expect((await DataKeys.open(fileOfKeys(folder), 'us', keyring())).secrets).toEqual(first.secrets)
    expect(readFileSync(path('data-keys.json'), 'utf8')).not.toContain(first.secrets[0]![1])
    await expect(DataKeys.open(fileOfKeys(folder), 'us', keyring('other'))).rejects.toThrow('its keys cannot be had')
    await expect(DataKeys.open(fileOfKeys(folder), 'eu', keyring())).rejects.toThrow(
      'has the data keys of us, not of eu',
    )
  })

  test('are wrapped again by the newest key: the older one may go then', async () => {
    const keys = await DataKeys.open(fileOfKeys(folder), 'us', keyring())
    expect(await keys.rewrap()).toBe(0)
    rotateKeyring(path())
    expect(await keys.rewrap()).toBe(1)
    writeFileSync(path(), `${readFileSync(path(), 'utf8').split('\n')[0]}\n`)
    expect((await DataKeys.open(fileOfKeys(folder), 'us', keyring())).secrets).toEqual(keys.secrets)
  })

  test('that are damaged are not replaced by others', async () => {
    await DataKeys.open(fileOfKeys(folder), 'us', keyring())
    writeFileSync(path('data-keys.json'), '{')
    await expect(DataKeys.open(fileOfKeys(folder), 'us', keyring())).rejects.toThrow('put it back from a copy')
    expect(readFileSync(path('data-keys.json'), 'utf8')).toBe('{')
  })

  test('are asked for by data that is encrypted', async () => {
    const options = { self: { name: 'us' }, data: folder, messageKeysFolder: path('messages') }
    ;(await openEncryption({ ...options, keyring: path() }, quiet))?.stop()
    await expect(openEncryption(options, quiet)).rejects.toThrow(
      'give the --keyring or the --key-service that it was encrypted with',
    )
    rmSync(path())
    await expect(openEncryption({ ...options, keyring: path() }, quiet)).rejects.toThrow('is not there: put it back')
    expect(existsSync(path())).toBe(false)
  })
})

describe('a plain store', () => {
  const store = (): string => path('store')
  const count = 2500
  const all = { from: Buffer.of(0), to: Buffer.of(0xff) }

  async function fill(): Promise<void> {
    const plain = await openLmdbStore(store())
    const edits = Array.from({ length: count }, (_, n) => ({
      key: Buffer.from(`${1 + (n % 9)}key-${String(n).padStart(6, '0')}`),
      value: Buffer.from(n % 7 === 0 ? '' : `KNOWN-VALUE-${n}`),
    }))
    await plain.write(edits)
    await plain.close()
  }

  async function encrypt(onProgress = (): void => undefined): Promise<DataKeys> {
    const keys = await DataKeys.open(fileOfKeys(folder), 'us', keyring())
    const openPlain = async () => await openLmdbStore(store())
    if (!keys.isWhole) await encryptStore({ folder: store(), cipher: keys.cipher(), log: quiet, onProgress, openPlain })
    await keys.whole()
    return keys
  }

  async function read(keys: DataKeys): Promise<readonly string[]> {
    const inner = await openLmdbStore(store())
    const opened = new EncryptedStore(inner, keys.cipher())
    try {
      expect([...inner.entries(all)].some(({ value }) => value.includes('KNOWN'))).toBe(false)
      return [...opened.entries(all)].map(({ key, value }) => `${key.toString()}=${value.toString()}`)
    } finally {
      await opened.close()
    }
  }

  test('is encrypted with all that it holds, and leaves no byte in plain', async () => {
    await fill()
    const keys = await encrypt()
    const found = await read(keys)
    expect(found.length).toBe(count)
    for (const line of found) {
      const n = Number(line.slice(5, 11))
      expect(line.slice(12)).toBe(n % 7 === 0 ? '' : `KNOWN-VALUE-${n}`)
    }
    expect(readFileSync(join(store(), 'data.mdb')).includes('KNOWN-VALUE')).toBe(false)
    expect(['store.plain', 'store.encrypting'].filter((name) => existsSync(path(name)))).toEqual([])
  })

  test('that was killed while it was copied is copied again', async () => {
    await fill()
    const killed = new Error('killed')
    let steps = 0
    const kill = (): void => {
      if (++steps > 1) throw killed
    }
    await expect(encrypt(kill)).rejects.toBe(killed)
    expect(existsSync(path('store.encrypting'))).toBe(true)
    expect((await read(await encrypt())).length).toBe(count)
  })

  test.each([
    ['before the copy was put in its place', () => renameSync(store(), path('store.encrypting'))],
    ['before the plain one was removed', () => undefined],
  ])('that was killed %s is whole at the next start', async (_, undo) => {
    await fill()
    await encrypt()
    // As it was at that moment: the plain store lies aside, and nothing says yet that all is encrypted.
    undo()
    const plain = await openLmdbStore(path('store.plain'))
    await plain.close()
    const notes = JSON.parse(readFileSync(path('data-keys.json'), 'utf8')) as object
    writeFileSync(path('data-keys.json'), JSON.stringify({ ...notes, isWhole: false }))
    const keys = await encrypt()
    expect(keys.isWhole).toBe(true)
    expect((await read(keys)).length).toBe(count)
    expect(existsSync(path('store.plain'))).toBe(false)
  })
})

describe('blobs that are encrypted', () => {
  const inner = new MemoryBlobs()
  const blobs = (ring = keyring()): EncryptedBlobs =>
    new EncryptedBlobs({ inner, keyring: ring, random: systemRandom, context: 'blobs' })

  test('are read by any process that has the keyring, whole and in part, and are not plain', async () => {
    await blobs().put('a/b', Buffer.from('hello world'))
    expect((await inner.get('a/b'))?.includes('hello')).toBe(false)
    expect(await blobs().get('a/b')).toEqual(Buffer.from('hello world'))
    expect(await blobs().get('a/b', { from: 6, to: 8 })).toEqual(Buffer.from('wo'))
    expect(await blobs().get('none')).toBeUndefined()
    rotateKeyring(path())
    expect(await blobs().get('a/b')).toEqual(Buffer.from('hello world'))
  })

  test('wait for a keyring that has not their key', async () => {
    await blobs(keyring('other')).put('x', Buffer.from('hello'))
    await expect(blobs().get('x')).rejects.toThrow(BlobsFailed)
  })

  test('that are moved, changed or cut are no blobs of ours', async () => {
    const mine = blobs()
    await mine.put('one', Buffer.from('hello'))
    const bytes = (await inner.get('one'))!
    await inner.put('two', bytes)
    await inner.put('cut', bytes.subarray(0, bytes.length - 1))
    for (const name of ['two', 'cut']) expect((await mine.get(name))?.includes('hello')).toBe(false)
  })

  test('that were written in plain are read', async () => {
    await inner.put('old', Buffer.from('plain'))
    expect(await blobs().get('old')).toEqual(Buffer.from('plain'))
  })
})

describe('a stream that is encrypted', () => {
  const keyOf = (n: number) => createSecretKey(Buffer.alloc(32, n))

  test('is read by a peer that knows the key, also one that came just now, and by no other', async () => {
    const random = new SeededRandom(7)
    const scheduler = new Scheduler(random.fork())
    const network = new MemoryNetwork(scheduler, random, { delayMs: 40, jitterMs: 0 })
    const [tokyo, dublin, raw] = [network.join('tokyo'), network.join('dublin'), network.join('raw')]
    const known = { tokyo: [keyOf(1)] }
    const late: Record<string, readonly ReturnType<typeof keyOf>[]> = { tokyo: [keyOf(3)] }
    const busOf = (inner: typeof tokyo, self: string, encrypts: boolean, keys: typeof late, lookAgain = () => false) =>
      new EncryptedBus({
        inner,
        self,
        encrypts,
        random: systemRandom,
        keys: { streamKeysOf: (region) => keys[region] ?? [], lookAgain },
      })
    const own = busOf(tokyo, 'tokyo', true, known)
    const peer = busOf(dublin, 'dublin', false, late, () => {
      late['tokyo'] = [keyOf(2), keyOf(1)]
      return true
    })
    await scheduler.run(
      (async () => {
        await own.stream.append(Buffer.from('hello'), 0)
        expect((await own.stream.last()).payload?.toString()).toBe('hello')
        const heard: string[] = []
        const seen: Buffer[] = []
        ;(await peer.connect('tokyo')).consume(1, ({ payload }) => void heard.push(payload.toString()))
        ;(await raw.connect('tokyo')).consume(1, ({ payload }) => void seen.push(payload))
        while (heard.length === 0 || seen.length === 0) await scheduler.sleep(10)
        expect(heard).toEqual(['hello'])
        expect(seen.every((payload) => isEncrypted(payload) && !payload.includes('hello'))).toBe(true)
      })(),
    )
  })
})
