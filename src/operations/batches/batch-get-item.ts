import type { BatchGetItemInput, BatchGetItemOutput, KeysAndAttributes } from '@aws-sdk/client-dynamodb'
import type { Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { projectItem } from '../../core/item/project.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { batchGetKeysMax, batchSizeBytesMax } from '../../core/limits/limits.ts'
import { itemReadCapacity } from '../../core/read/read-capacity.ts'
import { TurnWork } from '../../core/read/page-work.ts'
import type { Table } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { hasDuplicateKeys, hasItemTwice } from '../checks/duplicate-keys.ts'
import { expressionParameters } from '../checks/expression-parameters.ts'
import { assertScalarKeys } from '../checks/scalar-keys.ts'
import { tableForItems } from '../checks/table-exists.ts'
import { projectionOf } from '../items/condition-of.ts'
import { keyOfKey } from '../items/item-key.ts'
import type { Admitted } from '../capacity/admitted.ts'
import { inTurns } from '../in-turns.ts'
import { defineOperation, type OperationContext, Rendered, type RequestContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { attributesIn, givenKeys, selects } from '../touch.ts'

type Input = Wire<BatchGetItemInput>
type Keys = Wire<KeysAndAttributes>

type Ready = { readonly tables: readonly Asked[] }

export const batchGetItem = defineOperation<Input, Ready, Wire<BatchGetItemOutput>>({
  name: 'BatchGetItem',
  kind: 'read',
  checksOwnValues: true,
  checks: [tooManyKeys, eachTable],
  prepare: (input) => ({
    tables: Object.entries(input.RequestItems ?? {}).map(([name, asked]) => ({
      name,
      asked,
      projection: projectionOf(asked),
    })),
  }),
  touches: ({ tables }) =>
    tables.map(({ name, asked: { Keys: keys = [] }, projection }) => ({
      action: 'BatchGetItem',
      table: name,
      keysOf: givenKeys(keys),
      attributes: attributesIn({ items: keys, projection }),
      says: { select: selects(projection) },
    })),
  run: (ready, context) => inTurns(answerInTurns(ready, context), context),
  capacity: 'by-table',
  throttles: 'items',
})

type Asked = {
  /** The table as the request calls it: the reply does so too. */
  readonly name: string
  readonly asked: Keys
  readonly projection: Projection | undefined
}

/** Each item is read in the turn in which its turn comes: DynamoDB promises no moment for all of them. */
function* answerInTurns({ tables }: Ready, context: RequestContext): Turns<Rendered> {
  const reads = tables.map((asked) => readOf(asked, context))
  if (hasItemTwice(reads.flatMap(({ table, keys }) => keys.map(({ bytes }) => ({ table: table.id, key: bytes })))))
    throw validationError('Provided list of item keys contains duplicates')
  const answer = new Answer()
  const refused = context.admitted?.refusals
  for (const [n, read] of reads.entries()) yield* answer.add({ ...read, refused: refused?.[n] ?? none }, context)
  return answer.render()
}

const parameters = expressionParameters('BatchGetItem')

function tooManyKeys({ RequestItems = {} }: Input): void {
  const count = Object.values(RequestItems).reduce((sum, asked) => sum + (asked.Keys?.length ?? 0), 0)
  if (count > batchGetKeysMax) throw validationError('Too many items requested for the BatchGetItem call')
}

function eachTable({ RequestItems = {} }: Input): void {
  for (const asked of Object.values(RequestItems)) {
    parameters(asked)
    for (const key of asked.Keys ?? []) checkValues(key, 'newer')
    if (hasDuplicateKeys(asked.Keys ?? [])) throw validationError('Provided list of item keys contains duplicates')
  }
}

type Read = Asked & {
  readonly table: Table
  readonly keys: readonly { readonly given: Item; readonly bytes: Buffer }[]
}

/** With what there is no capacity for, by the key. */
type Admissible = Read & { readonly refused: Admitted['refusals'][number] }

const none: Admissible['refused'] = []

function readOf(asked: Asked, context: RequestContext): Read {
  const table = tableForItems(asked.name, context)
  assertScalarKeys(table, asked)
  const keys = (asked.asked.Keys ?? []).map((given) => ({ given, bytes: keyOfKey(table, given).key }))
  return { ...asked, table, keys }
}

/** Items as stored, up to 16 MB; the keys of what would be more go back to the client. */
class Answer {
  readonly #chunks: Buffer[] = []
  readonly #unprocessed: Record<string, Keys> = {}
  readonly #work = new TurnWork()
  #turns = 1
  #sizeBytes = 0

  render(): Rendered {
    const rest = JSON.stringify({ UnprocessedKeys: this.#unprocessed })
    return new Rendered([start, ...this.#chunks, Buffer.from(`},${rest.slice(1)}`)])
  }

  *add({ name, asked, table, projection, keys, refused }: Admissible, { engine, spent }: RequestContext): Turns<void> {
    const left: Item[] = []
    this.#chunks.push(Buffer.from(`${this.#chunks.length === 0 ? '' : ','}${JSON.stringify(name)}:[`))
    let separator = false
    for (const [n, { given, bytes }] of keys.entries()) {
      if (refused[n] !== undefined) {
        left.push(given)
        continue
      }
      const isFull = this.#sizeBytes >= batchSizeBytesMax || !this.#serves(engine, table)
      const row = isFull ? 'full' : engine.get(table, bytes)
      if (row === 'full' || (row !== undefined && this.#sizeBytes + itemSizeOf(row) > batchSizeBytesMax)) {
        this.#sizeBytes = batchSizeBytesMax
        left.push(given)
        continue
      }
      const sizeBytes = row === undefined ? 0 : itemSizeOf(row)
      const consistency = asked.ConsistentRead === true ? 'strong' : 'eventual'
      spent.add('read', { name, table }, itemReadCapacity(sizeBytes, consistency))
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
}

const start = Buffer.from('{"Responses":{')
const comma = Buffer.from(',')
const listEnd = Buffer.from(']')
