/** What PutItem, UpdateItem and DeleteItem answer: attributes before or after, capacity, and the item collection. */
import type { ItemCollectionMetrics, UpdateItemInput, UpdateItemOutput } from '@aws-sdk/client-dynamodb'
import { attribute, type Item } from '../../core/attribute/value.ts'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import type { Table } from '../../core/table/table.ts'
import { writeCapacity } from '../../core/write/capacity.ts'
import { returnedAttributes } from '../../core/write/return-values.ts'
import type { Outcome, Write } from '../../core/write/write.ts'
import type { Wire } from '../sdk-shape.ts'

type Asked = Pick<Wire<UpdateItemInput>, 'ReturnValues' | 'ReturnConsumedCapacity' | 'ReturnItemCollectionMetrics'>

export function writeReply(asked: Asked, write: Write, outcome: Outcome): Wire<UpdateItemOutput> {
  const update = write.kind === 'update' ? write.update : undefined
  const attributes = returnedAttributes(asked.ReturnValues ?? 'NONE', outcome, update)
  return {
    ...(attributes === undefined ? {} : { Attributes: attributes }),
    ...consumed(asked, write.table, outcome),
    ...itemCollectionMetrics(asked.ReturnItemCollectionMetrics, write.table, write.keyAttributes),
  }
}

function consumed(
  { ReturnConsumedCapacity: detail }: Asked,
  table: Table,
  outcome: Outcome,
): Pick<Wire<UpdateItemOutput>, 'ConsumedCapacity'> {
  if (detail === undefined || detail === 'NONE') return {}
  return { ConsumedCapacity: consumedCapacity(table.name, writeCapacity(table, outcome), detail) }
}

/** Only tables with local indexes have item collections; the estimate is in whole gigabytes and we hold few of them. */
export function itemCollectionMetrics(
  asked: 'SIZE' | 'NONE' | undefined,
  table: Table,
  keyAttributes: Item,
): { readonly ItemCollectionMetrics?: Wire<ItemCollectionMetrics> } {
  const partition = table.key.partition[0]
  if (asked !== 'SIZE' || partition === undefined || !table.indexes.some((index) => index.kind === 'local')) return {}
  const value = attribute(keyAttributes, partition.name)
  if (value === undefined) return {}
  return { ItemCollectionMetrics: { ItemCollectionKey: { [partition.name]: value }, SizeEstimateRangeGB: [0, 1] } }
}
