/**
 * What reads and writes cost, in DynamoDB's capacity units, and how a reply shows it. A read unit is 4 KB read
 * consistently, half of it eventually, two in a transaction; a page of a Query or Scan is rounded up as a whole. Figures
 * are kept by table and index, since replies break them down and limits count them apart.
 */
import { capacityReadUnitBytes, capacityWriteUnitBytes } from '../limits/limits.ts'
import type { Index } from '../table/table.ts'
import type { Page, ReadPlan } from './read-plan.ts'

export type Consistency = 'eventual' | 'strong' | 'transactional'

export type IndexUnits = { readonly index: Pick<Index, 'name' | 'kind'>; readonly units: number }
export type Capacity = { readonly table: number; readonly indexes: readonly IndexUnits[] }

const unitsOf: Readonly<Record<Consistency, number>> = { eventual: 0.5, strong: 1, transactional: 2 }

/** Looking for what is not there costs as much as the smallest item. */
export function readUnits(sizeBytes: number, consistency: Consistency): number {
  return Math.max(1, Math.ceil(sizeBytes / capacityReadUnitBytes)) * unitsOf[consistency]
}

export function itemReadCapacity(sizeBytes: number, consistency: Consistency): Capacity {
  return { table: readUnits(sizeBytes, consistency), indexes: [] }
}

/** A write's share of the table alone; all of it for one whose condition is not met. */
export function itemWriteCapacity(sizeBytes: number, transactional = false): Capacity {
  const units = Math.max(1, Math.ceil(sizeBytes / capacityWriteUnitBytes))
  return { table: transactional ? 2 * units : units, indexes: [] }
}

/** An index read is charged to the index; the items that a local index fetched, one by one, to the table. */
export function pageReadCapacity(
  plan: Pick<ReadPlan, 'index'>,
  page: Pick<Page, 'scannedSizeBytes' | 'fetchedSizesBytes'>,
  consistency: Consistency,
): Capacity {
  const scanned = readUnits(page.scannedSizeBytes, consistency)
  if (plan.index === undefined) return { table: scanned, indexes: [] }
  let fetched = 0
  for (const size of page.fetchedSizesBytes) fetched += readUnits(size, consistency)
  return { table: fetched, indexes: [{ index: plan.index, units: scanned }] }
}

export function totalUnits(capacity: Capacity): number {
  let total = capacity.table
  for (const { units } of capacity.indexes) total += units
  return total
}

export const noCapacity: Capacity = { table: 0, indexes: [] }

/** Of the same table: batches and transactions report one figure for each. */
export function addCapacity(a: Capacity, b: Capacity): Capacity {
  if (b.indexes.length === 0) return { table: a.table + b.table, indexes: a.indexes }
  const indexes = new Map(a.indexes.map((entry) => [entry.index.name, entry]))
  for (const { index, units } of b.indexes)
    indexes.set(index.name, { index, units: units + (indexes.get(index.name)?.units ?? 0) })
  return { table: a.table + b.table, indexes: [...indexes.values()] }
}
