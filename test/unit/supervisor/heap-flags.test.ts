/** What Node is told of its heap, by role and by how many processors there are. */
import { expect, it } from 'vitest'
import { heapFlagsOf } from '../../../src/process/own-program.ts'

it('gives a node no more collectors than there are processors beside its own', () => {
  const collectors = [1, 2, 3, 4, 5, 64].map((processors) => heapFlagsOf('node', processors).join(' '))
  expect(collectors).toEqual([1, 1, 2, 3, 4, 4].map((count) => `--v8-pool-size=${count}`))
})

it('gives a cache a young generation that fits, and other roles nothing', () => {
  expect(heapFlagsOf('cache', 2)).toEqual(['--min-semi-space-size=32', '--max-semi-space-size=32'])
  expect(heapFlagsOf('links', 2)).toEqual([])
  expect(heapFlagsOf(undefined, 2)).toEqual([])
})
