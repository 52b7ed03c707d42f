import type { QueryInput, QueryOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { lowerAttributesToGet } from '../../core/expression/legacy/attributes-to-get.ts'
import { type LegacyConditions, lowerFilter } from '../../core/expression/legacy/filter.ts'
import { keyTestsOfConditions } from '../../core/expression/legacy/key-conditions.ts'
import { parseCondition, parseProjection } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { type KeyComparison, keyComparisons } from '../../core/read/key-condition.ts'
import { queryStart } from '../../core/read/page-token.ts'
import { checkQueryFilter, type FilterSource, queryRange } from '../../core/read/query-range.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import type { KeySchema } from '../../core/table/table.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { checkComparedValues } from '../checks/legacy-values.ts'
import { startKeyValues } from '../checks/start-key.ts'
import { indexForRead, tableForItems } from '../checks/table-exists.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { placeholdersOf } from './condition-of.ts'
import { readReply } from './page-reply.ts'
import { checkSelect, selectionOf } from './selection.ts'

type Input = Wire<QueryInput>

export const query = defineOperation<Input, Wire<QueryOutput>>({
  name: 'Query',
  kind: 'read',
  tables: (input) => [input.TableName],
  checksOwnValues: true,
  checks: [expressionParameters('Query'), startKeyValues],
  run: (input, context) => {
    const parsed = parse(input)
    checkSelect(input)
    return readReply(planOf(input, parsed, context), input, context)
  },
})

type Parsed = {
  /** What the key attributes are compared with; which attributes these are is seen once the table is known. */
  readonly keys: (key: KeySchema) => readonly KeyComparison[]
  readonly filter: Condition | undefined
  readonly filterSource: FilterSource
  readonly projection: Projection | undefined
}

function parse(input: Input): Parsed {
  const { KeyConditionExpression, FilterExpression, ProjectionExpression, AttributesToGet, QueryFilter } = input
  checkComparedValues(QueryFilter)
  checkComparedValues(input.KeyConditions)
  const context = placeholdersOf(input)
  const older = AttributesToGet === undefined ? undefined : lowerAttributesToGet(AttributesToGet)
  const keyCondition =
    KeyConditionExpression === undefined
      ? undefined
      : parseCondition(KeyConditionExpression, 'KeyConditionExpression', context)
  const filter =
    FilterExpression === undefined
      ? lowerFilter(QueryFilter as LegacyConditions | undefined, input.ConditionalOperator)
      : parseCondition(FilterExpression, 'FilterExpression', context)
  const projection = ProjectionExpression === undefined ? older : parseProjection(ProjectionExpression, context)
  context.finish()
  const filterSource = FilterExpression === undefined ? 'QueryFilter' : 'FilterExpression'
  return { keys: keysOf(input, keyCondition), filter, filterSource, projection }
}

function keysOf({ KeyConditions }: Input, condition: Condition | undefined): Parsed['keys'] {
  if (condition !== undefined) {
    const comparisons = keyComparisons(condition)
    return () => comparisons
  }
  if (KeyConditions === undefined)
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    )
  return (key) =>
    [...keyTestsOfConditions(KeyConditions as LegacyConditions, key)].map(([name, test]) => ({ name, test }))
}

function planOf(input: Input, { keys, filter, filterSource, projection }: Parsed, context: OperationContext): ReadPlan {
  const table = tableForItems(input.TableName, context)
  const index = indexForRead(table, input)
  const selection = selectionOf(table, index, input.Select, projection)
  const target = { table, index }
  const asked = queryRange(target, keys((index ?? table).key))
  if (filter !== undefined) checkQueryFilter(filter, target, filterSource)
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
