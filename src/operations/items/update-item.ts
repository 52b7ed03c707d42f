import type { UpdateItemInput, UpdateItemOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Condition } from '../../core/expression/condition.ts'
import { lowerAttributeUpdates } from '../../core/expression/legacy/attribute-updates.ts'
import { parseCondition, parseUpdate } from '../../core/expression/parse.ts'
import { sizeOfStatement } from '../../core/expression/evaluate/statement-size.ts'
import type { Update } from '../../core/expression/update.ts'
import { itemSizeBytesMax } from '../../core/limits/limits.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { checkUpdateValues } from '../checks/legacy-values.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { ItemTouch, returns } from '../touch.ts'
import { commitOne } from './commit-one.ts'
import { expectedOf, placeholdersOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'
import { writeReply } from './write-reply.ts'

type Input = Wire<UpdateItemInput>

type Ready = Parsed & { readonly input: Input }

export const updateItem = defineOperation<Input, Ready, Wire<UpdateItemOutput>>({
  name: 'UpdateItem',
  kind: 'write',
  checksOwnValues: true,
  checks: [expressionParameters('UpdateItem'), keyValues],
  prepare: (input) => ({ input, ...expressionsOf(input) }),
  touches: ({ input, update, condition }) => [
    new ItemTouch({
      action: 'UpdateItem',
      table: input.TableName,
      item: input.Key,
      condition,
      update,
      says: { returnValues: returns(input) },
    }),
  ],
  run: async ({ input, ...parsed }, context) => {
    const table = tableForItems(input.TableName, context)
    assertScalarKeys(table, parsed)
    const returnItemOnRefusal = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD'
    const write = {
      kind: 'update',
      table: table.id,
      returnItemOnRefusal,
      ...keyOfKey(table, input.Key ?? {}),
      ...parsed,
    } as const
    if (input.UpdateExpression !== undefined) checkStatementSize(parsed.update)
    return writeReply(
      input,
      { table, write, outcome: await commitOne({ table, write }, context, input.TableName) },
      context,
    )
  },
  capacity: 'one',
})

/** Not for AttributeUpdates, statements or transactions; before the condition is looked at. */
function checkStatementSize(update: Update): void {
  if (sizeOfStatement(update) > itemSizeBytesMax)
    throw validationError('Item size to update has exceeded the maximum allowed size')
}

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key, 'newer')
}

type Parsed = { readonly update: Update; readonly condition?: Condition }

/** With neither an expression nor the older parameters, the item is made if it is not there. */
function expressionsOf(input: Input): Parsed {
  const { UpdateExpression, ConditionExpression } = input
  if (UpdateExpression === undefined && ConditionExpression === undefined) return olderParameters(input)
  const context = placeholdersOf(input)
  const update = UpdateExpression === undefined ? nothing : parseUpdate(UpdateExpression, context)
  if (ConditionExpression === undefined) {
    context.finish()
    return { update }
  }
  const condition = parseCondition(ConditionExpression, 'ConditionExpression', context)
  context.finish()
  return { update, condition }
}

const nothing: Update = { actions: [] }

function olderParameters(input: Input): Parsed {
  checkUpdateValues(input.AttributeUpdates, 'newer')
  const update = lowerAttributeUpdates(input.AttributeUpdates)
  return { update, ...expectedOf(input) }
}
