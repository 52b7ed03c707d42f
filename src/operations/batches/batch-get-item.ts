import type { BatchGetItemInput, BatchGetItemOutput, KeysAndAttributes } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { batchGetKeysMax, batchSizeBytesMax } from '../../core/limits.ts'
import { itemReadCapacity } from '../../core/read/capacity.ts'
import { TurnWork } from '../../core/read/page-work.ts'
import type { Table } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { hasDuplicateKeys, hasItemTwice } from '../checks/duplicate-keys.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { CapacityByTable } from '../items/capacity-by-table.ts'
import { projectionOf } from '../items/condition-of.ts'
import { keyOfKey } from '../items/item-key.ts'
import { inTurns } from '../in-turns.ts'
import { defineOperation, type OperationContext, Rendered } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

type Input = Wire<BatchGetItemInput>
type Asked = Wire<KeysAndAttributes>

export const batchGetItem = defineOperation<Input, Wire<BatchGetItemOutput>>({
  name: 'BatchGetItem',
  kind: 'read',
  tables: (input) => Object.keys(input.RequestItems ?? {}),
  checksOwnValues: true,
  checks: [tooManyKeys, eachTable],
  run: (input, context) => inTurns(answerInTurns(input, context), context),
})

/** Each item is read in the turn in which its turn comes: DynamoDB promises no moment for all of them. */
function* answerInTurns(input: Input, context: OperationContext): Turns<Rendered> {
  const reads = Object.entries(input.RequestItems ?? {}).map(([name, asked]) => readOf(name, asked, context))
  if (hasItemTwice(reads.flatMap(({ table, keys }) => keys.map(({ bytes }) => ({ table, key: bytes })))))
    throw validationError('Provided list of item keys contains duplicates')
  const capacity = new CapacityByTable(input.ReturnConsumedCapacity)
  const answer = new Answer(capacity)
  for (const read of reads) yield* answer.add(read, context)
  return answer.render()
}

const parameters = expressionParameters('BatchGetItem')

function tooManyKeys({ RequestItems = {} }: Input): void {
  const count = Object.values(RequestItems).reduce((sum, asked) => sum + (asked.Keys?.length ?? 0), 0)
  if (count > batchGetKeysMax) throw validationError('Too many items requested for the BatchGetItem call')
}

function eachTable({ RequestItems = {} }: Input, context: OperationContext): void {
  for (const asked of Object.values(RequestItems)) {
    parameters(asked, context)
    for (const key of asked.Keys ?? []) checkValues(key)
    if (hasDuplicateKeys(asked.Keys ?? [])) throw validationError('Provided list of item keys contains duplicates')
  }
}

type Read = {
  /** As the request calls the table: the reply does so too. */
  readonly name: string
  readonly asked: Asked
  readonly table: Table
  readonly projection: Projection | undefined
  readonly keys: readonly { readonly given: Item; readonly bytes: Buffer }[]
}

function readOf(name: string, asked: Asked, context: OperationContext): Read {
  const projection = projectionOf(asked)
  const table = tableForItems(name, context)
  const keys = (asked.Keys ?? []).map((given) => ({ given, bytes: keyOfKey(table, given).key }))
  return { name, asked, table, projection, keys }
}

/** Items as stored, up to 16 MB; the keys of what would be more go back to the client. */
class Answer {
  readonly #capacity: CapacityByTable
  readonly #chunks: Buffer[] = []
  readonly #unprocessed: Record<string, Asked> = {}
  readonly #work = new TurnWork()
  #turns = 1
  #sizeBytes = 0

  constructor(capacity: CapacityByTable) {
    this.#capacity = capacity
  }

  *add({ name, asked, table, projection, keys }: Read, { engine }: OperationContext): Turns<void> {
    const left: Item[] = []
    this.#chunks.push(Buffer.from(`${this.#chunks.length === 0 ? '' : ','}${JSON.stringify(name)}:[`))
    let separator = false
    for (const { given, bytes } of keys) {
      const isFull = this.#sizeBytes >= batchSizeBytesMax || !this.#serves(engine, table)
      const row = isFull ? 'full' : engine.get(table, bytes)
      if (row === 'full' || (row !== undefined && this.#sizeBytes + itemSizeOf(row) > batchSizeBytesMax)) {
        this.#sizeBytes = batchSizeBytesMax
        left.push(given)
        continue
      }
      const sizeBytes = row === undefined ? 0 : itemSizeOf(row)
      this.#capacity.add(name, () => itemReadCapacity(sizeBytes, asked.ConsistentRead === true ? 'strong' : 'eventual'))
      if (row === undefined) continue
      this.#sizeBytes += sizeBytes
      if (separator) this.#chunks.push(comma)
      separator = true
      const body = row.subarray(bodyOffset(row))
      const fits = this.#work.add(row.length, projection !== undefined)
      this.#chunks.push(projection === undefined ? body : encodeItem(projectItem(decodeItem(body), projection.paths)))
      if (!fits) {
        yield
        this.#work.begin()
        this.#turns++
      }
    }
    this.#chunks.push(listEnd)
    if (left.length > 0) this.#unprocessed[name] = { ...asked, Keys: left }
  }

  /** In a later turn the table may be gone; then its keys go back to the client, who learns of it when it asks again. */
  #serves(engine: OperationContext['engine'], table: Table): boolean {
    return this.#turns === 1 || engine.serves(table)
  }

  render(): Rendered {
    const rest = JSON.stringify({ UnprocessedKeys: this.#unprocessed, ...this.#capacity.member() })
    return new Rendered(Buffer.concat([start, ...this.#chunks, Buffer.from(`},${rest.slice(1)}`)]))
  }
}

const start = Buffer.from('{"Responses":{')
const comma = Buffer.from(',')
const listEnd = Buffer.from(']')
