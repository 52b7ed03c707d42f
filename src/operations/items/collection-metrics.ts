/**
 * ItemCollectionMetrics. Only tables with local indexes have item collections; the estimate is a range of gigabytes,
 * and none of those held here reaches the second.
 */
import type { ItemCollectionMetrics } from '@aws-sdk/client-dynamodb'
import { attribute } from '../../core/attribute/value.ts'
import type { Write } from '../../core/write/write.ts'
import type { Wire } from '../sdk-shape.ts'

type Metrics = Wire<ItemCollectionMetrics>

export function collectionMetrics(asked: 'SIZE' | 'NONE' | undefined, write: Write): Metrics | undefined {
  const { table, keyAttributes } = write
  const partition = table.key.partition[0]
  if (asked !== 'SIZE' || partition === undefined || !table.indexes.some((index) => index.kind === 'local'))
    return undefined
  const value = attribute(keyAttributes, partition.name)
  return value === undefined
    ? undefined
    : { ItemCollectionKey: { [partition.name]: value }, SizeEstimateRangeGB: [0, 1] }
}

/** Of a batch or transaction: by table, one entry for each partition that was written. */
export class CollectionMetrics {
  readonly #asked: 'SIZE' | 'NONE' | undefined
  readonly #tables = new Map<string, Map<string, Metrics>>()

  constructor(asked: 'SIZE' | 'NONE' | undefined) {
    this.#asked = asked
  }

  add(write: Write): void {
    const metrics = collectionMetrics(this.#asked, write)
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
