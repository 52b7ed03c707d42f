import type { GetItemInput, GetItemOutput } from '@aws-sdk/client-dynamodb'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { itemReadCapacity } from '../../core/read/read-capacity.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { ItemTouch, selects } from '../touch.ts'
import { projectionOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'

type Input = Wire<GetItemInput>

type Ready = { readonly input: Input; readonly projection: Projection | undefined }

export const getItem = defineOperation<Input, Ready, Wire<GetItemOutput>>({
  name: 'GetItem',
  kind: 'read',
  checksOwnValues: true,
  checks: [expressionParameters('GetItem'), keyValues],
  prepare: (input) => ({ input, projection: projectionOf(input) }),
  touches: ({ input, projection }) => [
    new ItemTouch({
      action: 'GetItem',
      table: input.TableName,
      item: input.Key,
      projection,
      says: { select: selects(projection) },
    }),
  ],
  run: ({ input, projection }, context) => {
    const table = tableForItems(input.TableName, context)
    assertScalarKeys(table, { projection })
    const row = context.engine.get(table, keyOfKey(table, input.Key ?? {}).key)
    const consistency = input.ConsistentRead === true ? 'strong' : 'eventual'
    const sizeBytes = row === undefined ? 0 : itemSizeOf(row)
    context.spent.add('read', { name: input.TableName, table }, itemReadCapacity(sizeBytes, consistency))
    if (row === undefined) return {}
    const body = row.subarray(bodyOffset(row))
    if (projection !== undefined) return { Item: projectItem(decodeItem(body), projection.paths) }
    return new Rendered([itemStart, body, end])
  },
  capacity: 'one',
})

const itemStart = Buffer.from('{"Item":')
const end = Buffer.from('}')

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key, 'newer')
}
