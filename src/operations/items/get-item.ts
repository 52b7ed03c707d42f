import type { GetItemInput, GetItemOutput } from '@aws-sdk/client-dynamodb'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { itemReadCapacity } from '../../core/read/capacity.ts'
import { consumedCapacity } from '../../core/read/consumed-capacity.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { projectionOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'

type Input = Wire<GetItemInput>

export const getItem = defineOperation<Input, Wire<GetItemOutput>>({
  name: 'GetItem',
  kind: 'read',
  tables: (input) => [input.TableName],
  checksOwnValues: true,
  checks: [expressionParameters('GetItem'), keyValues],
  run: (input, context) => {
    const projection = projectionOf(input)
    const table = tableForItems(input.TableName, context)
    const row = context.engine.get(table, keyOfKey(table, input.Key ?? {}).key)
    const consumed = consumedBy(input, input.TableName ?? table.name, row === undefined ? 0 : itemSizeOf(row))
    if (row === undefined) return consumed
    const body = row.subarray(bodyOffset(row))
    if (projection !== undefined) return { Item: projectItem(decodeItem(body), projection.paths), ...consumed }
    const rest = consumed.ConsumedCapacity === undefined ? end : Buffer.from(`,${JSON.stringify(consumed).slice(1)}`)
    return new Rendered(Buffer.concat([itemStart, body, rest]))
  },
})

const itemStart = Buffer.from('{"Item":')
const end = Buffer.from('}')

function consumedBy(input: Input, table: string, sizeBytes: number): Pick<Wire<GetItemOutput>, 'ConsumedCapacity'> {
  const { ReturnConsumedCapacity: detail, ConsistentRead } = input
  if (detail === undefined || detail === 'NONE') return {}
  const capacity = itemReadCapacity(sizeBytes, ConsistentRead === true ? 'strong' : 'eventual')
  return { ConsumedCapacity: consumedCapacity(table, capacity, detail) }
}

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key)
}
