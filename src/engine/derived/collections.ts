/** The sizes of item collections (core/write/item-collection.ts), kept in the groups of the writes that change them. */
import type { Item } from '../../core/attribute/value.ts'
import { collectionShare, hasItemCollections } from '../../core/write/item-collection.ts'
import type { Refusal } from '../../core/write/write.ts'
import type { Table } from '../../core/table/table.ts'
import { stepRowsMax } from '../../core/limits/limits.ts'
import { rowIn } from '../store/damaged-record.ts'
import type { Auditing, AuditedRow, Derived, FoundEntries, RowChange, Step } from './derived-entry.ts'
import type { Group } from '../commands/flush-group.ts'
import { collectionKey, rowKey, rowPrefixBytes, tableCollections, tableRows } from '../store/keys.ts'
import type { State } from '../state.ts'

type ItemChange = { readonly before: Item | undefined; readonly after: Item | undefined }

/** What the writes of a transaction before this one add to collections, by the collection's key. */
export type Growths = Map<string, number>

export const itemCollections: Derived = {
  name: 'item collections',
  edit,
  fill: () => {},
  drop: (table) => [tableCollections(table)],
  rebuild: {
    row: addRow,
    end: (auditing, { group }) => endCollection(auditing, group),
    strays: ({ number }) => [{ range: tableCollections(number), audit: removeStrays }],
  },
}

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

function edit(state: State, group: Group, { table, key, at, items }: RowChange): void {
  if (!hasItemCollections(table)) return
  const growth = growthOf(table, items)
  if (growth === 0) return
  const collection = collectionKey(table.number, key)
  state.counts.tally?.followCollection(at, collection, growth)
  const size = collectionSizeIn(state.damage.asFound(() => state.groups.get(collection)))
  putSize(state, group, collection, size + growth)
}

function putSize(state: State, group: Group, collection: Buffer, size: number): void {
  const bytes = Buffer.allocUnsafe(sizeBytes)
  bytes.writeUIntBE(Math.max(0, size), 0, sizeBytes)
  state.groups.put(group, collection, size <= 0 ? undefined : bytes)
}

/** The rows of a collection come one after another. */
function addRow(auditing: Auditing, { group, table }: Step, { key, item }: AuditedRow): void {
  if (item === undefined || !hasItemCollections(table)) return
  const { tally } = auditing
  const collection = collectionKey(table.number, key)
  if (tally.collection?.key.equals(collection) !== true) {
    endCollection(auditing, group)
    tally.collection = { key: collection, bytes: 0 }
  }
  tally.collection.bytes += collectionShare(table, item)
}

function endCollection({ state, tally, corrected }: Auditing, group: Group): void {
  const { collection } = tally
  if (collection === undefined) return
  tally.collection = undefined
  const size = state.damage.asFound(() => state.groups.get(collection.key))
  if (collectionSizeIn(size) === collection.bytes) return
  putSize(state, group, collection.key, collection.bytes)
  corrected()
}

/** Of a collection that has no item any more. */
function removeStrays({ state, corrected }: Auditing, { group, table }: Step, found: FoundEntries): void {
  for (const [key] of found) {
    const from = rowKey(table.number, key.subarray(rowPrefixBytes))
    const part = state.groups.entries({ from, to: tableRows(table.number).to }, stepRowsMax).entries
    const rows = part.filter(([at]) => at.subarray(0, from.length).equals(from))
    const isLong = rows.length === stepRowsMax
    if (isLong || rows.some(([, row]) => rowIn(row)?.tombstone === false)) continue
    state.groups.put(group, key, undefined)
    corrected()
  }
}

const sizeBytes = 6

export function collectionSizeIn(bytes: Buffer | undefined): number {
  return bytes === undefined || bytes.length !== sizeBytes ? 0 : bytes.readUIntBE(0, sizeBytes)
}

function growthOf(table: Table, { before, after }: ItemChange): number {
  return collectionShare(table, after) - collectionShare(table, before)
}
