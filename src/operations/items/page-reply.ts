/** What Query and Scan answer. The items are JSON already and are spliced in; only the few members around them are made. */
import { pageReadCapacity } from '../../core/read/capacity.ts'
import { type CapacityDetail, consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { lastEvaluatedKey } from '../../core/read/page-token.ts'
import type { Page, ReadPlan } from '../../core/read/read-plan.ts'
import { type OperationContext, Rendered } from '../operation.ts'

type Asked = {
  readonly TableName: string | undefined
  readonly ConsistentRead?: boolean | undefined
  readonly ReturnConsumedCapacity?: CapacityDetail | undefined
}

export function readReply(plan: ReadPlan, asked: Asked, { engine }: OperationContext): Rendered {
  const page = engine.read(plan)
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
  return plan.countOnly ? new Rendered(Buffer.from(`{${members}}`)) : withItems(page, members)
}

const itemsStart = Buffer.from('{"Items":[')
const comma = Buffer.from(',')

function withItems({ items }: Page, members: string): Rendered {
  const chunks: Buffer[] = [itemsStart]
  for (const item of items) chunks.push(item, comma)
  if (items.length > 0) chunks.pop()
  chunks.push(Buffer.from(`],${members}}`))
  return new Rendered(Buffer.concat(chunks))
}
