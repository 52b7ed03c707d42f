/** The ConsumedCapacity of a reply, as ReturnConsumedCapacity asks for it. */
import type { IndexUnits, Capacity } from './read-capacity.ts'
import { totalUnits } from './read-capacity.ts'

export type CapacityDetail = 'INDEXES' | 'TOTAL' | 'NONE'

export type CapacityShape = {
  readonly CapacityUnits: number
  readonly ReadCapacityUnits?: number
  readonly WriteCapacityUnits?: number
}

export type ConsumedCapacity = CapacityShape & {
  readonly TableName: string
  readonly Table?: CapacityShape
  readonly LocalSecondaryIndexes?: Readonly<Record<string, CapacityShape>>
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, CapacityShape>>
}

/**
 * undefined when the request does not ask for it. Only transactions say whether their units were read or written;
 * every other operation reports CapacityUnits alone. An index without units does not appear, but the table always does.
 */
export function consumedCapacity(
  tableName: string,
  capacity: Capacity,
  detail: CapacityDetail | undefined,
  transaction?: 'read' | 'write',
): ConsumedCapacity | undefined {
  if (detail !== 'TOTAL' && detail !== 'INDEXES') return undefined
  const total = { TableName: tableName, ...shape(totalUnits(capacity), transaction) }
  if (detail === 'TOTAL') return total
  return {
    ...total,
    Table: shape(capacity.table, transaction),
    ...indexShapes('LocalSecondaryIndexes', 'local', capacity.indexes, transaction),
    ...indexShapes('GlobalSecondaryIndexes', 'global', capacity.indexes, transaction),
  }
}

function shape(units: number, transaction: 'read' | 'write' | undefined): CapacityShape {
  if (transaction === undefined) return { CapacityUnits: units }
  return transaction === 'read'
    ? { CapacityUnits: units, ReadCapacityUnits: units }
    : { CapacityUnits: units, WriteCapacityUnits: units }
}

function indexShapes(
  member: 'LocalSecondaryIndexes' | 'GlobalSecondaryIndexes',
  kind: 'local' | 'global',
  indexes: readonly IndexUnits[],
  transaction: 'read' | 'write' | undefined,
): Partial<ConsumedCapacity> {
  const used = indexes.filter(({ index, units }) => index.kind === kind && units > 0)
  if (used.length === 0) return {}
  return { [member]: Object.fromEntries(used.map(({ index, units }) => [index.name, shape(units, transaction)])) }
}
