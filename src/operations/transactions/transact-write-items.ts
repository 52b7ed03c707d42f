import type { TransactWriteItem, TransactWriteItemsInput, TransactWriteItemsOutput } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { parseCondition, parseUpdate } from '../../core/expression/parse.ts'
import type { Update as UpdateActions } from '../../core/expression/update.ts'
import { type NewItem, parsedItem, sizeOfNewItem } from '../../core/item/sent-item.ts'
import { itemSizeBytesMax } from '../../core/limits/limits.ts'
import type { Table } from '../../core/table/table.ts'
import { checkItem, checkValues } from '../../core/wire/attribute-values.ts'
import type { Write } from '../../core/write/write.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { conditionOf, placeholdersOf } from '../items/condition-of.ts'
import { assertNoEmptyKey, keyOfItem, keyOfKey } from '../items/item-key.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { attributesIn, keyAmong, returns } from '../touch.ts'
import { eachOrCancelled, reasonOf } from './cancellation.ts'
import { commitTransaction } from './commit-transaction.ts'

type Given = Wire<TransactWriteItem>
type Part<Name extends keyof Given> = Partial<NonNullable<Given[Name]>>
type ConditionCheck = Part<'ConditionCheck'>
type Delete = Part<'Delete'>
type Update = Part<'Update'>
type Put = Omit<Part<'Put'>, 'Item'> & { readonly Item?: NewItem | undefined }
type Action = {
  readonly ConditionCheck?: ConditionCheck
  readonly Put?: Put
  readonly Delete?: Delete
  readonly Update?: Update
}
type Input = Omit<Wire<TransactWriteItemsInput>, 'TransactItems'> & { readonly TransactItems?: readonly Action[] }
type Output = Wire<TransactWriteItemsOutput>

export const transactWriteItems = defineOperation<Input, Ready, Output>({
  name: 'TransactWriteItems',
  kind: 'write',
  checksOwnValues: true,
  checks: [oneActionEach],
  prepare: (input) => ({ input, actions: (input.TransactItems ?? []).map(parsed) }),
  touches: ({ actions }) =>
    actions.map((action) => {
      const { items, conditions } = { items: [keyOrItem(action)], conditions: [action.condition] }
      const update = action.kind === 'update' ? { update: action.update } : {}
      return {
        action: permissions[action.kind],
        table: action.part.TableName,
        keysOf: (key) => items.map((item) => keyAmong(key, item)),
        attributes: attributesIn({ items, conditions, ...update }),
        says: { returnValues: returns(action.part), enclosingOperation: 'TransactWriteItems' },
      }
    }),
  run: async ({ input, actions }, context) => {
    const located = actions.map((action) => ({ action, table: tableForItems(action.part.TableName, context) }))
    for (const { action, table } of located) {
      assertScalarKeys(table, action)
      assertNoEmptyKey(table, action.kind === 'put' ? (action.part.Item ?? {}) : (action.part.Key ?? {}))
    }
    const writes = eachOrCancelled(located, ({ action, table }) => writeOf(action, table))
    const names = actions.map(({ part }) => part.TableName)
    const tables = located.map(({ table }) => table)
    return commitTransaction(writes, { ...input, names, tables, content: input.TransactItems, reasonOf }, context)
  },
  capacity: 'by-table-and-direction',
  throttles: 'transaction',
})

type Ready = { readonly input: Input; readonly actions: readonly Parsed[] }

/** An action with its expressions read. */
type Parsed =
  | { readonly kind: 'put'; readonly part: Put; readonly condition?: Condition }
  | { readonly kind: 'update'; readonly part: Update; readonly update: UpdateActions; readonly condition?: Condition }
  | { readonly kind: 'delete'; readonly part: Delete; readonly condition?: Condition }
  | { readonly kind: 'check'; readonly part: ConditionCheck; readonly condition: Condition }

const permissions = {
  put: 'PutItem',
  update: 'UpdateItem',
  delete: 'DeleteItem',
  check: 'ConditionCheckItem',
} as const satisfies Record<Parsed['kind'], string>

const keyOrItem = (action: Parsed): Item =>
  action.kind === 'put' ? parsedItem(action.part.Item ?? {}) : (action.part.Key ?? {})

function oneActionEach({ TransactItems = [] }: Input): void {
  for (const { ConditionCheck, Put, Delete, Update } of TransactItems)
    if ([ConditionCheck, Put, Delete, Update].filter((part) => part !== undefined).length !== 1)
      throw validationError('TransactItems can only contain one of Check, Put, Update or Delete')
}

const conditional = expressionParameters('PutItem', 'TransactWriteItems')
const updating = expressionParameters('UpdateItem', 'TransactWriteItems')

/** Whatever is wrong with an action by itself is found before the next one is looked at, and before any table is. */
function parsed({ ConditionCheck, Put, Delete, Update }: Action): Parsed {
  if (Put !== undefined) return parsedPut(Put)
  if (Update !== undefined) return parsedUpdate(Update)
  const part = Delete ?? ConditionCheck ?? {}
  conditional(part)
  checkValues(part.Key ?? {})
  if (Delete !== undefined) return { kind: 'delete', part: Delete, ...conditionOf(Delete) }
  const { condition } = conditionOf({ ConditionExpression: '', ...ConditionCheck })
  if (condition === undefined) throw validationError('ConditionExpression is required in a ConditionCheck')
  return { kind: 'check', part: ConditionCheck ?? {}, condition }
}

function parsedPut(part: Put): Parsed {
  conditional(part)
  const { Item: item = {} } = part
  checkItem(item)
  if (sizeOfNewItem(item) > itemSizeBytesMax) throw validationError('Item size has exceeded the maximum allowed size')
  return { kind: 'put', part, ...conditionOf(part) }
}

function parsedUpdate(part: Update): Parsed {
  updating(part)
  checkValues(part.Key ?? {})
  const placeholders = placeholdersOf(part)
  const update = parseUpdate(part.UpdateExpression ?? '', placeholders)
  const condition =
    part.ConditionExpression === undefined
      ? {}
      : { condition: parseCondition(part.ConditionExpression, 'ConditionExpression', placeholders) }
  placeholders.finish()
  return { kind: 'update', part, update, ...condition }
}

/** A key that does not fit its table is a reason for which the transaction is cancelled. */
function writeOf(action: Parsed, table: Table): Write {
  const { part, condition } = action
  const returnItemOnRefusal = part.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
  const common = { table: table.id, returnItemOnRefusal, ...(condition === undefined ? {} : { condition }) }
  if (action.kind === 'put') {
    const { Item: item = {} } = action.part
    return { kind: 'put', item, ...common, ...keyOfItem(table, item) }
  }
  const key = keyOfKey(table, action.part.Key ?? {})
  if (action.kind === 'update') return { kind: 'update', update: action.update, ...common, ...key }
  if (action.kind === 'delete') return { kind: 'delete', ...common, ...key }
  return { kind: 'check', ...common, condition: action.condition, ...key }
}
