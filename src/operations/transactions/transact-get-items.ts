import type { Get, TransactGetItemsInput, TransactGetItemsOutput } from '@aws-sdk/client-dynamodb'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { itemReadCapacity } from '../../core/read/capacity.ts'
import type { Table } from '../../core/table/table.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { CapacityByTable } from '../items/capacity-by-table.ts'
import { projectionOf } from '../items/condition-of.ts'
import { keyOfKey } from '../items/item-key.ts'
import { defineOperation, type OperationContext, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { eachOrCancelled } from './cancellation.ts'
import { assertDistinct, assertWithinSize } from './commit-transaction.ts'

type Input = Wire<TransactGetItemsInput>
type Asked = Wire<Get>

export const transactGetItems = defineOperation<Input, Wire<TransactGetItemsOutput>>({
  name: 'TransactGetItems',
  kind: 'read',
  tables: (input) => (input.TransactItems ?? []).map(({ Get: get }) => get?.TableName),
  checksOwnValues: true,
  checks: [eachGet],
  run: (input, context) => {
    const planned = (input.TransactItems ?? []).map(({ Get: get }) => plan(get, context))
    const reads = eachOrCancelled(planned, (make) => make())
    assertDistinct(reads)
    return answer(input, reads, context)
  },
})

const parameters = expressionParameters('GetItem')

function eachGet({ TransactItems = [] }: Input, context: OperationContext): void {
  for (const { Get: get } of TransactItems) {
    if (get === undefined) continue
    parameters(get, context)
    checkValues(get.Key ?? {})
  }
}

/** `name`: as the request calls the table. */
type Read = {
  readonly name: string
  readonly table: Table
  readonly key: Buffer
  readonly projection: Projection | undefined
}

function plan(get: Asked | undefined, context: OperationContext): () => Read {
  const projection = projectionOf(get ?? {})
  const table = tableForItems(get?.TableName, context)
  return () => ({ name: get?.TableName ?? table.name, table, projection, key: keyOfKey(table, get?.Key ?? {}).key })
}

/** All in one turn: no group can become durable in between, so they are of one moment. */
function answer(input: Input, reads: readonly Read[], { engine }: OperationContext): Rendered {
  const capacity = new CapacityByTable(input.ReturnConsumedCapacity, 'read')
  const chunks: Buffer[] = [start]
  let sizeBytes = 0
  for (const [at, { name, table, key, projection }] of reads.entries()) {
    const row = engine.get(table, key)
    const rowSizeBytes = row === undefined ? 0 : itemSizeOf(row)
    sizeBytes += rowSizeBytes
    capacity.add(name, () => itemReadCapacity(rowSizeBytes, 'transactional'))
    if (at > 0) chunks.push(comma)
    if (row === undefined) chunks.push(none)
    else chunks.push(itemStart, projected(row.subarray(bodyOffset(row)), projection), itemEnd)
  }
  assertWithinSize(sizeBytes)
  const rest = capacity.member()
  chunks.push(Buffer.from(rest.ConsumedCapacity === undefined ? ']}' : `],${JSON.stringify(rest).slice(1)}`))
  return new Rendered(Buffer.concat(chunks))
}

const projected = (body: Buffer, projection: Projection | undefined): Buffer =>
  projection === undefined ? body : encodeItem(projectItem(decodeItem(body), projection.paths))

const start = Buffer.from('{"Responses":[')
const itemStart = Buffer.from('{"Item":')
const itemEnd = Buffer.from('}')
const none = Buffer.from('{}')
const comma = Buffer.from(',')
