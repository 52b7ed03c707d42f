import { expect, it } from 'vitest'
import { type Cast, castOf } from '../../../src/drills/definition/cast.ts'

const drill = { regions: ['a', 'b', 'c'], roles: { victim: 'b' } }

function cast(deployed: readonly string[]): Cast {
  const found = castOf(drill, deployed)
  if (typeof found === 'string') throw new Error(found)
  return found
}

it('roles and all stand for regions, none twice', () => {
  expect(cast(['a', 'b', 'c']).places(['victim', 'all'])).toEqual(['b', 'a', 'c'])
})

it('a region that the deployment lacks is played by one that the drill does not name', () => {
  const found = cast(['x', 'c', 'y', 'a'])
  const { regions, understudies } = found
  expect(regions).toEqual(['a', 'x', 'c'])
  expect(understudies).toEqual({ b: 'x' })
  expect(found.place('victim')).toBe('x')
})

it('too few regions are told in a sentence', () => {
  expect(castOf(drill, ['a', 'b'])).toContain('3 regions')
})

it('links mean directions: one of a>b, two of a..b, all of *', () => {
  const found = cast(['a', 'b', 'c'])
  const names = (...texts: string[]): string[] => found.links(texts).map(({ from, to }) => `${from}>${to}`)
  expect(names('a>victim')).toEqual(['a>b'])
  expect(names('a..b')).toEqual(['a>b', 'b>a'])
  expect(names('victim..*').toSorted()).toEqual(['a>b', 'b>a', 'b>c', 'c>b'])
  expect(names('*')).toHaveLength(6)
  expect(names('a..b', 'b..a')).toHaveLength(2)
})
