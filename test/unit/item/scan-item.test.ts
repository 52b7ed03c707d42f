import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sizeOfItem } from '../../../src/core/attribute/size.ts'
import { type AttributeValue, type Item, setAttribute } from '../../../src/core/attribute/value.ts'
import { decodeItem, encodeItem } from '../../../src/core/item/item-bytes.ts'
import { type ScannedItem, type ScannedValue, scanItem } from '../../../src/core/item/scan-item.ts'
import { item, numberContent } from '../attribute/values.ts'

const scanned = (text: string): ScannedItem | undefined => scanItem(Buffer.from(text), 'pk', 'sk')
const textOf = (body: Buffer, value: ScannedValue | undefined): string | undefined =>
  value && body.toString('utf8', value.from, value.to)

function withKey(rest: Item, pk: AttributeValue, sk: AttributeValue): Item {
  const whole: Record<string, AttributeValue> = { pk }
  for (const name of Object.keys(rest)) setAttribute(whole, name, rest[name] as AttributeValue)
  return { ...whole, sk }
}

describe('an item scanned', () => {
  it('has the size and the key of the item parsed, wherever it can be told', () => {
    let told = 0
    fc.assert(
      fc.property(item, numberContent, (rest, number) => {
        const whole = withKey(rest, { S: 'some ünïcode 🚀' }, { N: number })
        const body = encodeItem(whole)
        const found = scanItem(body, 'pk', 'sk')
        if (found === undefined) return
        told++
        expect(found.sizeBytes).toBe(sizeOfItem(whole))
        expect([found.partition?.type, textOf(body, found.partition)]).toEqual(['S', 'some ünïcode 🚀'])
        expect([found.sort?.type, textOf(body, found.sort)]).toEqual(['N', number])
      }),
      { numRuns: 2000 },
    )
    expect(told).toBeGreaterThan(500)
  })

  it('is never told of bytes that parse to something else', () => {
    const damaged = fc.tuple(item, fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }), fc.nat())
    fc.assert(
      fc.property(damaged, ([rest, changes, cut]) => {
        const body = encodeItem(withKey(rest, { S: 'p' }, { B: 'AA==' }))
        for (const [at, byte] of changes) body[at % body.length] = byte
        const bytes = cut % 4 === 0 ? body.subarray(0, cut % body.length) : body
        const found = scanItem(bytes, 'pk', 'sk')
        if (found === undefined) return
        // What it takes for an item is one, byte for byte.
        const parsed = decodeItem(bytes)
        expect(encodeItem(parsed).equals(inOrder(parsed, bytes))).toBe(true)
        expect(found.sizeBytes).toBe(sizeOfItem(parsed))
      }),
      { numRuns: 5000 },
    )
  })

  it.each([
    [
      'all kinds of values',
      '{"a":{"L":[{"NULL":true},{"BOOL":false},{"M":{}}]},"b":{"SS":["x","y"]},"c":{"NS":["1","-20.5"]},"d":{"BS":["AA==","AAA=","AAAA"]}}',
    ],
    ['short escapes', '{"a":{"S":"line\\nand \\"quotes\\" and \\\\"}}'],
    ['nothing', '{}'],
  ])('is told of %s', (_, text) => {
    expect(scanned(text)?.sizeBytes).toBe(sizeOfItem(JSON.parse(text) as Item))
  })

  it.each([
    ['a name that stands there twice', '{"a":{"S":"x"},"a":{"S":"x"}}'],
    ['a name twice in a map', '{"a":{"M":{"b":{"S":"x"},"b":{"S":"x"}}}}'],
    ['spaces', '{"a": {"S":"x"}}'],
    ['a value without a type', '{"a":{}}'],
    ['a value of two types', '{"a":{"S":"x","N":"1"}}'],
    ['a type that there is not', '{"a":{"X":"x"}}'],
    ['a number that is none', '{"a":{"N":"x"}}'],
    ['a number in another text than the canonical one', '{"a":{"N":"1.0"}}'],
    ['a number with a zero in front', '{"a":{"N":"01"}}'],
    ['a lone surrogate', '{"a":{"S":"\\ud800"}}'],
    ['a set without elements', '{"a":{"SS":[]}}'],
    ['a set with an empty element', '{"a":{"SS":["x",""]}}'],
    ['a set with twins', '{"a":{"NS":["1","2","1"]}}'],
    ['base64 with bits to spare', '{"a":{"B":"AB=="}}'],
    ['base64 with a stranger', '{"a":{"B":"A*=="}}'],
    ['a name that is too long', `{"${'n'.repeat(65_536)}":{"S":"x"}}`],
    ['something after the end', '{"a":{"S":"x"}}}'],
    ['deep nesting', `{"a":${'{"M":{"a":'.repeat(20)}{"S":"x"}${'}}'.repeat(20)}}`],
    ['lists deep in lists', `{"a":${'{"L":['.repeat(20)}{"S":"x"}${']}'.repeat(20)}}`],
    ['lists without end', `{"a":${'{"L":['.repeat(100_000)}`],
  ])('is not told of %s', (_, text) => {
    expect(scanned(text)).toBeUndefined()
  })

  it.each([
    [Buffer.of(0xff)],
    [Buffer.of(0xc0, 0x80)],
    [Buffer.of(0xed, 0xa0, 0x80)],
    [Buffer.of(0xf4, 0x90, 0x80, 0x80)],
  ])('is not told of text that is not UTF-8 (%s)', (bytes) => {
    const body = Buffer.concat([Buffer.from('{"a":{"S":"'), bytes, Buffer.from('"}}')])
    expect(scanItem(body, 'pk', undefined)).toBeUndefined()
  })
})

/** JSON.parse puts names that are whole numbers first: then the bytes cannot be the same, and the names are compared as a set. */
function inOrder(parsed: Item, bytes: Buffer): Buffer {
  return Object.keys(parsed).some((name) => /^\d+$/.test(name)) || JSON.stringify(parsed).length !== bytes.length
    ? encodeItem(parsed)
    : bytes
}
