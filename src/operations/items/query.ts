import type { QueryInput, QueryOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { parseCondition, parseProjection } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { pageReadCapacity } from '../../core/read/capacity.ts'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { keyComparisons } from '../../core/read/key-condition.ts'
import { lastEvaluatedKey, queryStart } from '../../core/read/page-token.ts'
import { checkQueryFilter, queryRange } from '../../core/read/query-range.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { startKeyValues } from '../checks/start-key.ts'
import { indexForRead, tableForItems } from '../checks/table-exists.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { placeholdersOf } from './condition-of.ts'
import { pageReply } from './page-reply.ts'
import { checkSelect, selectionOf } from './selection.ts'

type Input = Wire<QueryInput>

export const query = defineOperation<Input, Wire<QueryOutput>>({
  name: 'Query',
  kind: 'read',
  tables: (input) => [input.TableName],
  checksOwnValues: true,
  checks: [
    expressionParameters(
      ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
      ['AttributesToGet', 'QueryFilter', 'ConditionalOperator', 'KeyConditions'],
    ),
    startKeyValues,
  ],
  run: (input, context) => {
    const parsed = parse(input)
    checkSelect(input)
    const plan = planOf(input, parsed, context)
    const page = context.engine.read(plan)
    const consistency = input.ConsistentRead === true ? 'strong' : 'eventual'
    return pageReply({
      page,
      countOnly: plan.countOnly,
      lastKey: lastEvaluatedKey(plan, page),
      capacity: consumedCapacity(
        plan.table.name,
        pageReadCapacity(plan, page, consistency),
        input.ReturnConsumedCapacity,
      ),
    })
  },
})

type Parsed = {
  readonly keyCondition: Condition
  readonly filter: Condition | undefined
  readonly projection: Projection | undefined
}

function parse(input: Input): Parsed {
  const { KeyConditionExpression, FilterExpression, ProjectionExpression } = input
  const context = placeholdersOf(input)
  const keyCondition =
    KeyConditionExpression === undefined
      ? undefined
      : parseCondition(KeyConditionExpression, 'KeyConditionExpression', context)
  const filter =
    FilterExpression === undefined ? undefined : parseCondition(FilterExpression, 'FilterExpression', context)
  const projection = ProjectionExpression === undefined ? undefined : parseProjection(ProjectionExpression, context)
  context.finish()
  if (keyCondition === undefined)
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    )
  return { keyCondition, filter, projection }
}

function planOf(input: Input, { keyCondition, filter, projection }: Parsed, context: OperationContext): ReadPlan {
  const comparisons = keyComparisons(keyCondition)
  const table = tableForItems(input.TableName, context)
  const index = indexForRead(table, input)
  const selection = selectionOf(table, index, input.Select, projection)
  const target = { table, index }
  const asked = queryRange(target, comparisons)
  if (filter !== undefined) checkQueryFilter(filter, target, 'FilterExpression')
  const start = input.ExclusiveStartKey
  return {
    table,
    ...(index === undefined ? {} : { index }),
    range: asked.range,
    forward: input.ScanIndexForward !== false,
    ...(start === undefined ? {} : { after: queryStart(target, start, asked) }),
    ...(input.Limit === undefined ? {} : { limit: input.Limit }),
    ...(filter === undefined ? {} : { filter }),
    ...selection,
  }
}
