import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { valueAt } from '../../../src/core/item/document.ts'
import { decodeItem, encodeItem } from '../../../src/core/item/item-bytes.ts'
import { projectItem } from '../../../src/core/item/project.ts'
import { item } from '../attribute/values.ts'

const film: Item = {
  id: { S: 'f1' },
  title: { S: 'Alien' },
  info: {
    M: {
      year: { N: '1979' },
      rating: { N: '8.5' },
      cast: { L: [{ S: 'Weaver' }, { S: 'Hurt' }, { M: { name: { S: 'Holm' }, role: { S: 'Ash' } } }] },
    },
  },
}

describe('a document path', () => {
  it.each([
    [['title'], { S: 'Alien' }],
    [['info', 'cast', 2, 'name'], { S: 'Holm' }],
    [['info', 'cast', 3], undefined],
    [['info', 0], undefined],
    [['info', 'cast', 'name'], undefined],
    [['title', 'length'], undefined],
    [['constructor'], undefined],
    [['info', 'toString'], undefined],
  ] as const)('%j leads to %j', (path, expected) => {
    expect(valueAt(film, path)).toEqual(expected)
  })
})

describe('a projection', () => {
  it('merges paths into the same map', () => {
    expect(projectItem(film, [['info', 'year'], ['id'], ['info', 'rating']])).toEqual({
      id: { S: 'f1' },
      info: { M: { year: { N: '1979' }, rating: { N: '8.5' } } },
    })
  })

  it('takes list elements in the order of their indexes and closes the gaps', () => {
    expect(
      projectItem(film, [
        ['info', 'cast', 2, 'role'],
        ['info', 'cast', 0],
        ['info', 'cast', 9],
      ]),
    ).toEqual({ info: { M: { cast: { L: [{ S: 'Weaver' }, { M: { role: { S: 'Ash' } } }] } } } })
  })

  it('shows nothing of what it does not find', () => {
    expect(projectItem(film, [['nothing'], ['info', 'nothing'], ['title', 'x'], ['info', 'cast', 0, 'x']])).toEqual({})
    expect(projectItem(film, [['toString'], ['__proto__']])).toEqual({})
  })

  it('of every top-level name is the item itself', () => {
    fc.assert(
      fc.property(item, (whole) => {
        const paths = Object.keys(whole).map((name) => [name] as const)
        expect(projectItem(whole, paths)).toEqual(whole)
      }),
    )
  })
})

describe('an item at rest', () => {
  it('is read back as it was', () => {
    fc.assert(
      fc.property(item, (whole) => {
        const back = decodeItem(encodeItem(whole))
        expect(back).toEqual(whole)
        expect(Object.keys(back).toSorted()).toEqual(Object.keys(whole).toSorted())
      }),
    )
  })
})
