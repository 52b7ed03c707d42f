/** What PutItem, UpdateItem and DeleteItem answer: attributes before or after, capacity, and the item collection. */
import type { UpdateItemInput, UpdateItemOutput } from '@aws-sdk/client-dynamodb'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import type { Table } from '../../core/table/table.ts'
import { writeCapacity } from '../../core/write/capacity.ts'
import { returnedAttributes } from '../../core/write/return-values.ts'
import type { Outcome, Write } from '../../core/write/write.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { collectionMetrics } from './collection-metrics.ts'

type Asked = Pick<
  Wire<UpdateItemInput>,
  'TableName' | 'ReturnValues' | 'ReturnConsumedCapacity' | 'ReturnItemCollectionMetrics'
>

type Done = { readonly write: Write; readonly outcome: Outcome }

export function writeReply(
  asked: Asked,
  { write, outcome }: Done,
  { engine }: OperationContext,
): Wire<UpdateItemOutput> {
  const update = write.kind === 'update' ? write.update : undefined
  const attributes = returnedAttributes(asked.ReturnValues ?? 'NONE', outcome, update)
  const metrics = collectionMetrics(asked.ReturnItemCollectionMetrics, write, engine)
  return {
    ...(attributes === undefined ? {} : { Attributes: attributes }),
    ...consumed(asked, write.table, outcome),
    ...(metrics === undefined ? {} : { ItemCollectionMetrics: metrics }),
  }
}

function consumed(
  { TableName: name, ReturnConsumedCapacity: detail }: Asked,
  table: Table,
  outcome: Outcome,
): Pick<Wire<UpdateItemOutput>, 'ConsumedCapacity'> {
  if (detail === undefined || detail === 'NONE') return {}
  return { ConsumedCapacity: consumedCapacity(name ?? table.name, writeCapacity(table, outcome), detail) }
}
