import type { DeleteItemInput, DeleteItemOutput } from '@aws-sdk/client-dynamodb'
import type { Condition } from '../../core/expression/condition.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { returnsOldOrNothing } from '../checks/returns-old.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { ItemTouch, returns } from '../touch.ts'
import { commitOne } from './commit-one.ts'
import { conditionOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'
import { writeReply } from './write-reply.ts'

type Input = Wire<DeleteItemInput>

type Ready = { readonly input: Input; readonly condition?: Condition }

export const deleteItem = defineOperation<Input, Ready, Wire<DeleteItemOutput>>({
  name: 'DeleteItem',
  kind: 'write',
  checksOwnValues: true,
  checks: [expressionParameters('DeleteItem'), keyValues, returnsOldOrNothing],
  prepare: (input) => ({ input, ...conditionOf(input) }),
  touches: ({ input, condition }) => [
    new ItemTouch({
      action: 'DeleteItem',
      table: input.TableName,
      item: input.Key,
      condition,
      says: { returnValues: returns(input) },
    }),
  ],
  run: async ({ input, ...condition }, context) => {
    const table = tableForItems(input.TableName, context)
    assertScalarKeys(table, condition)
    const returnItemOnRefusal = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    const write = {
      kind: 'delete',
      table: table.id,
      returnItemOnRefusal,
      ...keyOfKey(table, input.Key ?? {}),
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

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key, 'newer')
}
