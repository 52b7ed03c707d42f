/** One contract for packing in the turn that asks, and in the threads of zlib. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { packing } from '../../../src/adapters/packing/packing.ts'
import { threadedPacking } from '../../../src/adapters/packing/threaded-packing.ts'
import type { Packing } from '../../../src/ports/packing.ts'

const kinds: readonly (readonly [string, Packing])[] = [
  ['the turn that asks', packing],
  ['the threads of zlib', threadedPacking],
]

const text = Array.from({ length: 2000 }, (_, n) => `line ${n} of a file, ${(n * 7919) % 1000}\n`).join('')
const members = Buffer.concat([gzipSync(text.slice(0, 40_000)), gzipSync(text.slice(40_000))])

describe.each(kinds)('packing in %s', (_, kind) => {
  const unpacked = async (packed: Buffer, pieceBytes: number, compression: 'GZIP' | 'ZSTD' = 'GZIP') => {
    const unpack = kind.unpacker(compression)
    const given: Buffer[] = []
    for (let at = 0; at === 0 || at < packed.length; at += pieceBytes)
      given.push(...(await unpack(packed.subarray(at, at + pieceBytes), at + pieceBytes >= packed.length)))
    return Buffer.concat(given).toString()
  }

  test('what is packed is a member of a gzip file', async () => {
    const packed = await Promise.all([kind.gzip([Buffer.from('a'), Buffer.from('b')]), kind.gzip([])])
    expect(gunzipSync(Buffer.concat(packed)).toString()).toBe('ab')
  })

  test.each([1, 7, 4096, 1_000_000])('members behind each other are one file, in pieces of %d bytes', async (bytes) => {
    expect(await unpacked(members, bytes)).toBe(text)
  })

  test('a piece may become very large', async () => {
    const large = Buffer.alloc(3_000_000, 'x')
    expect(await unpacked(gzipSync(large), 4096)).toHaveLength(large.length)
  })

  test('a file of no bytes has none', async () => {
    expect(await unpacked(Buffer.alloc(0), 4096)).toBe('')
  })

  test.each([
    ['is cut off', members.subarray(0, -20)],
    ['has lost its last checksum', members.subarray(0, -8)],
    ['has another checksum than its bytes', Buffer.concat([members.subarray(0, -8), Buffer.alloc(8)])],
    ['is no gzip', Buffer.from('{"Item":{"pk":{"S":"a"}}}\n'.repeat(10))],
  ])('a file that %s is refused, in every size of pieces', async (_what, damaged) => {
    for (const bytes of [11, 4096]) await expect(unpacked(damaged, bytes)).rejects.toThrow(Error)
  })

  test('zstd is unpacked', async () => {
    // {"Item":{"pk":{"S":"z"}}}, as the command zstd packs it.
    const packed = Buffer.from('KLUv/QRY0QAAeyJJdGVtIjp7InBrIjp7IlMiOiJ6In19fQonwHTD', 'base64')
    expect(await unpacked(packed, 10, 'ZSTD')).toBe('{"Item":{"pk":{"S":"z"}}}\n')
    await expect(unpacked(packed.subarray(0, 20), 10, 'ZSTD')).rejects.toThrow(Error)
  })
})
