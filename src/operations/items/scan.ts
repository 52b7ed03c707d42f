import type { ScanInput, ScanOutput } from '@aws-sdk/client-dynamodb'
import type { Condition } from '../../core/expression/condition.ts'
import { lowerAttributesToGet } from '../../core/expression/legacy/attributes-to-get.ts'
import { type LegacyConditions, lowerFilter } from '../../core/expression/legacy/filter.ts'
import { parseCondition, parseProjection } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { segmentRange, wholeRange } from '../../core/key/key-range.ts'
import { scanStart, type Segment } from '../../core/read/page-token.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { checkComparedValues } from '../checks/legacy-values.ts'
import { segments } from '../checks/segments.ts'
import { startKeyValues } from '../checks/start-key.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { indexForRead, tableForItems } from '../checks/table-exists.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { attributesIn, selects } from '../touch.ts'
import { placeholdersOf } from './condition-of.ts'
import { readReply } from './page-reply.ts'
import { checkSelect, selectionOf } from './selection.ts'

type Input = Wire<ScanInput>

type Ready = { readonly input: Input; readonly parsed: Parsed }

export const scan = defineOperation<Input, Ready, Wire<ScanOutput>>({
  name: 'Scan',
  kind: 'read',
  checksOwnValues: true,
  checks: [expressionParameters('Scan'), startKeyValues('Scan'), segments],
  prepare: (input) => {
    const parsed = parse(input)
    checkSelect(input, 'Scan')
    return { input, parsed }
  },
  touches: ({ input, parsed: { filter, projection } }) => [
    {
      action: 'Scan',
      table: input.TableName,
      index: input.IndexName,
      attributes: attributesIn({ conditions: [filter], projection }),
      says: { select: selects(projection, input) },
    },
  ],
  run: ({ input, parsed }, context) =>
    readReply('Scan', { plan: planOf(input, parsed, context), asked: input }, context),
  capacity: 'one',
})

type Parsed = { readonly filter: Condition | undefined; readonly projection: Projection | undefined }

function parse(input: Input): Parsed {
  const { FilterExpression, ProjectionExpression, AttributesToGet, ScanFilter, ConditionalOperator } = input
  const context = placeholdersOf(input)
  checkComparedValues(ScanFilter, 'older')
  const older = AttributesToGet === undefined ? undefined : lowerAttributesToGet(AttributesToGet)
  const filter =
    FilterExpression === undefined
      ? lowerFilter(ScanFilter as LegacyConditions | undefined, ConditionalOperator)
      : parseCondition(FilterExpression, 'FilterExpression', context)
  const projection = ProjectionExpression === undefined ? older : parseProjection(ProjectionExpression, context)
  context.finish()
  return { filter, projection }
}

function planOf(input: Input, { filter, projection }: Parsed, context: OperationContext): ReadPlan {
  const table = tableForItems(input.TableName, context)
  assertScalarKeys(table, { condition: filter, projection })
  const index = indexForRead(table, input)
  const target = { table, index }
  const segment = segmentOf(input)
  const start = input.ExclusiveStartKey
  return {
    table,
    ...(index === undefined ? {} : { index }),
    range: segment === undefined ? wholeRange : segmentRange(segment.segment, segment.total),
    forward: true,
    ...(start === undefined ? {} : { after: scanStart(target, start, segment) }),
    ...(input.Limit === undefined ? {} : { limit: input.Limit }),
    ...(filter === undefined ? {} : { filter }),
    ...selectionOf(table, index, input.Select, projection),
  }
}

function segmentOf({ Segment, TotalSegments }: Input): Segment | undefined {
  return Segment === undefined || TotalSegments === undefined ? undefined : { segment: Segment, total: TotalSegments }
}
