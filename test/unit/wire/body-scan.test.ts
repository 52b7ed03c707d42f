import {
  array,
  assert,
  constant,
  constantFrom,
  dictionary,
  integer,
  letrec,
  nat,
  oneof,
  property,
  string,
} from 'fast-check'
import { expect, test } from 'vitest'
import {
  bodyDepthMax,
  bodyMembersMax,
  bodyValuesMax,
  bodyValuesWithItemsMax,
  requestSizeBytesMax,
} from '../../../src/core/limits/limits.ts'
import { checkBodyScan, exceeds } from '../../../src/core/wire/body-scan.ts'

/** Members, elements and the root, by way of the parser that the scan stands before. */
function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  return Object.values(value).reduce<number>((sum, each) => sum + valuesIn(each), 1)
}

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  return 1 + Math.max(0, ...Object.values(value).map(depthOf))
}

test('counts what the parser would make, whatever texts look like', () => {
  const texts = string({ unit: constantFrom('"', '\\', '{', '}', '[', ']', ',', 'a', 'é') })
  const { tree } = letrec((tie) => ({
    tree: oneof(
      { depthSize: 'medium' },
      texts,
      integer(),
      constant(null),
      array(tie('tree')),
      dictionary(texts, tie('tree')),
    ),
  }))
  assert(
    property(tree, integer({ min: 1, max: 40 }), nat(12), (value, valuesMax, depthMax) => {
      // So that no body is too short to be looked at.
      const body = Buffer.from(JSON.stringify(value) + ' '.repeat(50))
      const values = valuesIn(value)
      // An empty array or object is counted as if it had one value.
      const empty = (JSON.stringify(value).match(/\[\]|\{\}/g) ?? []).length
      const refused = exceeds(body, { valuesMax, depthMax })
      if (depthOf(value) > depthMax || values > valuesMax) expect(refused).toBe(true)
      else if (values + empty <= valuesMax) expect(refused).toBe(false)
    }),
  )
})

const nested = (levels: number): Buffer => Buffer.from(`{"a":${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`)

test('a body nests 132 levels deep and no deeper', () => {
  expect(() => checkBodyScan('GetItem', nested(bodyDepthMax))).not.toThrow()
  expect(() => checkBodyScan('GetItem', nested(bodyDepthMax + 1))).toThrow(
    expect.objectContaining({ code: 'SerializationException' }),
  )
})

test('a body that never ends is refused for its depth too', () => {
  expect(exceeds(Buffer.from('['.repeat(1000)), { depthMax: 132, valuesMax: 100 })).toBe(true)
  expect(exceeds(Buffer.from(`"${'\\'.repeat(999)}`), { depthMax: 1, valuesMax: 100 })).toBe(false)
})

test('16 MB of empty objects are refused, and 16 MB of the shortest attribute values are not', () => {
  const filled = (part: string): Buffer => Buffer.alloc(requestSizeBytesMax, part)
  expect(() => checkBodyScan('BatchWriteItem', filled('{},'))).toThrow()
  expect(() => checkBodyScan('BatchWriteItem', filled('{"NULL":true},'))).not.toThrow()
  expect(bodyValuesWithItemsMax).toBeLessThan(requestSizeBytesMax / 3)
})

test('operations without attribute values take fewer', () => {
  const body = Buffer.from(`[${'1,'.repeat(bodyValuesMax)}1]`)
  expect(() => checkBodyScan('CreateTable', body)).toThrow()
  expect(() => checkBodyScan('PutItem', body)).not.toThrow()
})

test('one object has at most as many members as an item of 400 KB can have, and a list more elements', () => {
  const named = (count: number): string => `{${Array.from({ length: count }, (_, n) => `"${n}":1`).join(',')}}`
  const inside = (text: string): Buffer => Buffer.from(`{"TableName":"abc","List":[[1,2],${text},{"a":[]}]}`)
  expect(() => checkBodyScan('UpdateItem', inside(named(bodyMembersMax)))).not.toThrow()
  expect(() => checkBodyScan('UpdateItem', inside(named(bodyMembersMax + 1)))).toThrow(
    expect.objectContaining({ code: 'SerializationException' }),
  )
  expect(() => checkBodyScan('UpdateItem', inside(`[${'1,'.repeat(3 * bodyMembersMax)}1]`))).not.toThrow()
})

test('10,000 conditions or placeholders are let pass, and one more is refused, however they are written', () => {
  const members = (count: number): string => Array.from({ length: count }, (_, n) => `"#k${n}":{"a":1}`).join(',')
  const body = (name: string, count: number): Buffer => Buffer.from(`{"TableName":"t",${name}{${members(count)}}}`)
  const refused = (name: string, count: number): boolean =>
    exceeds(body(name, count), { depthMax: 132, valuesMax: 1_000_000, membersMax: 105_000, namedMembersMax: 10_000 })
  const names = ['Expected', 'KeyConditions', 'QueryFilter', 'ScanFilter', 'ExpressionAttributeNames', 'RequestItems']
  for (const name of names) {
    expect(refused(`"${name}":`, 10_000)).toBe(false)
    expect(refused(`"${name}":`, 10_001)).toBe(true)
  }
  const odd = ['"Expected" \n:\t', `"Expected":${' '.repeat(1000)}`, `"Expected"${' '.repeat(1000)}:`]
  for (const name of [...odd, '"\\u0045xpected":', '"Expecte\\u0064":']) expect(refused(name, 10_001)).toBe(true)
  for (const name of ['"Item":', '"M":', '"xExpected":', '"Item":{"Expected":[],"M":', '"Item":["Expected",']) {
    const text = `{${name}{${members(10_001)}}`
    expect(exceeds(Buffer.from(text), { depthMax: 132, valuesMax: 1_000_000, namedMembersMax: 10_000 })).toBe(false)
  }
})
