/** A request as faults see it (core/faults/aim.ts): its operation, and the tables, indexes and partition keys that it touches. */
import type { Item } from '../../core/attribute/value.ts'
import type { AskedRequest, TouchedKey, TouchedPart } from '../../core/faults/aim.ts'
import { bareKeyBytes, keyValueOf } from '../../core/key/key-bytes.ts'
import { keyFrom } from '../../core/key/primary-key.ts'
import type { KeySchema, Table } from '../../core/table/table.ts'
import { tableNameOf } from '../arns.ts'
import { changedIndexes, directionOf } from '../capacity/touched.ts'
import type { OperationContext } from '../operation.ts'
import type { Touch } from '../touch.ts'

export type Request = {
  readonly operation: string
  readonly input: object
  readonly touches: readonly Touch[]
}

type Touched = { readonly part: TouchedPart; readonly table: Table | undefined }

export function askedRequest({ operation, input, touches }: Request, context: OperationContext): AskedRequest {
  const ofStream = tableOfStream(input)
  const parts = touches.map((touch) => touchedPart(touch, context).part)
  if (ofStream === undefined) return { operation, parts }
  return { operation, parts: parts.map((part) => ({ ...part, table: part.table ?? ofStream })) }
}

export function touchedPart(touch: Touch, context: OperationContext): Touched {
  const table = tableOf(touch.table, context)
  if (table === undefined) return { table, part: { table: touch.table, indexes: indexOf(touch) } }
  const index = table.indexes.find(({ name }) => name === touch.index)
  const schema = index?.key ?? table.key
  const keys = touch.keysOf?.(schema).map((item) => touchedKey(schema, item))
  const changed = directionOf(touch) === 'write' ? changedIndexes(table, touch).map(({ name }) => name) : []
  // A PartiQL statement that names no partition has none, and is limited to no key.
  const isLimited = keys !== undefined && keys.length > 0
  return {
    table,
    part: { table: table.name, indexes: [...indexOf(touch), ...changed], ...(isLimited ? { keys } : {}) },
  }
}

const indexOf = ({ index }: Touch): readonly string[] => (index === undefined ? [] : [index])

/** Of the first attribute of the partition key; the hash is where Scan finds the item, from 0 to 1. */
function touchedKey({ partition }: KeySchema, item: Item): TouchedKey | undefined {
  const [first] = partition
  const value = first === undefined ? undefined : keyValueOf(item, first)
  if (value === undefined) return undefined
  const [text = ''] = Object.values(value) as readonly string[]
  return { text, hash: keyFrom(bareKeyBytes(value), undefined).readUInt32BE(0) / 2 ** 32 }
}

/** What is no table, or not here, is told by the run. */
function tableOf(nameOrArn: string | undefined, { engine, settings }: OperationContext): Table | undefined {
  try {
    return nameOrArn === undefined ? undefined : engine.tableNamed(tableNameOf(settings, nameOrArn))
  } catch {
    return undefined
  }
}

/** Operations of change streams name a stream; an iterator begins with its ARN. */
function tableOfStream(input: object): string | undefined {
  const { StreamArn, ShardIterator } = input as { readonly StreamArn?: unknown; readonly ShardIterator?: unknown }
  const given = StreamArn ?? ShardIterator
  return typeof given === 'string' ? /:table\/([^/|]+)\/stream\//.exec(given)?.[1] : undefined
}
