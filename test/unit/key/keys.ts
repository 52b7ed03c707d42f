/** Tables, indexes and arbitrary key values for the tests of keys and reads. */
import * as fc from 'fast-check'
import type { AttributeValue } from '../../../src/core/attribute/value.ts'
import type { Index, KeyAttribute, KeySchema, Projection, Table } from '../../../src/core/table/table.ts'
import { binaryContent, numberContent, stringContent } from '../attribute/values.ts'

/** "pk:S" */
const parts = (texts: readonly string[]): KeyAttribute[] =>
  texts.map((text) => {
    const [name = '', type] = text.split(':')
    return { name, type: type as KeyAttribute['type'] }
  })

export const schema = (partition: readonly string[], sort: readonly string[] = []): KeySchema => ({
  partition: parts(partition),
  sort: parts(sort),
})

export function tableWith(key: KeySchema, indexes: readonly Index[] = []): Table {
  return {
    id: 'table',
    number: 1,
    name: 'Things',
    createdMs: 0,
    status: 'ACTIVE',
    key,
    attributes: [],
    indexes,
    settings: { billingMode: 'PAY_PER_REQUEST', deletionProtection: false, tags: {} },
    replicas: [],
  }
}

export function indexWith(
  key: KeySchema,
  options: { kind?: 'local' | 'global'; name?: string; projection?: Projection } = {},
): Index {
  return {
    id: 'index-1',
    name: options.name ?? 'by-something',
    kind: options.kind ?? 'global',
    number: 1,
    key,
    projection: options.projection ?? { type: 'ALL' },
    status: 'ACTIVE',
    backfilling: false,
    settings: {},
  }
}

/** Zeros in runs around what one code counts, since index keys write them as codes. */
const zeroRuns = fc
  .array(fc.tuple(fc.constantFrom(0, 1, 2, 125, 126, 127, 128, 252, 253, 254), fc.constantFrom(1, 2, 0xfe, 0xff)), {
    maxLength: 3,
  })
  .chain((runs) =>
    fc.constantFrom(0, 1, 125, 126, 127, 253).map((last) => {
      const bytes = runs.flatMap(([zeros, byte]) => [...Array<number>(zeros).fill(0), byte])
      return Buffer.from([...bytes, ...Array<number>(last).fill(0)]).toString('base64')
    }),
  )

const filled = (content: fc.Arbitrary<string>) => content.filter((text) => text !== '')

export const stringKey: fc.Arbitrary<AttributeValue> = filled(stringContent).map((S) => ({ S }))
export const numberKey: fc.Arbitrary<AttributeValue> = numberContent.map((N) => ({ N }))
export const binaryKey: fc.Arbitrary<AttributeValue> = filled(fc.oneof(binaryContent, zeroRuns)).map((B) => ({ B }))

export const keyOf = { S: stringKey, N: numberKey, B: binaryKey } as const
