/**
 * Flips bits wherever the structure of a real LMDB file lies, and cuts it at many lengths. The check must find each, or LMDB must
 * read the same as before and write on. LONGITUDE_DAMAGE_FLIPS says how many flips; `npm run chaos` makes many.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Checked, checkFile } from '../../src/adapters/lmdb/lmdb-file.ts'
import { openLmdbStore } from '../../src/adapters/lmdb/lmdb-store.ts'
import { StoreDamaged } from '../../src/ports/store.ts'

const pageSizeBytes = 8192
const flips = Number(process.env['LONGITUDE_DAMAGE_FLIPS'] ?? 1500)
const opensMax = Number(process.env['LONGITUDE_DAMAGE_FLIPS'] ?? 0) > 0 ? flips : 40

let seed = 20261129
const fraction = (): number => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648
const below = (end: number): number => Math.floor(fraction() * end)

let folder: string
let path: string
let original: Buffer
let lastPage: number

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longitude-damage-'))
  const store = await openLmdbStore(folder)
  const keyOf = (n: number): Buffer => Buffer.from(`key ${n} ${'k'.repeat(n % 200)}`)
  for (let n = 0; n < 1000; n += 20) {
    const part = Array.from({ length: 20 }, (_, m) => ({
      key: keyOf(below(1000)),
      value: m % 4 === 0 ? undefined : Buffer.alloc(n % 200 === 0 && m === 1 ? 20_000 : below(900), m),
    }))
    await store.write([...new Map(part.map((edit) => [edit.key.toString(), edit])).values()])
  }
  await store.close()
  path = join(folder, 'damaged.mdb')
  const whole = readFileSync(join(folder, 'data.mdb'))
  lastPage = Math.max(whole.readUInt32LE(144), whole.readUInt32LE(pageSizeBytes + 144))
  original = whole.subarray(0, (lastPage + 1) * pageSizeBytes)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const check = (): Promise<Checked> => checkFile({ path, pageSizeBytes, pause: () => Promise.resolve() })

/** Offsets of what holds pages together: headers, the places of nodes, and the nodes' own headers; of a meta page all that is used. */
function structureOf(page: number): readonly number[] {
  const start = page * pageSizeBytes
  const range = (from: number, length: number): number[] => Array.from({ length }, (_, n) => start + from + n)
  if (page < 2) return range(0, 160)
  const flags = original.readUInt16LE(start + 18)
  // Further pages of a large value have no header.
  if (original.readUInt32LE(start) !== page || ![1, 2, 4].includes(flags)) return []
  if (flags === 4) return range(0, 24)
  const count = original.readUInt16LE(start + 20) / 2
  const nodes = Array.from({ length: count }, (_, n) => 24 + original.readUInt16LE(start + 24 + 2 * n))
  return [...range(0, 24 + 2 * count), ...nodes.flatMap((at) => range(at, 8))]
}

/**
 * Nodes begin at even places, so a size that is one too large or too small may fill the same room: then a key or a value has a byte
 * more or less, which is damage of content, as a flipped bit in a value is.
 */
function isOfLength({ at, bit }: { readonly at: number; readonly bit: number }): boolean {
  const start = at - (at % pageSizeBytes)
  if (bit !== 0 || original.readUInt16LE(start + 18) !== 2) return false
  const nodes = Array.from({ length: original.readUInt16LE(start + 20) / 2 }, (_, n) =>
    original.readUInt16LE(start + 24 + 2 * n),
  )
  return nodes.some((node) => [start + 24 + node, start + 24 + node + 6].includes(at))
}

/** What LMDB reads of each file that the check has let pass. */
class Scanner {
  #child: ChildProcess | undefined

  async read(file: string): Promise<string> {
    this.#child ??= fork(join(import.meta.dirname, 'lmdb-scanner.ts'), {
      execArgv: ['--import', 'tsx'],
    }).setMaxListeners(0)
    const child = this.#child
    return await new Promise((resolve, reject) => {
      child.once('message', resolve)
      child.once('exit', (code, signal) => reject(new Error(`LMDB ended its process: ${code} ${signal}`)))
      child.send(file)
    })
  }

  stop(): void {
    this.#child?.kill('SIGKILL')
  }
}

describe('a damaged file', () => {
  it('is found by the check, or read by LMDB as if nothing were', { timeout: 600_000 }, async () => {
    const places = Array.from({ length: lastPage + 1 }, (_, page) => structureOf(page)).filter(
      ({ length }) => length > 0,
    )
    writeFileSync(path, original)
    expect((await check()).damage).toBeUndefined()
    const passed: { at: number; bit: number }[] = []
    let found = 0
    const file = openSync(path, 'r+')
    for (let n = 0; n < flips; n++) {
      const page = places[n % 8 === 0 ? below(2) : below(places.length)] ?? []
      const [at, bit] = [page[below(page.length)] ?? 0, below(8)]
      const byte = original[at] ?? 0
      writeSync(file, Buffer.of(byte ^ (1 << bit)), 0, 1, at)
      if ((await check()).damage !== undefined) found++
      else if (!isOfLength({ at, bit })) passed.push({ at, bit })
      writeSync(file, Buffer.of(byte), 0, 1, at)
    }
    closeSync(file)
    expect(found).toBeGreaterThan(flips / 2)
    await expectUnharmed(passed)
  })

  it('is found when it is cut anywhere within its used pages', { timeout: 60_000 }, async () => {
    for (let n = 0; n < 60; n++) {
      writeFileSync(path, original)
      const length = n < 30 ? below(original.length) : original.length - 1 - n * 3000
      truncateSync(path, Math.max(1, length))
      const { damage } = await check()
      // Only free pages may be missing.
      if (damage === undefined) await expectUnharmed([])
    }
    writeFileSync(path, original.subarray(0, Math.floor(original.length / 2)))
    expect((await check()).damage).toContain('the file ends before it')
  })

  it('is refused by the store, which says where', async () => {
    copyFileSync(join(folder, 'data.mdb'), path)
    const file = openSync(join(folder, 'data.mdb'), 'r+')
    const root = original.readUInt32LE(
      (original.readUInt32LE(152) > original.readUInt32LE(pageSizeBytes + 152) ? 0 : 1) * pageSizeBytes + 136,
    )
    writeSync(file, Buffer.of(0xff), 0, 1, root * pageSizeBytes + 20)
    closeSync(file)
    const error = await openLmdbStore(folder).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toBeInstanceOf(StoreDamaged)
    expect(String(error)).toContain(`page ${root}: `)
    copyFileSync(path, join(folder, 'data.mdb'))
  })
})

async function expectUnharmed(passed: readonly { readonly at: number; readonly bit: number }[]): Promise<void> {
  const scanner = new Scanner()
  try {
    const copy = join(folder, 'copy.mdb')
    const read = async (bytes: Buffer): Promise<string> => {
      writeFileSync(copy, bytes)
      await rm(`${copy}-lock`, { force: true })
      return await scanner.read(copy)
    }
    const expected = await read(original)
    if (passed.length === 0) expect(await read(readFileSync(path))).toBe(expected)
    for (let n = 0; n < Math.min(opensMax, passed.length); n++) {
      const { at, bit } = passed[Math.floor((n * passed.length) / Math.min(opensMax, passed.length))] ?? {
        at: 0,
        bit: 0,
      }
      const bytes = Buffer.from(original)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
      expect(
        await read(bytes),
        `bit ${bit} of byte ${at % pageSizeBytes} of page ${Math.floor(at / pageSizeBytes)}`,
      ).toBe(expected)
    }
  } finally {
    scanner.stop()
  }
}
