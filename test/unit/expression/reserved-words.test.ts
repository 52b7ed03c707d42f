import { expect, test } from 'vitest'
import { isReserved, reservedWordsCount } from '../../../src/core/expression/syntax/reserved-words.ts'

test('the 573 words of the developer guide, in any case', () => {
  expect(reservedWordsCount).toBe(573)
  expect(['ABORT', 'abort', 'Zone', 'flattern', 'ttl', 'URL'].every(isReserved)).toBe(true)
  expect(['a', 'pk', 'id', 'constructor_', 'email'].some(isReserved)).toBe(false)
})
