import type { PutItemInput, PutItemOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { type NewItem, sizeOfNewItem } from '../../core/item/sent-item.ts'
import { itemSizeBytesMax } from '../../core/limits/limits.ts'
import { checkItem } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { returnsOldOrNothing } from '../checks/returns-old.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { ItemTouch, returns } from '../touch.ts'
import { commitOne } from './commit-one.ts'
import { conditionOf } from './condition-of.ts'
import { keyOfItem } from './item-key.ts'
import { writeReply } from './write-reply.ts'

type Input = Omit<Wire<PutItemInput>, 'Item'> & { readonly Item?: NewItem }

type Ready = { readonly input: Input; readonly condition?: Condition }

export const putItem = defineOperation<Input, Ready, Wire<PutItemOutput>>({
  name: 'PutItem',
  kind: 'write',
  checksOwnValues: true,
  checks: [expressionParameters('PutItem'), itemValues, returnsOldOrNothing],
  prepare: (input) => ({ input, ...conditionOf(input) }),
  touches: ({ input, condition }) => [
    new ItemTouch({
      action: 'PutItem',
      table: input.TableName,
      item: input.Item,
      condition,
      says: { returnValues: returns(input) },
    }),
  ],
  run: async ({ input, ...condition }, context) => {
    const { Item: item = {} } = input
    if (sizeOfNewItem(item) > itemSizeBytesMax) throw validationError('Item size has exceeded the maximum allowed size')
    const table = tableForItems(input.TableName, context)
    assertScalarKeys(table, condition)
    const returnItemOnRefusal = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    const write = {
      kind: 'put',
      table: table.id,
      item,
      returnItemOnRefusal,
      ...keyOfItem(table, item),
      ...condition,
    } as const
    return writeReply(
      input,
      { table, write, outcome: await commitOne({ table, write }, context, input.TableName) },
      context,
    )
  },
  capacity: 'one',
})

function itemValues({ Item: item = {} }: Input): void {
  checkItem(item, 'newer')
}
