/**
 * Uses the proof of convergence as people do: compares replicas while everything goes on, when nothing but damage may be
 * called a difference; and in the end damages a row on one disk, which must be found by its key and mended everywhere.
 */
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import type { Table } from '../../src/core/table/table.ts'
import { rowKey } from '../../src/engine/store/keys.ts'
import { StoreFailed, StoreFull } from '../../src/ports/store.ts'
import { NotComparable } from '../../src/readers/replication/compare/verify.ts'
import { difference } from './checks.ts'
import { rowText } from './oracle.ts'
import { type KeyedRow, rowsOf } from './rows-of.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

const patienceMs = 20_000
/** After the load, as long as everything else has to settle. */
const repairMsMax = 120_000
const retryMs = 500

export class Prover {
  readonly #world: World
  readonly #random: SeededRandom

  constructor(world: World) {
    this.#world = world
    this.#random = world.random.fork()
  }

  async run(untilMs: number): Promise<void> {
    const { scheduler, regions } = this.#world
    while (scheduler.nowMs < untilMs) {
      await scheduler.sleep(this.#random.between(200, 6000))
      const region = this.#random.pick(regions)
      const table = region.engine?.tables().find(({ replicas }) => replicas.length > 1)
      if (table === undefined) continue
      const found = await this.asked(region, () => region.replication?.compare(table))
      const first = found?.differing.find(({ key }) => !this.#world.damage.wasDamaged(table.id, key))
      const shown = [...(first?.rows ?? [])].map(([name, row]) => `${name} ${rowText(row && decodeRow(row))}`)
      expectThat(first === undefined, 'what is not damaged is not called different', () => shown.join(', '))
    }
  }

  /** Repairs what was damaged under load and is not right yet, now that all is healed. */
  async repairAll(): Promise<void> {
    const { scheduler, damage } = this.#world
    const untilMs = scheduler.nowMs + repairMsMax
    for (const { region, id, key } of damage.left())
      while (!damage.isRepaired(region, id, key)) {
        expectThat(scheduler.nowMs < untilMs, 'damage is mended', () => `not in ${region.name} after ${repairMsMax} ms`)
        const table = region.engine?.tableWithId(id)
        if (table !== undefined) await this.repair(region, table)
        await scheduler.sleep(retryMs)
      }
  }

  /** One repair of a region's replica; false when it could not be done now. */
  async repair(region: SimulatedRegion, table: Table): Promise<boolean> {
    const mended = await this.asked(region, () => region.replication?.repair(table))
    if (mended === undefined) return false
    this.#world.damage.noteRepair(region, table.id)
    return true
  }

  /** With three replicas or more, so that it is clear which one is damaged. */
  async damage(): Promise<void> {
    const [id, having] = [...this.#world.replicas].find(([, regions]) => regions.size >= 3) ?? []
    if (id === undefined || having === undefined) return
    const region = this.#random.pick([...having])
    const table = region.engine?.tableWithId(id)
    if (region.engine === undefined || table === undefined) return
    const rows = rowsOf(region.engine, table.id).filter(({ row }) => !decodeRow(row).tombstone)
    if (rows.length === 0) return
    const key = this.#damage(region, table, this.#random.pick(rows))
    await this.#finds([...having], table, key)
    await this.#mends([...having], table)
    this.#checkLogged(region, table, key)
  }

  /** Returns the key under which replicas differ now. */
  #damage(region: SimulatedRegion, table: Table, { key, row }: KeyedRow): Buffer {
    const how = this.#random.pick(['changed', 'changed', 'lost', 'foreign', 'unreadable'] as const)
    const at = how === 'foreign' || how === 'unreadable' ? Buffer.concat([key, Buffer.from('~')]) : key
    this.#world.story.tell('world', `a row is ${how}`, { region: region.name, key: at.toString('latin1') })
    const bytes = { changed: damagedRow(row), lost: undefined, foreign: row, unreadable: Buffer.from('no row') }[how]
    region.overwrite(rowKey(table.number, at), bytes)
    if (at !== key) this.#world.oracle.expectRemoval(table.id, at)
    return at
  }

  /** What a repair removes, whoever reads the log has to learn. */
  #checkLogged(region: SimulatedRegion, table: Table, key: Buffer): void {
    const stored = region.engine?.get(table, key)
    const last = region.watch.historyOf(table.id, key).at(-1)
    expectThat(
      last !== undefined && last.row.tombstone === (stored === undefined),
      'what a repair changes stands in the log',
      () => `${region.name} has ${rowText(stored && decodeRow(stored))}, its log ${rowText(last?.row)}`,
    )
  }

  /** Once what was still in motion is settled. */
  async #finds([first]: readonly SimulatedRegion[], table: Table, key: Buffer): Promise<void> {
    await this.#until('damage is found by its key', async () => {
      const found = await this.asked(first, () => first?.replication?.compare(table))
      return found?.differing.length === 1 && found.differing[0]?.key.equals(key) === true
    })
  }

  async #mends(regions: readonly SimulatedRegion[], table: Table): Promise<void> {
    for (const region of regions)
      await this.#until('damage is mended', async () => {
        const mended = await this.asked(region, () => region.replication?.repair(table))
        return mended?.unknown === 0
      })
    let left: string | undefined
    await this.#until(
      'damage is mended',
      () => Promise.resolve((left = difference(this.#world)) === undefined),
      () => left,
    )
  }

  async #until(
    promise: string,
    holds: () => Promise<boolean>,
    left: () => string | undefined = () => undefined,
  ): Promise<void> {
    const { scheduler } = this.#world
    const startedMs = scheduler.nowMs
    while (!(await holds())) {
      expectThat(scheduler.nowMs - startedMs < patienceMs, promise, () => `not after ${patienceMs} ms: ${left()}`)
      await scheduler.sleep(retryMs)
    }
  }

  /** Undefined when it could not be answered, or the region died meanwhile. */
  async asked<Answer>(
    region: SimulatedRegion | undefined,
    ask: () => Promise<Answer> | undefined,
  ): Promise<Answer | undefined> {
    if (region === undefined) return undefined
    try {
      return await Promise.race([ask(), region.ended.then(() => undefined)])
    } catch (error) {
      if (error instanceof NotComparable) this.#world.story.tell(region.name, 'not comparable', { error })
      if (error instanceof NotComparable || error instanceof StoreFull || error instanceof StoreFailed) return undefined
      throw error
    }
  }
}

/** Another item under the same stamp: what no region has ever written. */
export function damagedRow(bytes: Buffer): Buffer {
  const row = decodeRow(bytes)
  const body = Buffer.from(row.body.toString('utf8').replace('"n":{"N":"', '"n":{"N":"7'))
  return encodeRow({ ...row, body })
}
