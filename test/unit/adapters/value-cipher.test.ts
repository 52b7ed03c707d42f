/** Small values are encrypted together by a mode that is put together here: it makes the bytes that OpenSSL's own AES-256-GCM makes, and refuses what that refuses. */
import { type Cipher, createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { EncryptedStore } from '../../../src/adapters/encryption/encrypted-store.ts'
import { ValueCipher } from '../../../src/adapters/encryption/value-cipher.ts'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { systemRandom } from '../../../src/adapters/system/random.ts'
import { gcmTablesMax, gcmTextBytesMax } from '../../../src/core/limits/key-limits.ts'
import { KeyUnavailable } from '../../../src/ports/keyring.ts'
import type { Entry, Range } from '../../../src/ports/store.ts'

const keys = new Map(Array.from({ length: gcmTablesMax + 3 }, (_, n) => [n + 1, createSecretKey(Buffer.alloc(32, n))]))
/** The first byte of a place says which key encrypts there. */
const currentAt = (place: Uint8Array): number => ((place[0] ?? 0) % keys.size) + 1
const cipher = new ValueCipher({ keys, current: 1, currentAt }, systemRandom)

const place = fc.uint8Array({ maxLength: 70 })
const text = fc.oneof(fc.uint8Array({ maxLength: 70 }), fc.uint8Array({ minLength: 900, maxLength: 1200 }))
const placed = fc.record({ key: place, value: fc.oneof(text, fc.constant(undefined)) })

/** What Node's own functions make of a value, with the nonce that it was given. */
function byOpenssl(at: Uint8Array, value: Uint8Array, encrypted: Buffer): Buffer {
  const head = encrypted.subarray(0, 15)
  const key = keys.get(encrypted.readUInt16BE(1))
  if (key === undefined) throw new Error('no key')
  const gcm = createCipheriv('aes-256-gcm', key, head.subarray(3)).setAAD(at)
  return Buffer.concat([head, gcm.update(value), gcm.final(), gcm.getAuthTag()])
}

function openedByOpenssl(at: Uint8Array, bytes: Buffer): Buffer {
  const key = keys.get(bytes.readUInt16BE(1))
  if (key === undefined) throw new Error('no key')
  const gcm = createDecipheriv('aes-256-gcm', key, bytes.subarray(3, 15)).setAAD(at).setAuthTag(bytes.subarray(-16))
  return Buffer.concat([gcm.update(bytes.subarray(15, -16)), gcm.final()])
}

describe('values that are encrypted together', () => {
  test('are the bytes of AES-256-GCM, each under its key, and are decrypted one by one and together', () => {
    fc.assert(
      fc.property(fc.array(placed, { maxLength: 90 }), (edits) => {
        const encrypted = cipher.encryptAll(edits)
        const together = cipher.together()
        const taken: Uint8Array[] = []
        for (const [n, { key, value }] of edits.entries()) {
          const bytes = encrypted[n]
          if (value === undefined || value.length === 0) {
            expect(bytes).toBeUndefined()
            continue
          }
          if (bytes === undefined) throw new Error('it was left out')
          expect(bytes.readUInt16BE(1)).toBe(currentAt(key))
          expect(bytes).toEqual(byOpenssl(key, value, bytes))
          expect(openedByOpenssl(key, bytes)).toEqual(Buffer.from(value))
          expect(cipher.decrypt(key, bytes)).toEqual(Buffer.from(value))
        }
        for (const [n, { key, value }] of edits.entries()) {
          const bytes = encrypted[n]
          if (value !== undefined && bytes !== undefined && together.take(key, bytes)) taken.push(value)
        }
        expect(together.open()).toEqual(taken.map((value) => Buffer.from(value)))
      }),
      { numRuns: 40 },
    )
  })

  test('have nonces of their own', () => {
    const edits = Array.from({ length: 500 }, (_, n) => ({ key: Buffer.of(n % 7), value: Buffer.alloc(n % 40, 1) }))
    const nonces = [...cipher.encryptAll(edits), ...cipher.encryptAll(edits)].flatMap((bytes) =>
      bytes === undefined ? [] : [bytes.toString('hex', 3, 15)],
    )
    expect(new Set(nonces).size).toBe(nonces.length)
  })

  test('are refused one by one: with any bit changed, in another place, under another key', () => {
    const key = Buffer.from('a place')
    const good = cipher.encrypt(key, Buffer.from('a value that is longer than one block'))
    for (let bit = 8; bit < good.length * 8; bit++) {
      const changed = Buffer.from(good)
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      const together = cipher.together()
      // A number that no key has is not taken.
      const isTaken = together.take(key, changed)
      const before = cipher.together()
      before.take(key, good)
      if (isTaken) before.take(key, changed)
      const opened = before.open()
      expect(opened[0]?.toString()).toBe('a value that is longer than one block')
      expect(opened[1]).toBeUndefined()
    }
    expect(cipher.decrypt(Buffer.from('b place'), good)).toBeUndefined()
  })

  test('whose tags are checked together: those that were changed are refused, and no others', () => {
    const count = 40
    const edits = Array.from({ length: count }, (_, n) => ({
      key: Buffer.from(`1place ${n}`),
      value: Buffer.alloc(13 * n + 1, n),
    }))
    const sealed = cipher.encryptAll(edits).map((bytes) => bytes as Buffer)
    const changes = fc.uniqueArray(fc.nat({ max: count - 1 }), { maxLength: 12 })
    fc.assert(
      fc.property(changes, fc.nat(), (changed, at) => {
        const together = cipher.together()
        for (const [n, { key }] of edits.entries()) {
          const bytes = Buffer.from(sealed[n] as Buffer)
          // From the nonce on, so that it is still taken.
          const byte = 3 + (at % (bytes.length - 3))
          if (changed.includes(n)) bytes[byte] = (bytes[byte] as number) ^ (1 << (at & 7))
          expect(together.take(key, bytes)).toBe(true)
        }
        expect(together.open()).toEqual(edits.map(({ value }, n) => (changed.includes(n) ? undefined : value)))
      }),
      { numRuns: 150 },
    )
  })

  test('leave nothing behind when a key cannot be had in the middle of them', () => {
    const failing = new ValueCipher(
      {
        keys,
        current: 1,
        currentAt: (at) => {
          if (at[0] === 9) throw new KeyUnavailable('lost')
          return 1
        },
      },
      systemRandom,
    )
    const value = Buffer.from('v')
    expect(() =>
      failing.encryptAll([
        { key: Buffer.of(1), value },
        { key: Buffer.of(9), value },
      ]),
    ).toThrow('lost')
    expect(failing.decrypt(Buffer.of(2), failing.encrypt(Buffer.of(2), value))).toEqual(value)
    expect(failing.encryptAll([{ key: Buffer.of(3), value }])).toHaveLength(1)
  })
})

/** Counts what is read of the store within. */
class CountingStore extends MemoryStore {
  read = 0;

  override *entries(range: Range): Generator<Entry> {
    for (const entry of super.entries(range)) {
      this.read++
      yield entry
    }
  }

  override look(key: Uint8Array): Buffer | undefined {
    return this.disk.map.get(key)
  }
}

/** The calls of OpenSSL that encrypt, for both ways. */
function watchOpenssl() {
  const cipheriv = createCipheriv('aes-256-ecb', Buffer.alloc(32), null)
  return vi.spyOn(Object.getPrototypeOf(cipheriv) as Cipher, 'update')
}

describe('a walk over an encrypted store', () => {
  test('that expects so many values reads and decrypts no others, and few calls of OpenSSL do it', async () => {
    const inner = new CountingStore()
    const store = new EncryptedStore(inner, cipher)
    const keysOf = (count: number) => Array.from({ length: count }, (_, n) => Buffer.of(1, n))
    await store.write(keysOf(200).map((key) => ({ key, value: Buffer.alloc(500, 7) })))
    const range = { from: Buffer.of(0), to: Buffer.of(255), expected: 100 }
    const encrypting = watchOpenssl()
    const taken: Buffer[] = []
    for (const { key } of store.entries(range)) if (taken.push(Buffer.from(key)) === range.expected) break
    expect(taken).toEqual(keysOf(100))
    expect(inner.read).toBe(100)
    expect(encrypting).toHaveBeenCalledTimes(2)
    encrypting.mockRestore()
    expect([...store.entries(range)].map(({ key }) => key)).toEqual(keysOf(200))
  })

  test('of one value alone copies nothing of what the store within has, and calls OpenSSL once', async () => {
    const inner = new CountingStore()
    const store = new EncryptedStore(inner, cipher)
    await store.write([{ key: Buffer.of(1), value: Buffer.alloc(500, 7) }])
    const copying = vi.spyOn(inner, 'get')
    const encrypting = watchOpenssl()
    expect(store.get(Buffer.of(1))).toEqual(Buffer.alloc(500, 7))
    expect(copying).not.toHaveBeenCalled()
    expect(encrypting).toHaveBeenCalledTimes(1)
    encrypting.mockRestore()
  })

  test('gives all values in order, small and large, of several keys, and one that was damaged in its place', async () => {
    const inner = new MemoryStore()
    const store = new EncryptedStore(inner, cipher)
    const edits = Array.from({ length: 200 }, (_, n) => ({
      key: Buffer.of(n < 100 ? 1 : n % 5, n),
      value: Buffer.alloc(n % 9 === 0 ? gcmTextBytesMax + n : n, n),
    })).toSorted((a, b) => Buffer.compare(a.key, b.key))
    await store.write(edits)
    const broken = edits[150]?.key ?? Buffer.of()
    const bytes = Buffer.from(inner.get(broken) ?? Buffer.of())
    bytes[20] = (bytes[20] as number) ^ 1
    await inner.write([{ key: broken, value: bytes }])
    const range = { from: Buffer.of(0), to: Buffer.of(255) }
    const expected = edits.map(({ key, value }) => ({ key, value: key === broken ? Buffer.of(0xff) : value }))
    expect([...store.entries(range)]).toEqual(expected)
    expect([...store.entries({ ...range, reverse: true, limit: 50 })]).toEqual(expected.toReversed().slice(0, 50))
  })

  test('tells of a key that is lost only when the walk comes to its value', async () => {
    const some = new Map(keys)
    const store = new EncryptedStore(
      new MemoryStore(),
      new ValueCipher(
        {
          keys: some,
          current: 1,
          currentAt,
          onMissing: () => {
            throw new KeyUnavailable('lost')
          },
        },
        systemRandom,
      ),
    )
    await store.write([0, 1].map((n) => ({ key: Buffer.of(n), value: Buffer.from('v') })))
    some.delete(2)
    const steps = store.entries({ from: Buffer.of(0), to: Buffer.of(9) })[Symbol.iterator]()
    expect(steps.next().value).toEqual({ key: Buffer.of(0), value: Buffer.from('v') })
    expect(() => steps.next()).toThrow('lost')
  })
})
