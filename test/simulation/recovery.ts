/**
 * Point-in-time recovery, in the worlds that have it: in every region the table `orders` is recoverable, on a store of blobs that fails, is slow and leaves torn
 * blobs behind. In the end the table is restored to random moments, and each time it is what the region's log says of that moment. Then a blob is lost or torn
 * for good: a restore is right all the same, or it is given up.
 */
import { BlobShelf, type MemoryBlobsOptions } from '../../src/adapters/memory/memory-blobs.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { required } from '../../src/core/assert.ts'
import { savedTable } from '../../src/core/archive/backup.ts'
import { type TableArchive, tableNote } from '../../src/core/archive/recovery.ts'
import { bodyOffset, isTombstone } from '../../src/core/item/row.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { restoreTable } from '../../src/operations/backups/restored-table.ts'
import { updateContinuousBackups } from '../../src/operations/backups/update-continuous-backups.ts'
import { BlobsFailed } from '../../src/ports/blobs.ts'
import type { ArchiveSettings } from '../../src/readers/archive/archive-services.ts'
import type { Administrator } from './administrator.ts'
import { randomOf } from './faults/plan.ts'
import { isItem } from './log-watch.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

export const archiveInWorld: ArchiveSettings = { everyMs: 150, segmentMs: 700, heldBytesMax: Number.MAX_SAFE_INTEGER }

/** Faults under which the region's own memory of its log says what the table was. */
export const recoveryFaults = ['crash', 'crash in flight', 'slow disk', 'disk full', 'cut link', 'flap', 'step clock']

const momentsMax = 3
const patienceMs = 120_000

export class Recovery {
  readonly #world: World
  readonly #random: SeededRandom
  readonly #shelves = new Map<string, BlobShelf>()
  readonly #failChance: number
  #isHealed = false
  /** Tables that were restored and compared. */
  compared = 0
  /** Restores that were given up, since a blob of theirs was lost or torn. */
  givenUp = 0

  constructor(world: World, seed: number) {
    this.#world = world
    this.#random = randomOf(seed, 'recovery')
    this.#failChance = this.#random.pick([0, 0.1, 0.5])
  }

  /** What a region's store of blobs is made with; the shelf outlives its processes. */
  blobsOf(region: string): MemoryBlobsOptions {
    const shelf = this.#shelves.get(region) ?? new BlobShelf()
    this.#shelves.set(region, shelf)
    return { shelf, before: (operation, name) => this.#suffer(shelf, operation, name) }
  }

  async #suffer(shelf: BlobShelf, operation: string, name: string): Promise<void> {
    await this.#world.scheduler.sleep(this.#random.between(1, 60))
    if (this.#isHealed || !this.#random.chance(this.#failChance)) return
    if (operation === 'put' && this.#random.chance(0.3)) shelf.put(name, Buffer.from('torn'))
    throw new BlobsFailed('the simulated store of blobs is away')
  }

  /** Each region turns recovery on some time after its replica is there. */
  async enable(administrator: Administrator): Promise<void> {
    await Promise.all(
      this.#world.regions.map(async (region) => {
        await administrator.untilUsable(region, 'orders')
        await this.#world.scheduler.sleep(this.#random.between(0, 2000))
        await administrator.insist(region, async (context) => {
          const TableName = 'orders'
          const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true }
          await updateContinuousBackups.run({ TableName, PointInTimeRecoverySpecification }, context)
        })
      }),
    )
  }

  async check(administrator: Administrator): Promise<void> {
    this.#isHealed = true
    for (const region of this.#world.regions) {
      for (let n = 0; n < momentsMax; n++) {
        const atMs = await this.#momentOf(region)
        if (atMs !== undefined) await this.#checkMoment(administrator, region, { atMs, name: `restored-${n}` })
      }
      const atMs = await this.#momentOf(region)
      if (atMs !== undefined) await this.#checkAfterLoss(administrator, region, atMs)
    }
  }

  /** The store of blobs has lost what it had taken, as by a disk that was not flushed. */
  async #checkAfterLoss(administrator: Administrator, region: SimulatedRegion, atMs: number): Promise<void> {
    const shelf = required(this.#shelves.get(region.name), 'a shelf')
    if (this.#random.chance(0.5)) shelf.loseLast()
    else shelf.tear(this.#random.pick(shelf.names), this.#random.between(0, 40))
    await this.#checkMoment(administrator, region, { atMs, name: 'restored-after-loss', mayGiveUp: true })
  }

  /** A time at which something was committed, or a moment before; undefined where nothing was since recovery began. */
  async #momentOf(region: SimulatedRegion): Promise<number | undefined> {
    const table = tableIn(region)
    // A replica that has left and come back has begun without.
    if (table.recovery === undefined) return undefined
    const firstMs = (): number | undefined =>
      (region.engine?.note(tableNote(table.id)) as TableArchive | undefined)?.bases[0]?.atMs
    await this.#until('recovery has a base', () => firstMs() !== undefined)
    const since = required(firstMs(), 'a base')
    const times = region.watch.entries.flatMap(({ change }) =>
      isItem(change) && change.table === table.id && change.at > since ? [change.at] : [],
    )
    return times.length === 0 ? undefined : this.#random.pick(times) - this.#random.pick([0, 1])
  }

  async #checkMoment(
    administrator: Administrator,
    region: SimulatedRegion,
    { atMs, name, mayGiveUp = false }: { readonly atMs: number; readonly name: string; readonly mayGiveUp?: boolean },
  ): Promise<void> {
    const table = tableIn(region)
    const expected = itemsAt(region, table, atMs)
    await administrator.insist(region, async (context) => {
      if (context.engine.tableNamed(name) !== undefined) return
      const source = { logOf: table.id, after: table.recovery?.after ?? 0, tableArn: 'arn', atMs }
      const saved = savedTable(table, context.engine.size(table))
      await restoreTable({ target: name, saved, source, overrides: {} }, context)
    })
    const isGivenUp = (): boolean =>
      mayGiveUp && region.engine !== undefined && region.engine.tableNamed(name) === undefined
    await this.#until('a restore ends', () => region.engine?.tableNamed(name)?.status === 'ACTIVE' || isGivenUp())
    if (isGivenUp()) return void this.givenUp++
    const engine = required(region.engine, 'an engine')
    const found = itemsOf(engine, required(engine.tableNamed(name), 'the restored table'))
    expectThat(
      JSON.stringify(found) === JSON.stringify(expected),
      'a table is restored to any moment',
      () => `${region.name} has at ${atMs}: ${differenceOf(found, expected)}`,
    )
    this.compared++
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const untilMs = this.#world.scheduler.nowMs + patienceMs
    while (!isSo()) {
      expectThat(this.#world.scheduler.nowMs < untilMs, what, () => 'not within two minutes')
      await this.#world.scheduler.sleep(100)
    }
  }
}

const tableIn = ({ engine }: SimulatedRegion): Table => required(engine?.tableNamed('orders'), 'the table orders')

type Items = readonly (readonly [key: string, item: string])[]

/** As the region's log has it, which the simulator has followed from outside. */
function itemsAt(region: SimulatedRegion, table: Table, atMs: number): Items {
  region.watch.catchUp()
  const items = new Map<string, string>()
  for (const { change } of region.watch.entries) {
    if (!isItem(change) || region.watch.nowCalled(change.table) !== table.id || change.at > atMs) continue
    const key = change.key.toString('hex')
    if (isTombstone(change.row)) items.delete(key)
    else items.set(key, change.row.toString('utf8', bodyOffset(change.row)))
  }
  return sorted([...items])
}

function itemsOf(engine: Engine, table: Table): Items {
  const live = rowsOf(engine, table.id).filter(({ row }) => !isTombstone(row))
  return sorted(live.map(({ key, row }) => [key.toString('hex'), row.toString('utf8', bodyOffset(row))] as const))
}

const sorted = (items: Items): Items => items.toSorted(([a], [b]) => (a < b ? -1 : 1))

function differenceOf(found: Items, expected: Items): string {
  const there = new Set(found.map(String))
  const lacking = expected.filter((each) => !there.has(String(each)))
  return `${found.length} items of ${expected.length}; it lacks ${lacking.length}, such as ${String(lacking[0])}`
}
