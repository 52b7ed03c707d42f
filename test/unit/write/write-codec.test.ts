import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isStoredItem, isStoredValue } from '../../../src/core/attribute/stored-value.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { Reader } from '../../../src/core/change/reader.ts'
import type { Condition } from '../../../src/core/expression/condition.ts'
import type { Update, UpdateAction, UpdateOperand, UpdateValue } from '../../../src/core/expression/update.ts'
import { parsedItem, SentItem } from '../../../src/core/item/sent-item.ts'
import { encodeWrite, readWrite } from '../../../src/core/write/write-codec.ts'
import type { Write } from '../../../src/core/write/write.ts'
import { item, value } from '../attribute/values.ts'
import { conditions } from '../expression/conditions.ts'

const items = item.filter((each) => isStoredItem(each))
const values = value.filter((each) => isStoredValue(each))
const path = fc.tuple(fc.constantFrom('a', '__proto__', 'x.y'), fc.constantFrom<string | number>('b', 0))
const operand: fc.Arbitrary<UpdateOperand> = fc.oneof(
  path.map((found) => ({ path: found })),
  values.map((found) => ({ value: found })),
  fc.tuple(path, values).map(([ifNotExists, found]) => ({ ifNotExists, otherwise: { value: found } })),
  fc.tuple(path, path).map(([a, b]) => ({ listAppend: [{ path: a }, { path: b }] as const })),
)
const updateValue: fc.Arbitrary<UpdateValue> = fc.oneof(
  operand,
  fc.tuple(operand, operand).map((plus) => ({ plus })),
  fc.tuple(operand, operand).map((minus) => ({ minus })),
)
const action: fc.Arbitrary<UpdateAction> = fc.oneof(
  fc.record({ action: fc.constant('set' as const), path, value: updateValue }),
  fc.record({ action: fc.constant('remove' as const), path }),
  fc.record({ action: fc.constantFrom('add' as const, 'delete' as const), path, value: values }),
)
const update: fc.Arbitrary<Update> = fc
  .tuple(fc.array(action, { maxLength: 3 }), fc.boolean())
  .map(([actions, legacy]) => (legacy ? { actions, legacy } : { actions }))
const soundConditions: fc.Arbitrary<Condition> = conditions.filter((each) =>
  valuesIn(each).every((of) => isStoredValue(of)),
)
const common = fc.record({
  table: fc.string({ minLength: 1, maxLength: 40 }).filter((id) => !id.includes('\uFFFD')),
  key: fc.uint8Array({ minLength: 1, maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  keyAttributes: items,
})
const more = fc.tuple(fc.boolean(), fc.option(soundConditions, { nil: undefined }))

const writes: fc.Arbitrary<Write> = fc
  .tuple(common, more, fc.constantFrom('put', 'update', 'delete', 'check'), items, update)
  .map(([base, [shows, condition], kind, put, of]): Write => {
    const rest = {
      ...base,
      ...(shows ? { returnItemOnRefusal: true } : {}),
      ...(condition === undefined ? {} : { condition }),
    }
    if (kind === 'put') return { ...rest, kind, item: SentItem.at(Buffer.from(JSON.stringify(put)), 0) ?? put }
    if (kind === 'update') return { ...rest, kind, update: of }
    if (kind === 'delete') return { ...rest, kind }
    return { ...rest, kind: 'check', condition: condition ?? { op: 'attribute_exists', path: ['a'] } }
  })

/** The values anywhere in a condition. */
function valuesIn(tree: unknown): readonly AttributeValue[] {
  if (typeof tree !== 'object' || tree === null) return []
  if ('value' in tree && Object.keys(tree).length === 1) return [tree.value as AttributeValue]
  return Object.values(tree).flatMap(valuesIn)
}

const plain = (write: Write): unknown => (write.kind === 'put' ? { ...write, item: itemText(write.item) } : write)
const itemText = (given: Item | SentItem): string => JSON.stringify(parsedItem(given))

function decoded(bytes: Buffer): Write {
  const reader = new Reader(bytes)
  const write = readWrite(reader)
  reader.end()
  return write
}

describe('a write as bytes', () => {
  test('is read as the write that it was', () => {
    fc.assert(
      fc.property(writes, (write) => {
        expect(plain(decoded(encodeWrite(write)))).toEqual(plain(write))
      }),
    )
  })

  test('is the same bytes again when it was read', () => {
    fc.assert(
      fc.property(writes, (write) => {
        expect(encodeWrite(decoded(encodeWrite(write)))).toEqual(encodeWrite(write))
      }),
    )
  })

  test('whatever its bytes are made into is read as a write, or refused with a RangeError', () => {
    const changed = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(writes, changed, fc.nat(), (write, edits, cut) => {
        const bytes = Buffer.from(encodeWrite(write))
        for (const [at, byte] of edits) bytes[at % bytes.length] = byte
        try {
          decoded(cut % 3 === 0 ? bytes.subarray(0, cut % bytes.length) : bytes)
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError)
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a condition that nests without end is refused, and no stack is exhausted', () => {
    let condition = '{"op":"attribute_exists","path":["a"]}'
    for (let n = 0; n < 100_000; n++) condition = `{"op":"not","of":${condition}}`
    const write: Write = { kind: 'delete', table: 't', key: Buffer.from('k'), keyAttributes: {} }
    const bytes = Buffer.from(encodeWrite({ ...write, condition: { op: 'attribute_exists', path: ['a'] } }))
    const rest = Buffer.from(condition)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(rest.length)
    const at = bytes.length - Buffer.byteLength('{"op":"attribute_exists","path":["a"]}') - 4
    expect(() => decoded(Buffer.concat([bytes.subarray(0, at), length, rest]))).toThrow(RangeError)
  })
})
