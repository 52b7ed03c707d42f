import type { Get, TransactGetItemsInput, TransactGetItemsOutput } from '@aws-sdk/client-dynamodb'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { itemReadCapacity } from '../../core/read/read-capacity.ts'
import { TurnWork } from '../../core/read/page-work.ts'
import type { Table } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { projectionOf } from '../items/condition-of.ts'
import { assertNoEmptyKey, keyOfKey } from '../items/item-key.ts'
import { inTurns } from '../in-turns.ts'
import { defineOperation, type OperationContext, Rendered, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { attributesIn, givenKeys, selects } from '../touch.ts'
import { eachOrCancelled } from './cancellation.ts'
import { assertNoneStrong } from '../tables/updates/strong-updates.ts'
import { assertDistinct, assertWithinSize } from './commit-transaction.ts'

type Input = Wire<TransactGetItemsInput>
type Asked = Partial<Wire<Get>>

export const transactGetItems = defineOperation<Input, Ready, Wire<TransactGetItemsOutput>>({
  name: 'TransactGetItems',
  kind: 'read',
  checksOwnValues: true,
  checks: [],
  prepare: (input) => ({ gets: (input.TransactItems ?? []).map(({ Get: get }) => parsed(get ?? {})) }),
  touches: ({ gets }) =>
    gets.map(({ asked: { TableName, Key }, projection }) => ({
      action: 'GetItem',
      table: TableName,
      keysOf: givenKeys([Key]),
      attributes: attributesIn({ items: [Key], projection }),
      says: { select: selects(projection), enclosingOperation: 'TransactGetItems' },
    })),
  run: ({ gets }, context) => {
    const located = gets.map((get) => ({ ...get, table: tableForItems(get.asked.TableName, context) }))
    assertNoneStrong(located.map(({ table }) => table))
    for (const { asked, table, projection } of located) {
      assertScalarKeys(table, { projection })
      assertNoEmptyKey(table, asked.Key ?? {})
    }
    const reads = eachOrCancelled(located, ({ asked, table, projection }): Read => {
      const { key } = keyOfKey(table, asked.Key ?? {})
      return { name: asked.TableName ?? table.name, table, projection, key }
    })
    assertDistinct(reads.map(({ table, key }) => ({ table: table.id, key })))
    return inTurns(answer(reads, context), context)
  },
  capacity: 'by-table-and-direction',
  throttles: 'transaction',
})

type Ready = { readonly gets: readonly Parsed[] }
type Parsed = { readonly asked: Asked; readonly projection: Projection | undefined }

const parameters = expressionParameters('GetItem', 'TransactGetItems')

function parsed(asked: Asked): Parsed {
  parameters(asked)
  checkValues(asked.Key ?? {})
  return { asked, projection: projectionOf(asked) }
}

/** `name`: as the request calls the table. */
type Read = {
  readonly name: string
  readonly table: Table
  readonly key: Buffer
  readonly projection: Projection | undefined
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

function* answer(reads: readonly Read[], context: RequestContext): Turns<Rendered> {
  const rows = rowsOf(reads, context)
  const chunks: Buffer[] = [start]
  const work = new TurnWork()
  for (const [at, { name, table, projection }] of reads.entries()) {
    const row = rows[at]
    const capacity = itemReadCapacity(row === undefined ? 0 : itemSizeOf(row), 'transactional')
    context.spent.add('read', { name, table }, capacity)
    if (at > 0) chunks.push(comma)
    if (row === undefined) chunks.push(none)
    else chunks.push(itemStart, projected(row.subarray(bodyOffset(row)), projection), itemEnd)
    if (work.add(row?.length ?? 0, projection !== undefined)) continue
    yield
    work.begin()
  }
  chunks.push(end)
  return new Rendered(chunks)
}

const projected = (body: Buffer, projection: Projection | undefined): Buffer =>
  projection === undefined ? body : encodeItem(projectItem(decodeItem(body), projection.paths))

const start = Buffer.from('{"Responses":[')
const end = Buffer.from(']}')
const itemStart = Buffer.from('{"Item":')
const itemEnd = Buffer.from('}')
const none = Buffer.from('{}')
const comma = Buffer.from(',')
