/** What a request has consumed and how large item collections are, in the forms that DAX's clients read. */
import type { AttributeValue } from '../../attribute/value.ts'
import { CborWriter } from '../../cbor/cbor-writer.ts'
import { capacity } from '../protocol.ts'
import { writeValue } from './value-codec.ts'

export type Units = {
  readonly CapacityUnits?: number
  readonly ReadCapacityUnits?: number
  readonly WriteCapacityUnits?: number
}
export type IndexUnits = Readonly<Record<string, Units>>
export type ConsumedCapacity = Units & {
  readonly TableName?: string
  readonly Table?: Units
  readonly GlobalSecondaryIndexes?: IndexUnits
  readonly LocalSecondaryIndexes?: IndexUnits
}
export type CollectionMetrics = {
  readonly ItemCollectionKey?: Readonly<Record<string, AttributeValue>>
  readonly SizeEstimateRangeGB?: readonly number[]
}

/** Of every operation but transactions. */
export function encodeCapacity(consumed: ConsumedCapacity): Buffer {
  const { TableName = '', CapacityUnits = 0, Table, GlobalSecondaryIndexes, LocalSecondaryIndexes } = consumed
  const writer = new CborWriter().text(TableName).float(CapacityUnits)
  if (Table === undefined) writer.null()
  else writer.float(Table.CapacityUnits ?? 0)
  for (const indexes of [GlobalSecondaryIndexes, LocalSecondaryIndexes]) {
    if (indexes === undefined) writer.null()
    else writeIndexes(writer, indexes, ({ CapacityUnits: units = 0 }) => void writer.float(units))
  }
  return writer.finish()
}

export function writeCapacities(writer: CborWriter, all: readonly ConsumedCapacity[] = []): void {
  writer.array(all.length)
  for (const consumed of all) writer.bytes(encodeCapacity(consumed))
}

/** Of transactions, which say what was read and what was written. */
export function writeTransactCapacities(writer: CborWriter, all: readonly ConsumedCapacity[] = []): void {
  writer.array(all.length)
  for (const consumed of all) {
    const { TableName, Table, GlobalSecondaryIndexes, LocalSecondaryIndexes } = consumed
    writer.openMap()
    if (TableName !== undefined) writer.integer(capacity.tableName).text(TableName)
    writeUnits(writer, consumed)
    if (Table !== undefined) writeUnitMap(writer.integer(capacity.table), Table)
    const each = (units: Units): void => writeUnitMap(writer, units)
    if (GlobalSecondaryIndexes !== undefined)
      writeIndexes(writer.integer(capacity.globalIndexes), GlobalSecondaryIndexes, each)
    if (LocalSecondaryIndexes !== undefined)
      writeIndexes(writer.integer(capacity.localIndexes), LocalSecondaryIndexes, each)
    writer.close()
  }
}

function writeUnitMap(writer: CborWriter, units: Units): void {
  writeUnits(writer.openMap(), units)
  writer.close()
}

function writeUnits(writer: CborWriter, { CapacityUnits, ReadCapacityUnits, WriteCapacityUnits }: Units): void {
  if (CapacityUnits !== undefined) writer.integer(capacity.units).float(CapacityUnits)
  if (ReadCapacityUnits !== undefined) writer.integer(capacity.readUnits).float(ReadCapacityUnits)
  if (WriteCapacityUnits !== undefined) writer.integer(capacity.writeUnits).float(WriteCapacityUnits)
}

function writeIndexes(writer: CborWriter, indexes: IndexUnits, write: (units: Units) => void): void {
  const entries = Object.entries(indexes)
  writer.map(entries.length)
  for (const [name, units] of entries) {
    writer.text(name)
    write(units)
  }
}

export function encodeMetrics({ ItemCollectionKey = {}, SizeEstimateRangeGB = [] }: CollectionMetrics): Buffer {
  const writer = new CborWriter()
  for (const value of Object.values(ItemCollectionKey).slice(0, 1)) writeValue(writer, value)
  const [lower = 0, upper = 0] = SizeEstimateRangeGB
  return writer.float(lower).float(upper).finish()
}

export function writeMetrics(
  writer: CborWriter,
  byTable: Readonly<Record<string, readonly CollectionMetrics[]>> = {},
): void {
  const entries = Object.entries(byTable)
  writer.map(entries.length)
  for (const [table, all] of entries) {
    writer.text(table).array(all.length)
    for (const metrics of all) writer.bytes(encodeMetrics(metrics))
  }
}
