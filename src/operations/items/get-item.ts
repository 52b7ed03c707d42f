import type { GetItemInput, GetItemOutput } from '@aws-sdk/client-dynamodb'
import { parseProjection } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset } from '../../core/item/row.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { defineOperation, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { placeholdersOf } from './condition-of.ts'
import { keyOfKey } from './item-key.ts'

type Input = Wire<GetItemInput>

export const getItem = defineOperation<Input, Wire<GetItemOutput>>({
  name: 'GetItem',
  kind: 'read',
  tables: (input) => [input.TableName],
  checksOwnValues: true,
  checks: [expressionParameters(['ProjectionExpression'], ['AttributesToGet']), keyValues],
  run: (input, context) => {
    const projection = projectionOf(input)
    const table = tableForItems(input.TableName, context)
    const row = context.engine.get(table, keyOfKey(table, input.Key ?? {}).key)
    if (row === undefined) return {}
    const body = row.subarray(bodyOffset(row))
    if (projection === undefined) return new Rendered(Buffer.concat([itemStart, body, itemEnd]))
    return { Item: projectItem(decodeItem(body), projection.paths) }
  },
})

const itemStart = Buffer.from('{"Item":')
const itemEnd = Buffer.from('}')

function keyValues({ Key: key = {} }: Input): void {
  checkValues(key)
}

function projectionOf(input: Input): Projection | undefined {
  if (input.ProjectionExpression === undefined) return undefined
  const context = placeholdersOf(input)
  const projection = parseProjection(input.ProjectionExpression, context)
  context.finish()
  return projection
}
