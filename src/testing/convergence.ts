/** Whether all replicas of all tables hold the same items, and where they do not. */
import type { Item } from '../core/attribute/value.ts'
import { decodeItem } from '../core/item/item-bytes.ts'
import { decodeRow } from '../core/item/row.ts'
import { keyAttributesOf } from '../core/key/primary-key.ts'
import type { Table } from '../core/table/table.ts'
import type { Engine } from '../engine/engine.ts'

export type Difference = {
  readonly table: string
  readonly key: Item
  readonly regions: readonly [string, string]
  /** Undefined where a region has no such item. */
  readonly images: readonly [Item | undefined, Item | undefined]
}

const chunkRows = 500
const chunkBytes = 1_000_000

/** Compares every replica with the first one; returns at most `max` differences. */
export function differences(engines: ReadonlyMap<string, Engine>, max: number): readonly Difference[] {
  const found: Difference[] = []
  const compared = new Set<string>()
  for (const [first, engine] of engines)
    for (const table of engine.tables()) {
      if (compared.has(table.id) || !isWhole(table, first)) continue
      compared.add(table.id)
      for (const [other, peer] of engines) {
        const there = peer.tableWithId(table.id)
        if (other === first || there === undefined || !isWhole(there, other)) continue
        found.push(...differencesOf(table, [first, other], [engine, peer], max - found.length))
        if (found.length >= max) return found
      }
    }
  return found
}

/** A replica that is still being filled differs by right. */
function isWhole({ status, replicas }: Table, region: string): boolean {
  const own = replicas.find((replica) => replica.region === region)
  return (status === 'ACTIVE' || status === 'UPDATING') && (own === undefined || own.status === 'ACTIVE')
}

function differencesOf(
  table: Table,
  regions: readonly [string, string],
  [a, b]: readonly [Engine, Engine],
  max: number,
): readonly Difference[] {
  const [here, there] = [bodiesOf(a, table), bodiesOf(b, table)]
  const found: Difference[] = []
  for (const key of new Set([...here.keys(), ...there.keys()])) {
    if (found.length >= max) return found
    const [one, other] = [here.get(key), there.get(key)]
    if (one !== undefined && other !== undefined && one.equals(other)) continue
    const images = [imageOf(one), imageOf(other)] as const
    if (isSame(images)) continue
    found.push({ table: table.name, key: keyAttributesOf(table.key, images[0] ?? images[1] ?? {}), regions, images })
  }
  return found
}

/** The same attributes in another order are the same item. */
function isSame([one, other]: Difference['images']): boolean {
  return one !== undefined && other !== undefined && sorted(one) === sorted(other)
}

const sorted = (item: Item): string => JSON.stringify(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1)))

function bodiesOf(engine: Engine, table: Table): ReadonlyMap<string, Buffer> {
  const bodies = new Map<string, Buffer>()
  let last: Buffer | undefined
  for (;;) {
    const chunk = engine.rows(table.id, last, chunkRows, chunkBytes)
    for (const { key, row } of chunk) {
      const { tombstone, body } = decodeRow(row)
      if (!tombstone) bodies.set(key.toString('latin1'), body)
      last = key
    }
    if (chunk.length === 0) return bodies
  }
}

function imageOf(body: Buffer | undefined): Item | undefined {
  return body === undefined ? undefined : decodeItem(body)
}

export function differenceText({ table, key, regions, images }: Difference): string {
  const image = (n: 0 | 1): string =>
    `    ${regions[n]}: ${images[n] === undefined ? 'no item' : JSON.stringify(images[n])}`
  return `table ${table}, key ${JSON.stringify(key)}:\n${image(0)}\n${image(1)}`
}
