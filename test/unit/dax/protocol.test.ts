/** DAX's forms of values, keys, expressions and projections: what Amazon's own client for JavaScript writes is read as it was meant, and back. */
import { createRequire } from 'node:module'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalNumber, compareNumbers } from '../../../src/core/attribute/number.ts'
import type { AttributeValue, Item } from '../../../src/core/attribute/value.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { UnreadableCbor } from '../../../src/core/cbor/major-types.ts'
import { AttributeLists } from '../../../src/core/dax/codec/attribute-lists.ts'
import { ExpressionTexts } from '../../../src/core/dax/codec/expression-text.ts'
import { attributeListOf, decodeAttributes, encodeAttributes } from '../../../src/core/dax/codec/item-codec.ts'
import { decodeKey, encodeKey } from '../../../src/core/dax/codec/key-codec.ts'
import { decodeLexDecimal, encodeLexDecimal } from '../../../src/core/dax/codec/lex-decimal.ts'
import { projectedValues } from '../../../src/core/dax/codec/projected-values.ts'
import { readValue, writeValue } from '../../../src/core/dax/codec/value-codec.ts'
import type { Condition } from '../../../src/core/expression/condition.ts'
import { ExpressionContext } from '../../../src/core/expression/bind/expression-context.ts'
import { parseCondition, parseUpdate } from '../../../src/core/expression/parse.ts'
import { projectItem } from '../../../src/core/item/project.ts'
import type { KeySchema, KeyType } from '../../../src/core/table/table.ts'
import { binaryContent, item, numberContent, stringContent, value } from '../attribute/values.ts'
import { conditions, write } from '../expression/conditions.ts'

const load = createRequire(import.meta.url)
const client = (name: string): unknown => load(`@amazon-dax-sdk/client-dax/src/${name}`)
const { CborSExprGenerator: expressions } = client('CborSExprGenerator') as { CborSExprGenerator: Expressions }
const values = client('AttributeValueEncoder') as Values

type Given = [text: string, names: object, values: object]
type Expressions = {
  encodeConditionExpression(...given: Given): Buffer
  encodeUpdateExpression(...given: Given): Buffer
}
type Values = {
  encodeAttributes(attributes: object, names: readonly string[], id: number): Buffer
  encodeKey(key: object, schema: readonly object[]): Buffer
}

describe('values', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(value, (given) => {
        const writer = new CborWriter()
        writeValue(writer, given)
        expect(canonical(readValue(new CborReader(writer.finish())))).toEqual(given)
      }),
      { numRuns: 500 },
    )
  })

  it('of an item are read as the client writes them', () => {
    const schema: KeySchema = { partition: [{ name: '', type: 'S' }], sort: [] }
    fc.assert(
      fc.property(item, (given) => {
        const lists = new AttributeLists()
        const { '': _, ...attributes } = given
        const list = attributeListOf(attributes, schema, lists)
        // An object that the client makes has no attribute of this name.
        fc.pre(!JSON.stringify(given).includes('__proto__'))
        const bytes = values.encodeAttributes(asSent(attributes), list.names, list.id)
        expect(canonical({ M: decodeAttributes(bytes, lists) })).toEqual({ M: attributes })
        expect(canonical({ M: decodeAttributes(encodeAttributes(attributes, list), lists) })).toEqual({ M: attributes })
      }),
      { numRuns: 500 },
    )
  })

  it('that are no numbers are refused', () => {
    for (const float of [NaN, Infinity]) {
      const bytes = new CborWriter().float(float).finish()
      expect(() => readValue(new CborReader(bytes))).toThrow(UnreadableCbor)
    }
  })
})

describe('numbers in sort keys', () => {
  it('come back, and sort as their bytes do', () => {
    fc.assert(
      fc.property(numberContent, numberContent, (a, b) => {
        const [x, y] = [a, b]
        expect(canonicalNumber(decodeLexDecimal(encodeLexDecimal(x)))).toBe(x)
        expect(Math.sign(Buffer.compare(encodeLexDecimal(x), encodeLexDecimal(y)))).toBe(
          Math.sign(compareNumbers(x, y)),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('of any bytes are a number or refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        try {
          expect(decodeLexDecimal(Buffer.from(bytes))).toMatch(/^-?\d+(E-?\d+)?$/)
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableCbor)
        }
      }),
    )
  })
})

describe('keys', () => {
  const content: Readonly<Record<KeyType, fc.Arbitrary<unknown>>> = {
    S: stringContent,
    N: numberContent,
    B: binaryContent,
  }
  const part = fc
    .constantFrom<KeyType>('S', 'N', 'B')
    .chain((type) => content[type].map((text) => ({ type, value: { [type]: text } })))

  it('come back as they were, and are read as the client writes them', () => {
    fc.assert(
      fc.property(part, fc.option(part), (partition, sort) => {
        const schema: KeySchema = {
          partition: [{ name: 'pk', type: partition.type }],
          sort: sort === null ? [] : [{ name: 'sk', type: sort.type }],
        }
        const key = { pk: partition.value, ...(sort === null ? {} : { sk: sort.value }) } as unknown as Item
        expect(canonical({ M: decodeKey(encodeKey(key, schema), schema) })).toEqual({ M: key })
        const known = [...schema.partition, ...schema.sort].map(({ name, type }) => ({
          AttributeName: name,
          AttributeType: type,
        }))
        expect(canonical({ M: decodeKey(values.encodeKey(asSent(key), known), schema) })).toEqual({ M: key })
      }),
      { numRuns: 500 },
    )
  })
})

describe('expressions', () => {
  it('of conditions mean what the client was given', () => {
    let compared = 0
    fc.assert(
      fc.property(conditions, (given) => {
        const { text, names, values: sent } = write(given)
        const bytes = accepted(() => expressions.encodeConditionExpression(text, names, asSent(sent)))
        if (bytes === undefined) return
        const texts = new ExpressionTexts()
        const back = texts.condition(bytes)
        const wanted = outcome(() =>
          parseCondition(text, 'FilterExpression', new ExpressionContext({ names, values: sent })),
        )
        expect(outcome(() => parsed(back, texts))).toEqual(wanted)
        compared++
      }),
      { numRuns: 500 },
    )
    // The client refuses some of them, such as empty names.
    expect(compared).toBeGreaterThan(200)
  })

  it.each([
    'SET a = :v, b.c[1] = if_not_exists(a, :v) + :v, #odd = list_append(#odd, :v) REMOVE c, d[0] ADD e :v DELETE f :v',
    'SET a = b - :v',
    'REMOVE #odd.#odd',
  ])('of updates mean what the client was given: %s', (text) => {
    const names = text.includes('#odd') ? { '#odd': 'an odd.name' } : {}
    const sent = text.includes(':v') ? { ':v': { N: '1' } } : {}
    const texts = new ExpressionTexts()
    const back = texts.update(expressions.encodeUpdateExpression(text, names, sent))
    const wanted = outcome(() => parseUpdate(text, new ExpressionContext({ names, values: sent })))
    expect(outcome(() => parseUpdate(back, contextOf(texts)))).toEqual(wanted)
  })

  it('of any bytes are an expression or refused', () => {
    const bytes = expressions.encodeConditionExpression(
      'a = :v AND NOT b IN (:v, :w)',
      {},
      { ':v': { N: '1' }, ':w': { S: 'x' } },
    )
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (edits) => {
          const changed = Buffer.from(bytes)
          for (const [at, byte] of edits) changed[at] = byte
          for (const read of ['condition', 'update', 'projection'] as const)
            try {
              new ExpressionTexts()[read](changed)
            } catch (error) {
              expect(error).toBeInstanceOf(UnreadableCbor)
            }
        },
      ),
      { numRuns: 1000 },
    )
  })
})

describe('a projection', () => {
  const step = fc.oneof(fc.constantFrom<string | number>('a', 'b', 0, 1, 2))
  const paths = fc.uniqueArray(
    fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.array(step, { maxLength: 3 }))
      .map(([name, steps]) => [name, ...steps] as const),
    { minLength: 1, maxLength: 4, selector: (path) => path.join('.') },
  )
  const leaf: fc.Arbitrary<AttributeValue> = fc.constantFrom<AttributeValue>({ S: 'x' }, { N: '1' }, { NULL: true })
  const { node } = fc.letrec<{ node: AttributeValue }>((tie) => ({
    node: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('node'), { maxLength: 3 }).map((L) => ({ L })),
      fc.dictionary(fc.constantFrom('a', 'b'), tie('node')).map((M) => ({ M: { ...M } })),
    ),
  }))
  const items = fc.dictionary(fc.constantFrom('a', 'b', 'c'), node).map((made) => ({ ...made }))

  it('is told by its parts, of which the client makes the same item', () => {
    fc.assert(
      fc.property(items, paths, (whole, chosen) => {
        fc.pre(!overlap(chosen))
        const shown = projectItem(whole, chosen)
        expect(joined(projectedValues(shown, chosen), chosen)).toEqual(shown)
      }),
      { numRuns: 1000 },
    )
  })

  it('has an empty list where a path ends at it, and not where another path leads on', () => {
    const whole: Item = { b: { L: [{ S: 'x' }, { L: [{ S: 'x' }, { L: [] }, { L: [] }] }] } }
    const chosen = [
      ['b', 1, 2],
      ['b', 0, 1, 'a'],
    ] as const
    const shown = projectItem(whole, chosen)
    expect(projectedValues(shown, chosen)).toEqual([{ ordinal: 0, value: { L: [] } }])
  })

  function overlap(chosen: readonly (readonly (string | number)[])[]): boolean {
    return chosen.some((a) => chosen.some((b) => a !== b && a.every((part, n) => part === b[n])))
  }

  /** As clients do it: each part at its place, and then list elements move up. */
  function joined(
    parts: ReturnType<typeof projectedValues>,
    chosen: readonly (readonly (string | number)[])[],
  ): unknown {
    const root: { M?: Record<string, unknown> } = {}
    for (const { ordinal, value: found } of parts) {
      let at: Record<string, unknown> = root
      const path = chosen[ordinal] ?? []
      for (const [n, part] of path.entries()) {
        const kind = typeof part === 'number' ? 'L' : 'M'
        at[kind] ??= kind === 'L' ? [] : {}
        const members = at[kind] as Record<string | number, unknown>
        members[part] = n === path.length - 1 ? found : (members[part] ?? {})
        at = members[part] as Record<string, unknown>
      }
    }
    return JSON.parse(JSON.stringify(root.M ?? {}), (_, each: unknown) =>
      Array.isArray(each) ? each.filter((member) => member !== null && member !== undefined) : each,
    ) as unknown
  }
})

function parsed(text: string, texts: ExpressionTexts): Condition {
  return parseCondition(text, 'FilterExpression', contextOf(texts))
}

function contextOf(texts: ExpressionTexts): ExpressionContext {
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: given = {} } = texts.placeholders()
  return new ExpressionContext({ names, values: canonical({ M: given as Item }).M } as never)
}

/** What is thrown counts by its kind: messages name placeholders. */
function outcome(act: () => unknown): unknown {
  try {
    return flat(act())
  } catch (error) {
    return (error as Error).name
  }
}

/** Whether AND stands in AND does not matter. */
function flat(tree: unknown): unknown {
  if (Array.isArray(tree)) return tree.map(flat)
  if (typeof tree !== 'object' || tree === null) return tree
  const { op, of } = tree as { op?: string; of?: unknown }
  const members = Object.fromEntries(Object.entries(tree).map(([name, each]) => [name, flat(each)]))
  if ((op !== 'and' && op !== 'or') || !Array.isArray(of)) return members
  const parts = (members['of'] as { op?: string; of?: unknown[] }[]).flatMap((part) =>
    part.op === op ? (part.of ?? []) : [part],
  )
  return { ...members, of: parts }
}

/** Undefined where the client itself refuses. */
function accepted(act: () => Buffer): Buffer | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}

/** Numbers in canonical form. */
function canonical<Value extends AttributeValue>(given: Value): Value {
  const number = (text: string): string => canonicalNumber(text) as string
  if ('N' in given) return { N: number(given.N) } as Value
  if ('NS' in given) return { NS: given.NS.map(number) } as unknown as Value
  if ('L' in given) return { L: given.L.map(canonical) } as unknown as Value
  if (!('M' in given)) return given
  return {
    M: Object.fromEntries(Object.entries(given.M).map(([name, each]) => [name, canonical(each)])),
  } as unknown as Value
}

/** Bytes as the client takes them. */
function asSent(attributes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const each = (given: AttributeValue): unknown => {
    if ('B' in given) return { B: Buffer.from(given.B, 'base64') }
    if ('BS' in given) return { BS: given.BS.map((text) => Buffer.from(text, 'base64')) }
    if ('L' in given) return { L: given.L.map(each) }
    return 'M' in given ? { M: asSent(given.M) } : given
  }
  return Object.fromEntries(Object.entries(attributes).map(([name, given]) => [name, each(given as AttributeValue)]))
}
