/** The sizes of item collections (core/write/item-collection.ts), kept in the groups of the writes that change them. */
import type { Item } from '../core/attribute/value.ts'
import { collectionShare, hasItemCollections } from '../core/write/item-collection.ts'
import type { Refusal } from '../core/write/write.ts'
import type { Table } from '../core/table/table.ts'
import type { Group } from './group.ts'
import { collectionKey, rowKey } from './keys.ts'
import type { State } from './state.ts'

type ItemChange = { readonly before: Item | undefined; readonly after: Item | undefined }

/** What the writes of a transaction before this one add to collections, by the collection's key. */
export type Growths = Map<string, number>

/** A client's write that would take its collection past the limit; replicated ones are never refused. */
export function collectionRefusal(
  state: State,
  table: Table,
  key: Buffer,
  change: ItemChange & { readonly together?: Growths | undefined },
): Refusal | undefined {
  const growth = growthOf(table, change)
  const collection = collectionKey(table.number, key)
  const name = collection.toString('latin1')
  const before = change.together?.get(name) ?? 0
  change.together?.set(name, before + growth)
  if (growth <= 0) return undefined
  const size = collectionSizeIn(state.damage.asFound(() => state.groups.get(collection)))
  if (size + before + growth <= state.itemCollectionSizeBytesMax) return undefined
  return { refused: 'collection-size', message: 'Collection size exceeded.' }
}

export function editCollection(state: State, group: Group, table: Table, key: Buffer, change: ItemChange): void {
  if (!hasItemCollections(table)) return
  const growth = growthOf(table, change)
  if (growth === 0) return
  const collection = collectionKey(table.number, key)
  state.counts.tally?.followCollection(rowKey(table.number, key), collection, growth)
  const size = collectionSizeIn(state.damage.asFound(() => state.groups.get(collection)))
  putCollectionSize(state, group, collection, size + growth)
}

export function putCollectionSize(state: State, group: Group, collection: Buffer, size: number): void {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  bytes.writeUIntBE(Math.max(0, size), 0, sizeBytes)
  state.groups.put(group, collection, size <= 0 ? undefined : bytes)
}

const sizeBytes = 6

export function collectionSizeIn(bytes: Buffer | undefined): number {
  return bytes === undefined || bytes.length !== sizeBytes ? 0 : bytes.readUIntBE(0, sizeBytes)
}

function growthOf(table: Table, { before, after }: ItemChange): number {
  return collectionShare(table, after) - collectionShare(table, before)
}
