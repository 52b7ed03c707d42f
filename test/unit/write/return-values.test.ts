import { expect, test } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { decide } from '../../../src/core/write/decide.ts'
import { returnedAttributes, type ReturnValues } from '../../../src/core/write/return-values.ts'
import { n, s, update } from '../expression/parsing.ts'
import { table } from './tables.ts'

const before: Item = {
  pk: s('p'),
  kept: n(1),
  gone: s('x'),
  map: { M: { a: n(1), b: n(2) } },
  list: { L: [s('a'), s('b')] },
}
const parsed = update('SET #map.a = :v, #list[1] = :v, created = :v REMOVE gone', {
  names: { '#map': 'map', '#list': 'list' },
  values: { ':v': s('new') },
})

function returned(kind: ReturnValues, item: Item | undefined): Item | undefined {
  const current = item === undefined ? undefined : { sizeBytes: 1, item: () => item }
  const applied = item === undefined ? { actions: parsed.actions.slice(2) } : parsed
  const outcome = decide(
    { kind: 'update', table: 'table-id', key: Buffer.from('p'), keyAttributes: { pk: s('p') }, update: applied },
    table(),
    current,
  )
  if ('refused' in outcome) throw new Error(outcome.message)
  return returnedAttributes(kind, outcome, applied)
}

test.each<[ReturnValues, Item | undefined]>([
  ['NONE', undefined],
  ['ALL_OLD', before],
  [
    'ALL_NEW',
    {
      pk: s('p'),
      kept: n(1),
      map: { M: { a: s('new'), b: n(2) } },
      list: { L: [s('a'), s('new')] },
      created: s('new'),
    },
  ],
  ['UPDATED_OLD', { gone: s('x'), map: { M: { a: n(1) } }, list: { L: [s('b')] } }],
  ['UPDATED_NEW', { map: { M: { a: s('new') } }, list: { L: [s('new')] }, created: s('new') }],
])('%s of an update', (kind, expected) => {
  expect(returned(kind, before)).toEqual(expected)
})

test.each<[ReturnValues, Item | undefined]>([
  ['ALL_OLD', undefined],
  ['UPDATED_OLD', undefined],
  ['ALL_NEW', { pk: s('p'), created: s('new') }],
  ['UPDATED_NEW', { created: s('new') }],
])('%s of an update that made the item', (kind, expected) => {
  expect(returned(kind, undefined)).toEqual(expected)
})

test('ALL_OLD of a put and a delete is the item that was there', () => {
  const outcome = { previous: { sizeBytes: 1, item: () => before }, next: undefined, changed: true }
  expect(returnedAttributes('ALL_OLD', outcome)).toBe(before)
  expect(returnedAttributes('NONE', outcome)).toBeUndefined()
})
