import type { DeleteItemInput, DeleteItemOutput } from '@aws-sdk/client-dynamodb'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { returnsOldOrNothing } from '../checks/return-values.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { commitOne } from './commit-one.ts'
import { conditionOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'
import { writeReply } from './write-reply.ts'

type Input = Wire<DeleteItemInput>

export const deleteItem = defineOperation<Input, Wire<DeleteItemOutput>>({
  name: 'DeleteItem',
  kind: 'write',
  tables: (input) => [input.TableName],
  checksOwnValues: true,
  checks: [expressionParameters('DeleteItem'), keyValues, returnsOldOrNothing],
  run: async (input, context) => {
    const condition = conditionOf(input)
    const table = tableForItems(input.TableName, context)
    const returnItemOnRefusal = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    const write = {
      kind: 'delete',
      table,
      returnItemOnRefusal,
      ...keyOfKey(table, input.Key ?? {}),
      ...condition,
    } as const
    return writeReply(input, { write, outcome: await commitOne(write, context) }, context)
  },
})

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key)
}
