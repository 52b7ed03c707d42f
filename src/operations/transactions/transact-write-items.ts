import type { TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { parseCondition, parseUpdate } from '../../core/expression/parse.ts'
import { type NewItem, sizeOfNewItem } from '../../core/item/sent-item.ts'
import { itemSizeBytesMax } from '../../core/limits.ts'
import type { Table } from '../../core/table/table.ts'
import { checkItem, checkValues } from '../../core/wire/attribute-values.ts'
import type { Write } from '../../core/write/write.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { conditionOf, placeholdersOf } from '../items/condition-of.ts'
import { type ItemKey, keyOfItem, keyOfKey } from '../items/item-key.ts'
import { defineOperation, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { eachOrCancelled, reasonOf } from './cancellation.ts'
import { commitTransaction } from './commit-transaction.ts'

type Given = NonNullable<Wire<TransactWriteItem>['Put']>
type Put = Omit<Given, 'Item'> & { readonly Item?: NewItem | undefined }
type Action = Omit<Wire<TransactWriteItem>, 'Put'> & { readonly Put?: Put }
type Input = Omit<Wire<TransactWriteItemsInput>, 'TransactItems'> & {
  readonly TransactItems?: readonly Action[]
}
type Output = Wire<TransactWriteItemsOutput>

export const transactWriteItems = defineOperation<Input, Output>({
  name: 'TransactWriteItems',
  kind: 'write',
  tables: (input) => (input.TransactItems ?? []).map((action) => partOf(action)?.TableName),
  checksOwnValues: true,
  checks: [oneActionEach, values],
  run: async (input, context) => {
    const planned = (input.TransactItems ?? []).map((action) => plan(action, context))
    const writes = eachOrCancelled(planned, (make) => make())
    const names = (input.TransactItems ?? []).map((action) => partOf(action)?.TableName)
    return commitTransaction(writes, { ...input, names, content: input.TransactItems, reasonOf }, context)
  },
})

const partOf = ({ ConditionCheck, Put, Delete, Update }: Action) => ConditionCheck ?? Put ?? Delete ?? Update

function oneActionEach({ TransactItems = [] }: Input): void {
  for (const { ConditionCheck, Put, Delete, Update } of TransactItems)
    if ([ConditionCheck, Put, Delete, Update].filter((part) => part !== undefined).length !== 1)
      throw validationError('TransactItems can only contain one of Check, Put, Update or Delete')
}

const conditional = expressionParameters('PutItem')
const updating = expressionParameters('UpdateItem')

function values({ TransactItems = [] }: Input, context: OperationContext): void {
  for (const { ConditionCheck, Put, Delete, Update } of TransactItems) {
    if (Update !== undefined) updating(Update, context)
    else conditional(ConditionCheck ?? Put ?? Delete ?? {}, context)
    if (Put?.Item === undefined) checkValues((ConditionCheck ?? Delete ?? Update)?.Key ?? {})
    else checkItem(Put.Item)
    if (Put?.Item !== undefined && sizeOfNewItem(Put.Item) > itemSizeBytesMax)
      throw validationError('Item size has exceeded the maximum allowed size')
  }
}

/** Expressions are read and tables found at once; what is left to do may cancel the transaction with a reason. */
function plan({ ConditionCheck, Put, Delete, Update }: Action, context: OperationContext): () => Write {
  if (Put !== undefined) {
    const { Item: item = {} } = Put
    const rest = common(Put, context)
    return () => ({ kind: 'put', item, ...rest, ...keyOfItem(rest.table, item) })
  }
  if (Update !== undefined) return planUpdate(Update, context)
  if (Delete !== undefined) {
    const rest = common(Delete, context)
    return () => ({ kind: 'delete', ...rest, ...keyOf(rest.table, Delete.Key) })
  }
  const { ConditionExpression = '', ...check } = ConditionCheck ?? {}
  const { condition, ...rest } = common({ ConditionExpression, ...check }, context)
  if (condition === undefined) throw validationError('ConditionExpression is required in a ConditionCheck')
  return () => ({ kind: 'check', condition, ...rest, ...keyOf(rest.table, ConditionCheck?.Key) })
}

function planUpdate(update: NonNullable<Action['Update']>, context: OperationContext): () => Write {
  const placeholders = placeholdersOf(update)
  const parsed = parseUpdate(update.UpdateExpression ?? '', placeholders)
  const condition =
    update.ConditionExpression === undefined
      ? {}
      : { condition: parseCondition(update.ConditionExpression, 'ConditionExpression', placeholders) }
  placeholders.finish()
  const table = tableForItems(update.TableName, context)
  const returnItemOnRefusal = update.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
  return () => ({
    kind: 'update',
    table,
    update: parsed,
    returnItemOnRefusal,
    ...condition,
    ...keyOf(table, update.Key),
  })
}

type Conditional = Pick<
  NonNullable<Action['Delete']>,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'ReturnValuesOnConditionCheckFailure'
> & { readonly TableName?: string | undefined }

function common(part: Conditional, context: OperationContext) {
  const condition = conditionOf(part)
  const returnItemOnRefusal = part.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
  return { table: tableForItems(part.TableName, context), returnItemOnRefusal, ...condition }
}

const keyOf = (table: Table, key: Item | undefined): ItemKey => keyOfKey(table, key ?? {})
