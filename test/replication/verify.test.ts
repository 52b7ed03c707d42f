/** Convergence proved, and what a disk has damaged put right. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import { DamagedRecord } from '../../src/engine/store/damaged-record.ts'
import { rowKey } from '../../src/engine/store/keys.ts'
import { NotComparable } from '../../src/readers/replication/compare/verify.ts'
import { eventually } from './eventually.ts'
import { agreed, TestRegion } from './region.ts'

const names = ['us', 'eu', 'ap']
const regions: TestRegion[] = []
const folders: string[] = []
let network: MemoryNetwork

afterEach(async () => {
  await Promise.all(regions.map((region) => region.stop()))
  regions.length = 0
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function world(onDisk: readonly string[] = []): Promise<[TestRegion, TestRegion, TestRegion]> {
  network = new MemoryNetwork(systemClock, systemRandom)
  for (const name of names) {
    const folder = mkdtempSync(join(tmpdir(), 'longitude-verify-'))
    folders.push(folder)
    regions.push(new TestRegion(name, names, onDisk.includes(name) ? { folder: join(folder, 'store') } : {}))
  }
  for (const region of regions) await region.start(network.join(region.name))
  const [us, eu, ap] = regions as [TestRegion, TestRegion, TestRegion]
  await us.makeTable('T', ['eu', 'ap'])
  await eventually('all replicas are active everywhere', () =>
    regions.every((region) => names.every((name) => region.replicaStatus('T', name) === 'ACTIVE')),
  )
  return [us, eu, ap]
}

const compare = (region: TestRegion) => region.replication.compare(region.table('T'))

async function mendAll(): Promise<number> {
  let mended = 0
  for (const region of regions) mended += (await region.replication.repair(region.table('T'))).mended
  return mended
}

/** While the region is stopped, the rows under items' keys become what is made of them. */
async function damage(
  region: TestRegion,
  changes: readonly (readonly [string, (row: Buffer) => Buffer | undefined])[],
): Promise<void> {
  const { number } = region.table('T')
  const keyed = changes.map(([id, change]) => [rowKey(number, region.write('T', id, '').key), change] as const)
  await region.stop()
  for (const [key, change] of keyed) {
    const changed = change(Buffer.from(region.disk.map.get(key) ?? Buffer.alloc(0)))
    if (changed === undefined) region.disk.map.delete(key)
    else region.disk.map.set(key, changed)
  }
  await region.start(network.join(region.name))
  await eventually('everybody is heard again', () =>
    regions.every((each) => each.replication.status().peers.every((peer) => ['live', 'idle'].includes(peer.state))),
  )
}

async function filled(): Promise<[TestRegion, TestRegion, TestRegion]> {
  const [us, eu, ap] = await world()
  for (let n = 0; n < 150; n++) await (regions[n % 3] as TestRegion).put('T', `id-${n}`, `value ${n}`)
  await agreed([us, eu, ap], 'T')
  return [us, eu, ap]
}

describe('verifying a table', () => {
  it('says equal, up to a watermark past the question, and how many items that are', async () => {
    const [us] = await filled()
    const askedMs = Date.now()
    const found = await compare(us)
    expect(found).toMatchObject({ differing: [], rows: 150, cut: false, replicas: expect.arrayContaining(names) })
    expect(found.watermark.wallMs).toBeGreaterThanOrEqual(askedMs)
  })

  it('is not troubled by writes that go on, in every region, on the very keys', async () => {
    const [us] = await filled()
    const end = new AbortController()
    const writers = regions.map(async (region) => {
      for (let n = 0; !end.signal.aborted; n++) {
        await region.put('T', `id-${n % 50}`, `new ${n}`)
        // A store in memory is so fast that nothing else would get its turn.
        await systemClock.sleep(2)
      }
    })
    for (let round = 0; round < 3; round++) expect((await compare(us)).differing).toEqual([])
    end.abort()
    await Promise.all(writers)
  }, 30_000)

  it('cannot tell while a replica cannot be asked', async () => {
    const [us, eu] = await filled()
    await eu.stop()
    await expect(compare(us)).rejects.toThrow(NotComparable)
    await eu.start(network.join('eu'))
  }, 60_000)
})

describe('what a disk has damaged', () => {
  const last = (row: Buffer): Buffer => Buffer.concat([row.subarray(0, -4), Buffer.from('!'), row.subarray(-3)])
  const cases: readonly (readonly [string, (row: Buffer) => Buffer | undefined])[] = [
    ['a changed byte of an item', last],
    ['an item that is no JSON any more', (row) => Buffer.concat([row.subarray(0, -1), Buffer.from('x')])],
    ['a row of no known format', (row) => Buffer.concat([Buffer.of(0x3c), row.subarray(1)])],
    ['a row cut off', (row) => row.subarray(0, 5)],
    ['a row that is gone', () => undefined],
    [
      'a stamp of the next year',
      (row) =>
        encodeRow({ ...decodeRow(row), stamp: { ...decodeRow(row).stamp, wallMs: Date.now() + 365 * 86_400_000 } }),
    ],
    [
      'an older write',
      (row) => encodeRow({ ...decodeRow(row), stamp: { ...decodeRow(row).stamp, wallMs: 1 }, seen: [] }),
    ],
  ]
  it(`is found and mended: ${cases.map(([name]) => name).join(', ')}`, async () => {
    const [us, eu, ap] = await filled()
    await damage(
      eu,
      cases.map(([, change], n) => [`id-${n}`, change]),
    )
    const found = await compare(us)
    const wrong = cases.map((_, n) => us.write('T', `id-${n}`, '').key.toString('hex'))
    expect(found.differing.map(({ key }) => key.toString('hex')).toSorted()).toEqual(wrong.toSorted())
    expect(await mendAll()).toBe(cases.length)
    expect((await compare(ap)).differing).toEqual([])
    for (const [n] of cases.entries()) expect(eu.value('T', `id-${n}`)).toBe(`value ${n}`)
    await eu.put('T', 'id-0', 'goes on')
    await agreed([us, eu, ap], 'T')
  }, 60_000)

  it('is found where a byte of LMDB’s own file was changed, and mended by the region itself once somebody asks for it', async () => {
    const [us, eu, ap] = await world(['eu'])
    const needle = 'a value that nobody else has'
    for (let n = 0; n < 20; n++) await us.put('T', `id-${n}`, n === 3 ? needle : 'x')
    await agreed([us, eu, ap], 'T')
    const table = eu.engine.tableNamed('T')!
    const { key, row } = eu.engine.rows(table.id, undefined, 100, 1e6).find((each) => each.row.includes(needle))!
    await eu.stop()
    const file = join(eu.options.folder ?? '', 'data.mdb')
    const bytes = readFileSync(file)
    // Also on pages that are free again, and not in the log, which a region does not go on with once it is damaged.
    const stored = Buffer.concat([rowKey(table.number, key), row])
    for (let at = bytes.indexOf(stored); at >= 0; at = bytes.indexOf(stored, at + 1))
      bytes.write('A', at + stored.indexOf(needle))
    writeFileSync(file, bytes)
    await eu.start(network.join('eu'))
    await eventually('everybody is heard again', () =>
      regions.every((each) => each.replication.status().peers.every((peer) => ['live', 'idle'].includes(peer.state))),
    )
    expect((await compare(us)).differing).toHaveLength(1)
    expect(() => eu.value('T', 'id-3')).toThrow('is damaged')
    await eventually('it is mended', () => valueOf(eu, 'id-3') === needle, 40_000)
    expect((await compare(us)).differing).toEqual([])
  }, 60_000)
})

/** Undefined while it is quarantined. */
function valueOf(region: TestRegion, id: string): string | undefined {
  try {
    return region.value('T', id)
  } catch (error) {
    if (error instanceof DamagedRecord) return undefined
    throw error
  }
}
