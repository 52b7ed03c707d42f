import { expect, test } from 'vitest'
import { SyntaxCache } from '../../../src/core/expression/syntax/syntax-cache.ts'
import { expressionCacheEntriesMax, expressionCacheTextMax } from '../../../src/core/limits/limits.ts'

test('a text is parsed once, until too many others have been used since', () => {
  const parsed: string[] = []
  const cache = new SyntaxCache((text) => {
    parsed.push(text)
    return text.toUpperCase()
  })
  cache.syntaxOf('old')
  for (let n = 1; n < expressionCacheEntriesMax; n++) cache.syntaxOf(`text ${n}`)
  expect(cache.syntaxOf('old')).toBe('OLD')
  cache.syntaxOf('one more')
  cache.syntaxOf('old')
  expect(parsed.filter((text) => text === 'old')).toHaveLength(1)
  cache.syntaxOf('text 1')
  expect(parsed.filter((text) => text === 'text 1')).toHaveLength(2)
})

test('neither refused texts nor long ones are kept', () => {
  let parsed = 0
  const cache = new SyntaxCache((text) => {
    parsed++
    if (text === 'wrong') throw new Error('refused')
    return text
  })
  for (const text of ['wrong', 'x'.repeat(expressionCacheTextMax + 1)])
    for (let n = 0; n < 2; n++)
      try {
        cache.syntaxOf(text)
      } catch {
        continue
      }
  expect(parsed).toBe(4)
})
