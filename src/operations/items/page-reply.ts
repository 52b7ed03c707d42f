/** What Query and Scan answer. The items are JSON already and are spliced in; only the few members around them are made. */
import { pageReadCapacity } from '../../core/read/read-capacity.ts'
import { lastEvaluatedKey } from '../../core/read/page-token.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import type { Turns } from '../../core/turns.ts'
import { inTurns } from '../in-turns.ts'
import { Rendered, type RequestContext } from '../operation.ts'

type Asked = {
  readonly TableName: string | undefined
  readonly ConsistentRead?: boolean | undefined
}

export function readReply(
  operation: 'Query' | 'Scan',
  { plan, asked }: { readonly plan: ReadPlan; readonly asked: Asked },
  context: RequestContext,
): Rendered | Promise<Rendered> {
  return inTurns(replyInTurns(operation, { plan, asked }, context), context)
}

function* replyInTurns(
  operation: 'Query' | 'Scan',
  { plan, asked }: { readonly plan: ReadPlan; readonly asked: Asked },
  { engine, spent, env }: RequestContext,
): Turns<Rendered> {
  const page = yield* engine.read(plan)
  const consistency = asked.ConsistentRead === true ? 'strong' : 'eventual'
  const lastKey = lastEvaluatedKey(plan, page)
  spent.add('read', { name: asked.TableName, table: plan.table }, pageReadCapacity(plan, page, consistency))
  env.meter.observe('longitude_returned_items', page.count, { table: plan.table.name, operation })
  const members = [
    `"Count":${page.count},"ScannedCount":${page.scannedCount}`,
    ...(lastKey === undefined ? [] : [`"LastEvaluatedKey":${JSON.stringify(lastKey)}`]),
  ].join(',')
  if (plan.countOnly) return new Rendered(Buffer.from(`{${members}}`))
  return new Rendered([itemsStart, page.text, Buffer.from(`],${members}}`)])
}

const itemsStart = Buffer.from('{"Items":[')
