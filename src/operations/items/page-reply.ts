/** What Query and Scan answer. The items are JSON already and are spliced in; only the few members around them are made. */
import { pageReadCapacity } from '../../core/read/capacity.ts'
import { type CapacityDetail, consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { lastEvaluatedKey } from '../../core/read/page-token.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import type { Turns } from '../../core/turns.ts'
import { inTurns } from '../in-turns.ts'
import { type OperationContext, Rendered } from '../operation.ts'
import { splicedItems } from './spliced.ts'

type Asked = {
  readonly TableName: string | undefined
  readonly ConsistentRead?: boolean | undefined
  readonly ReturnConsumedCapacity?: CapacityDetail | undefined
}

export function readReply(plan: ReadPlan, asked: Asked, context: OperationContext): Rendered | Promise<Rendered> {
  return inTurns(replyInTurns(plan, asked, context), context)
}

function* replyInTurns(plan: ReadPlan, asked: Asked, { engine }: OperationContext): Turns<Rendered> {
  const page = yield* engine.read(plan)
  const consistency = asked.ConsistentRead === true ? 'strong' : 'eventual'
  const lastKey = lastEvaluatedKey(plan, page)
  const capacity = consumedCapacity(
    asked.TableName ?? plan.table.name,
    pageReadCapacity(plan, page, consistency),
    asked.ReturnConsumedCapacity,
  )
  const members = [
    `"Count":${page.count},"ScannedCount":${page.scannedCount}`,
    ...(lastKey === undefined ? [] : [`"LastEvaluatedKey":${JSON.stringify(lastKey)}`]),
    ...(capacity === undefined ? [] : [`"ConsumedCapacity":${JSON.stringify(capacity)}`]),
  ].join(',')
  if (plan.countOnly) return new Rendered(Buffer.from(`{${members}}`))
  const items = yield* splicedItems(page.items)
  return new Rendered(Buffer.concat([itemsStart, ...items, Buffer.from(`],${members}}`)]))
}

const itemsStart = Buffer.from('{"Items":[')
