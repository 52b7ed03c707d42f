import type { QueryInput, QueryOutput } from '@aws-sdk/client-dynamodb'
import { type AttributeValue, type Item, setAttribute } from '../../core/attribute/value.ts'
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
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { indexForRead, tableForItems } from '../checks/table-exists.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { attributesIn, keyAmong, selects } from '../touch.ts'
import { placeholdersOf } from './condition-of.ts'
import { readReply } from './page-reply.ts'
import { checkSelect, selectionOf } from './selection.ts'

type Input = Wire<QueryInput>

export const query = defineOperation<Input, Ready, Wire<QueryOutput>>({
  name: 'Query',
  kind: 'read',
  checksOwnValues: true,
  checks: [expressionParameters('Query'), startKeyValues('Query')],
  prepare: (input) => {
    const parsed = parse(input)
    checkSelect(input, 'Query')
    return { input, parsed }
  },
  touches: ({ input, parsed: { comparisons, filter, projection } }) => {
    const named = attributesIn({ conditions: [filter], projection })
    const compared = comparisons?.map(({ name }) => name) ?? Object.keys(input.KeyConditions ?? {})
    return [
      {
        action: 'Query',
        table: input.TableName,
        index: input.IndexName,
        keysOf: (key) => [equalities(key, comparisons ?? legacyComparisons(input, key))],
        attributes: [...new Set([...compared, ...named])],
        says: { select: selects(projection, input) },
      },
    ]
  },
  run: ({ input, parsed }, context) =>
    readReply('Query', { plan: planOf(input, parsed, context), asked: input }, context),
  capacity: 'one',
})

type Ready = { readonly input: Input; readonly parsed: Parsed }

type Parsed = {
  /** Undefined for the older KeyConditions, which are read with the table's key at hand. */
  readonly comparisons: readonly KeyComparison[] | undefined
  readonly filter: Condition | undefined
  readonly filterSource: FilterSource
  readonly projection: Projection | undefined
}

function parse(input: Input): Parsed {
  const { KeyConditionExpression, FilterExpression, ProjectionExpression, AttributesToGet, QueryFilter } = input
  checkComparedValues(QueryFilter, 'newer')
  checkComparedValues(input.KeyConditions, 'newer')
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
  return { comparisons: comparisonsOf(input, keyCondition), filter, filterSource, projection }
}

function comparisonsOf({ KeyConditions }: Input, condition: Condition | undefined): Parsed['comparisons'] {
  if (condition !== undefined) return keyComparisons(condition)
  if (KeyConditions === undefined)
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    )
  return undefined
}

function legacyComparisons({ KeyConditions }: Input, key: KeySchema): readonly KeyComparison[] {
  return [...keyTestsOfConditions(KeyConditions as LegacyConditions, key)].map(([name, test]) => ({ name, test }))
}

/** The attributes of the key that are given with equality. */
function equalities(key: KeySchema, comparisons: readonly KeyComparison[]): Item {
  const equal: Record<string, AttributeValue> = {}
  for (const { name, test } of comparisons) if (test.op === '=') setAttribute(equal, name, test.value)
  return keyAmong(key, equal)
}

function planOf(
  input: Input,
  { comparisons, filter, filterSource, projection }: Parsed,
  context: OperationContext,
): ReadPlan {
  const table = tableForItems(input.TableName, context)
  assertScalarKeys(table, { condition: filter, projection })
  const index = indexForRead(table, input)
  const selection = selectionOf(table, index, input.Select, projection)
  const target = { table, index }
  const asked = queryRange(target, comparisons ?? legacyComparisons(input, (index ?? table).key))
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
