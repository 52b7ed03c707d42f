/**
 * Items that expire, in the worlds that have them: when they do, that nothing else is deleted for it, that the index of them is what the rows
 * say, and that in the end they are gone from every region.
 */
import type { AttributeValue } from '../../src/core/attribute/value.ts'
import { decodeRow, type Row } from '../../src/core/item/row.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { Engine } from '../../src/engine/engine.ts'
import type { ExpirySettings } from '../../src/readers/expiry/expiry.ts'
import type { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import type { Entry } from './log-watch.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { expectThat } from './violation.ts'
import type { World } from './world.ts'

export const expiryAttribute = 'expires'

/** No table of the world expires: one timer a region, that never comes. */
export const expiryAtRest: ExpirySettings = { delaySeconds: 0, graceSeconds: 0, everyMs: 1e9 }
export const expiryInWorld: ExpirySettings = { delaySeconds: 0, graceSeconds: 3, everyMs: 400 }

/** Of a put: some seconds from the region's own time, or in the past already, or never. */
export function expiryOf(random: SeededRandom, wallMs: number): { readonly expires?: number } {
  return random.chance(0.3) ? {} : { expires: Math.floor(wallMs / 1000) + random.between(-2, 5) }
}

/** A delete of an expired item is of one that had expired by the region's clock. */
export function checkExpired(region: { readonly name: string }, { change, row, before }: Entry): void {
  const second = secondOf(before)
  expectThat(
    row.tombstone && second !== undefined && second * 1000 <= change.at,
    'only expired items expire',
    () => `${region.name} has deleted at ${change.at} what expires at second ${second}`,
  )
}

/** Resolves when no region has an item any more whose time has come; their clocks are right by now. */
export async function untilExpired(world: World, msMax: number): Promise<void> {
  const until = world.scheduler.nowMs + msMax
  for (;;) {
    const left = leftIn(world)
    if (left === undefined) return
    expectThat(world.scheduler.nowMs < until, 'expired items go', () => left)
    await world.scheduler.sleep(500)
  }
}

function leftIn(world: World): string | undefined {
  for (const { name, engine } of world.regions)
    for (const table of engine?.tables() ?? [])
      if (table.expiry?.status === 'ACTIVE')
        for (const { key, row } of rowsOf(engine as Engine, table.id)) {
          const second = world.damage.isTouched(table.id, key) ? undefined : secondOf(decodeRow(row))
          if (second !== undefined) return `${name} has an item of ${table.name} that expires at second ${second}`
        }
  return undefined
}

/** The index as the rows say it. */
export function checkExpiryIndex(region: SimulatedRegion, engine: Engine, table: Table): void {
  if (table.expiry?.status !== 'ACTIVE') return
  const rebuilt = rowsOf(engine, table.id).flatMap(({ key, row }) => {
    const decoded = decodeRow(row)
    const second = secondOf(decoded)
    return second === undefined ? [] : [`${decoded.stamp.region} ${second} ${key.toString('hex')}`]
  })
  const stored = engine
    .expiries(table, { region: 0, second: 0 }, 1e6)
    .map((entry) => `${entry.region} ${entry.second} ${entry.key.toString('hex')}`)
  expectThat(
    JSON.stringify(stored.toSorted(byText)) === JSON.stringify(rebuilt.toSorted(byText)),
    'the expiry index equals a rebuild',
    () => `${region.name} has ${stored.length} entries of ${table.name} and ${rebuilt.length} items that expire`,
  )
}

const byText = (a: string, b: string): number => (a < b ? -1 : 1)

/** When an item expires; undefined for one that never does. */
export function secondOf(row: Row | undefined): number | undefined {
  if (row === undefined || row.tombstone) return undefined
  const item = JSON.parse(row.body.toString('utf8')) as Readonly<Record<string, AttributeValue>>
  const value = item[expiryAttribute]
  return value !== undefined && 'N' in value ? Number(value.N) : undefined
}
