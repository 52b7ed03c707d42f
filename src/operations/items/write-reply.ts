/** What PutItem, UpdateItem and DeleteItem answer: attributes before or after, and the item collection. */
import type { UpdateItemInput, UpdateItemOutput } from '@aws-sdk/client-dynamodb'
import { returnedAttributes } from '../../core/write/return-values.ts'
import type { Outcome } from '../../core/write/write.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { collectionMetrics, type TableWrite } from './collection-metrics.ts'

type Asked = Pick<Wire<UpdateItemInput>, 'ReturnValues' | 'ReturnItemCollectionMetrics'>

type Done = TableWrite & { readonly outcome: Outcome }

export function writeReply(
  asked: Asked,
  { table, write, outcome }: Done,
  { engine }: OperationContext,
): Wire<UpdateItemOutput> {
  const update = write.kind === 'update' ? write.update : undefined
  const attributes = returnedAttributes(asked.ReturnValues ?? 'NONE', outcome, update)
  const metrics = collectionMetrics(asked.ReturnItemCollectionMetrics, { table, write }, engine)
  return {
    ...(attributes === undefined ? {} : { Attributes: attributes }),
    ...(metrics === undefined ? {} : { ItemCollectionMetrics: metrics }),
  }
}
