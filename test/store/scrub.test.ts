/** Pages of a store that is in use are checked round after round: no false alarm beside commits, and each damaged page is found. */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { LmdbScrub } from '../../src/adapters/lmdb/lmdb-scrub.ts'
import { type LmdbStore, openLmdbStore, pageSizeBytes } from '../../src/adapters/lmdb/lmdb-store.ts'

let folder: string
let store: LmdbStore
let scrub: LmdbScrub

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'longitude-scrub-'))
  store = await openLmdbStore(folder)
  for (let n = 0; n < 10; n++) await write(n)
  scrub = store.scrub()
})

afterEach(async () => {
  scrub.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

const write = (n: number): Promise<void> =>
  store.write(
    Array.from({ length: 100 }, (_, m) => ({
      key: Buffer.from(`key ${(m * 7919 + n * 13) % 1000}`),
      value: m % 10 === 9 ? undefined : Buffer.alloc(m === 5 ? 20_000 : 300, n),
    })),
  )

/** Flips one bit of a page, and returns what flips it back. */
function flip(page: number, at: number): () => void {
  const file = openSync(join(folder, 'data.mdb'), 'r+')
  const place = page * pageSizeBytes + at
  const byte = readFileSync(join(folder, 'data.mdb'))[place] ?? 0
  writeSync(file, Buffer.of(byte ^ 4), 0, 1, place)
  return () => {
    writeSync(file, Buffer.of(byte), 0, 1, place)
    closeSync(file)
  }
}

function leaves(): readonly number[] {
  const bytes = readFileSync(join(folder, 'data.mdb'))
  const pages = Math.floor(bytes.length / pageSizeBytes)
  return Array.from({ length: pages }, (_, page) => page).filter(
    (page) =>
      page > 1 &&
      bytes.readUInt32LE(page * pageSizeBytes) === page &&
      bytes.readUInt16LE(page * pageSizeBytes + 18) === 2,
  )
}

function round(stepMs = 0): string | undefined {
  for (const rounds = scrub.rounds; scrub.rounds === rounds;) {
    const damage = scrub.step(stepMs)
    if (damage !== undefined) return damage
  }
  return undefined
}

it('raises no alarm while commits go on', async () => {
  for (let n = 0; n < 60; n++) {
    const written = write(n)
    for (let m = 0; m < 20; m++) {
      expect(scrub.step(0)).toBeUndefined()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await written
  }
  expect(scrub.rounds).toBeGreaterThan(2)
})

it('finds a damaged page that LMDB would serve, and says which', () => {
  expect(round()).toBeUndefined()
  const found = leaves().filter((page) => {
    const undo = flip(page, 20)
    const damage = round(1)
    undo()
    expect(damage ?? `page ${page}: `).toContain(`page ${page}: `)
    scrub.restart()
    return damage !== undefined
  })
  // The other leaves are free: no tree leads to them.
  expect(found.length).toBeGreaterThan(20)
  expect(round()).toBeUndefined()
})

it('does not keep the pages of old trees from being used again', async () => {
  for (let n = 0; n < 50; n++) await write(n)
  const before = readFileSync(join(folder, 'data.mdb')).length
  for (let n = 0; n < 100; n++) {
    scrub.step(0)
    await write(n)
  }
  expect(readFileSync(join(folder, 'data.mdb')).length).toBeLessThan(before * 1.5)
})
