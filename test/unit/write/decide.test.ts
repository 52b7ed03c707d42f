import { describe, expect, test } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { decide as decideOn } from '../../../src/core/write/decide.ts'
import type { Current, Outcome, Refusal, Write } from '../../../src/core/write/write.ts'
import { condition, n, s, update } from '../expression/parsing.ts'
import { table } from './tables.ts'

const keyAttributes = { pk: s('p') }
const plain = table()
const base = { table: plain.id, key: Buffer.from('p'), keyAttributes }
const decide = (write: Write, found: Current | undefined, of = plain): Outcome | Refusal => decideOn(write, of, found)
const put = (item: Item, more: Partial<Write> = {}): Write => ({ ...base, kind: 'put', item, ...more }) as Write
const updateOf = (text: string, values = {}): Write => ({ ...base, kind: 'update', update: update(text, { values }) })

function current(item: Item): Current {
  return { sizeBytes: 10, item: () => item }
}
const unread: Current = {
  sizeBytes: 10,
  item: () => {
    throw new Error('nobody needs to look into this item')
  },
}

function accepted(decided: Outcome | Refusal): Outcome {
  if ('refused' in decided) throw new Error(decided.message)
  return decided
}

describe('decide', () => {
  test('a put replaces what is there without looking into it', () => {
    const item = { pk: s('p'), a: n(1) }
    const outcome = accepted(decide(put(item), unread))
    expect(outcome).toMatchObject({ previous: unread, next: { sizeBytes: 6 }, changed: true })
    expect(outcome.next?.item()).toEqual(item)
  })

  test('whether an item is there is asked of its key without looking into it', () => {
    const create = put({ pk: s('p') }, { condition: condition('attribute_not_exists(pk)') })
    expect(decide(create, unread)).toEqual({ refused: 'condition', message: 'The conditional request failed' })
    expect(decide(create, undefined)).toMatchObject({ changed: true })
  })

  test('a failed condition shows the item only when asked to', () => {
    const item = { pk: s('p'), a: n(1) }
    const write = put({ pk: s('p') }, { condition: condition('a = :a', { values: { ':a': n(2) } }) })
    expect(decide(write, current(item))).not.toHaveProperty('item')
    expect(decide({ ...write, returnItemOnRefusal: true }, current(item))).toEqual({
      refused: 'condition',
      message: 'The conditional request failed',
      item,
    })
    expect(decide({ ...write, returnItemOnRefusal: true }, undefined)).not.toHaveProperty('item')
  })

  test('an update makes an item of its key where there is none', () => {
    const outcome = accepted(decide(updateOf('SET a = :a', { ':a': n(1) }), undefined))
    expect(outcome).toMatchObject({ previous: undefined, next: { sizeBytes: 6 }, changed: true })
    expect(outcome.next?.item()).toEqual({ pk: s('p'), a: n(1) })
  })

  test('an update that only takes away makes no item (scylladb issue 5862 has the observation)', () => {
    expect(decide(updateOf('REMOVE a'), undefined)).toEqual({ previous: undefined, next: undefined, changed: false })
  })

  test('key attributes are not updated, whatever the condition says', () => {
    const write = { ...updateOf('SET pk = :a', { ':a': n(1) }), condition: condition('attribute_exists(zzz)') }
    expect(decide(write, undefined)).toEqual({
      refused: 'validation',
      message:
        'One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
    })
  })

  test('400 KB hold for the item put and for the item that an update makes', () => {
    const big = s('x'.repeat(400 * 1024))
    expect(decide(put({ pk: s('p'), big }), undefined)).toMatchObject({
      message: 'Item size has exceeded the maximum allowed size',
    })
    expect(decide(updateOf('SET big = :big', { ':big': big }), undefined)).toMatchObject({
      message: 'Item size to update has exceeded the maximum allowed size',
    })
  })

  test('the delete of nothing changes nothing', () => {
    expect(decide({ ...base, kind: 'delete' }, undefined)).toMatchObject({ changed: false })
    expect(decide({ ...base, kind: 'delete' }, unread)).toMatchObject({ changed: true, next: undefined })
  })

  test('a check changes nothing', () => {
    const check: Write = { ...base, kind: 'check', condition: condition('attribute_exists(pk)') }
    expect(decide(check, unread)).toMatchObject({ changed: false })
    expect(decide(check, undefined)).toMatchObject({ refused: 'condition' })
  })
})

describe('index keys', () => {
  const indexed = table({ index: 'gsi', attribute: 'g', type: 'S' })

  test('a put with an index key of another type is refused', () => {
    expect(decide({ ...base, kind: 'put', item: { pk: s('p'), g: n(1) } }, undefined, indexed)).toEqual({
      refused: 'validation',
      message:
        'One or more parameter values were invalid: Type mismatch for Index Key g Expected: S Actual: N IndexName: gsi',
    })
  })

  test('an empty index key is refused, in other words for an update', () => {
    expect(decide({ ...base, kind: 'put', item: { pk: s('p'), g: s('') } }, undefined, indexed)).toMatchObject({
      message:
        'One or more parameter values are not valid. A value specified for a secondary index key is not supported. ' +
        'The AttributeValue for a key attribute cannot contain an empty string value. IndexName: gsi, IndexKey: g',
    })
    const write: Write = { ...base, kind: 'update', update: update('SET g = :g', { values: { ':g': s('') } }) }
    expect(decide(write, undefined, indexed)).toMatchObject({
      message:
        'One or more parameter values are not valid. The update expression attempted to update a secondary index key ' +
        'to a value that is not supported. The AttributeValue for a key attribute cannot contain an empty string value.',
    })
  })

  test('an update is not refused for what was there before the index', () => {
    const write: Write = { ...base, kind: 'update', update: update('SET a = :a', { values: { ':a': s('x') } }) }
    expect(decide(write, current({ pk: s('p'), g: n(1) }), indexed)).toMatchObject({ changed: true })
  })
})
