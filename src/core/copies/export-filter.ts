/** Which items an export has, and what of them: the FilterSpecification of a request. */
import type { AttributeValue, Item } from '../attribute/value.ts'
import { ExpressionContext } from '../expression/bind/expression-context.ts'
import { evaluate } from '../expression/evaluate/evaluate.ts'
import { parseCondition, parseProjection } from '../expression/parse.ts'
import { itemProjector } from '../item/project.ts'
import { keyComparisons } from '../read/key-condition.ts'
import { checkQueryFilter, queryRange } from '../read/query-range.ts'
import type { KeySchema } from '../table/table.ts'

/** As the request has it. */
export type ExportFilter = {
  readonly FilterExpression?: string | undefined
  readonly ProjectionExpression?: string | undefined
  readonly KeyConditionExpression?: string | undefined
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>> | undefined
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>> | undefined
}

/** Shows what of an item is exported; undefined for one that is not. */
export type ItemFilter = (item: Item) => Item | undefined

/** Throws a ServiceError in the words of Query for what is wrong. */
export function exportFilter(asked: ExportFilter, key: KeySchema): ItemFilter {
  const { FilterExpression, ProjectionExpression, KeyConditionExpression } = asked
  const context = new ExpressionContext({
    names: asked.ExpressionAttributeNames,
    values: asked.ExpressionAttributeValues,
  })
  const ofKey =
    KeyConditionExpression === undefined
      ? undefined
      : parseCondition(KeyConditionExpression, 'KeyConditionExpression', context)
  const filter =
    FilterExpression === undefined ? undefined : parseCondition(FilterExpression, 'FilterExpression', context)
  const projection = ProjectionExpression === undefined ? undefined : parseProjection(ProjectionExpression, context)
  context.finish()
  if (ofKey !== undefined) {
    const target = { table: { key }, index: undefined }
    queryRange(target, keyComparisons(ofKey))
    if (filter !== undefined) checkQueryFilter(filter, target, 'FilterExpression')
  }
  const shown = projection === undefined ? undefined : itemProjector(projection.paths)
  return (item) => {
    const isAsked = [ofKey, filter].every((condition) => condition === undefined || evaluate(condition, item))
    return isAsked ? (shown?.(item) ?? item) : undefined
  }
}
