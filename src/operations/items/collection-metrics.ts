/** ItemCollectionMetrics: only tables with local indexes have item collections; the estimate is a range of one gigabyte. */
import type { ItemCollectionMetrics } from '@aws-sdk/client-dynamodb'
import { attribute } from '../../core/attribute/value.ts'
import { hasItemCollections } from '../../core/write/item-collection.ts'
import type { Table } from '../../core/table/table.ts'
import type { Write } from '../../core/write/write.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Wire } from '../sdk-shape.ts'

type Metrics = Wire<ItemCollectionMetrics>

/** A write with the table that the request named. */
export type TableWrite = { readonly table: Table; readonly write: Write }

type Sizes = Pick<Engine, 'collectionSizeBytes'>

export function collectionMetrics(
  asked: 'SIZE' | 'NONE' | undefined,
  { table, write }: TableWrite,
  sizes: Sizes,
): Metrics | undefined {
  const partition = table.key.partition[0]
  if (asked !== 'SIZE' || partition === undefined || !hasItemCollections(table)) return undefined
  const value = attribute(write.keyAttributes, partition.name)
  if (value === undefined) return undefined
  const gigabytes = Math.floor(sizes.collectionSizeBytes(table, write.key) / 2 ** 30)
  return { ItemCollectionKey: { [partition.name]: value }, SizeEstimateRangeGB: [gigabytes, gigabytes + 1] }
}

/** Of a batch or transaction: by table, one entry for each partition that was written. */
export class CollectionMetrics {
  readonly #asked: 'SIZE' | 'NONE' | undefined
  readonly #sizes: Sizes
  readonly #tables = new Map<string, Map<string, Metrics>>()

  constructor(asked: 'SIZE' | 'NONE' | undefined, sizes: Sizes) {
    this.#asked = asked
    this.#sizes = sizes
  }

  add(write: TableWrite): void {
    const metrics = collectionMetrics(this.#asked, write, this.#sizes)
    if (metrics === undefined) return
    const { name } = write.table
    const entries = this.#tables.get(name) ?? new Map<string, Metrics>()
    this.#tables.set(name, entries.set(JSON.stringify(metrics.ItemCollectionKey), metrics))
  }

  member(): { readonly ItemCollectionMetrics?: Readonly<Record<string, readonly Metrics[]>> } {
    if (this.#asked !== 'SIZE') return {}
    return {
      ItemCollectionMetrics: Object.fromEntries(
        [...this.#tables].map(([name, entries]) => [name, [...entries.values()]]),
      ),
    }
  }
}
