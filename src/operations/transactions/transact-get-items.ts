import type { Get, TransactGetItemsInput, TransactGetItemsOutput } from '@aws-sdk/client-dynamodb'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { itemReadCapacity } from '../../core/read/capacity.ts'
import { TurnWork } from '../../core/read/page-work.ts'
import type { Table } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { CapacityByTable } from '../items/capacity-by-table.ts'
import { projectionOf } from '../items/condition-of.ts'
import { keyOfKey } from '../items/item-key.ts'
import { inTurns } from '../in-turns.ts'
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
    return inTurns(answer(input, reads, context), context)
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

/** All are read in one turn: no group can become durable in between, so they are of one moment. What is too much is not read. */
function rowsOf(reads: readonly Read[], { engine }: OperationContext): readonly (Buffer | undefined)[] {
  let sizeBytes = 0
  return reads.map(({ table, key }) => {
    const row = engine.get(table, key)
    sizeBytes += row === undefined ? 0 : itemSizeOf(row)
    assertWithinSize(sizeBytes)
    return row
  })
}

function* answer(input: Input, reads: readonly Read[], context: OperationContext): Turns<Rendered> {
  const rows = rowsOf(reads, context)
  const capacity = new CapacityByTable(input.ReturnConsumedCapacity, 'read')
  const chunks: Buffer[] = [start]
  const work = new TurnWork()
  for (const [at, { name, projection }] of reads.entries()) {
    const row = rows[at]
    capacity.add(name, () => itemReadCapacity(row === undefined ? 0 : itemSizeOf(row), 'transactional'))
    if (at > 0) chunks.push(comma)
    if (row === undefined) chunks.push(none)
    else chunks.push(itemStart, projected(row.subarray(bodyOffset(row)), projection), itemEnd)
    if (work.add(row?.length ?? 0, projection !== undefined)) continue
    yield
    work.begin()
  }
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
