/** Files that are one JSON document: requests of BatchWriteItem, answers of Scan and Query, and documents that describe tables with their items. */
import { isRecord, type Found, type LoadRecord, type Source } from '../load-record.ts'
import { recordIn } from './json-lines.ts'
import { readTables } from '../../testing/tables/read-tables.ts'
import type { TableDefinition } from '../../testing/tables/table-definition.ts'

export type Document = { readonly source: Source; readonly tables: readonly TableDefinition[] }

/** Undefined for a document of none of these forms. */
export function documentSource(path: string, value: unknown, table: string | undefined): Document | undefined {
  if (Array.isArray(value))
    return plain(
      path,
      value.map((each, at) => found(`${path}[${at}]`, each, table)),
    )
  if (!isRecord(value)) return undefined
  if (Array.isArray(value['Items']))
    return plain(
      path,
      value['Items'].map((each, at) => found(`${path}: Items[${at}]`, each, table)),
    )
  const requests = isRecord(value['RequestItems']) ? value['RequestItems'] : value
  if (isRequests(requests)) return plain(path, requestsIn(path, requests))
  if (!isOfTables(value)) return undefined
  const tables = readTables(value, path)
  return { ...plain(path, tables.flatMap(itemsOf)), tables }
}

type Unplaced = Omit<Found, 'position'>

function plain(path: string, all: readonly Unplaced[]): Document {
  const records = async function* (after: number): AsyncGenerator<Found> {
    for (const [at, each] of all.entries()) if (at + 1 > after) yield { ...each, position: at + 1 }
  }
  return { source: { name: path, records }, tables: [] }
}

function found(place: string, value: unknown, table: string | undefined): Unplaced {
  const record = recordIn(value, { table, sizeBytes: sizeOf(value) })
  return record === undefined ? { place, record, problem: 'it is no item as DynamoDB JSON' } : { place, record }
}

function itemsOf({ from, input, items = [] }: TableDefinition): readonly Unplaced[] {
  return items.map((item, at) => found(`${from}: item ${at + 1}`, item, input.TableName))
}

type Requests = Readonly<Record<string, readonly unknown[]>>

function isRequests(value: Readonly<Record<string, unknown>>): value is Requests {
  const lists = Object.values(value)
  return lists.length > 0 && lists.every((list) => Array.isArray(list) && list.every(isRequest))
}

const isRequest = (value: unknown): boolean =>
  isRecord(value) && (isRecord(value['PutRequest']) || isRecord(value['DeleteRequest']))

function requestsIn(path: string, requests: Requests): readonly Unplaced[] {
  return Object.entries(requests).flatMap(([table, list]) =>
    list.map((request, at): Unplaced => {
      const { PutRequest: put, DeleteRequest: gone } = request as Record<string, Readonly<Record<string, unknown>>>
      const of = { table, sizeBytes: sizeOf(request) }
      const record: LoadRecord = { ...of, put: asItem(put?.['Item']), remove: asItem(gone?.['Key']) }
      const place = `${path}: ${table}[${at}]`
      const isOne = (record.put === undefined) !== (record.remove === undefined)
      return isOne ? { place, record } : { place, record: undefined, problem: 'it is no request of BatchWriteItem' }
    }),
  )
}

const asItem = (value: unknown): LoadRecord['put'] => (isRecord(value) ? value : undefined)
const sizeOf = (value: unknown): number => JSON.stringify(value).length

const isOfTables = (value: Readonly<Record<string, unknown>>): boolean =>
  ['TableName', 'Resources', 'planned_values', 'DataModel'].some((member) => value[member] !== undefined)
