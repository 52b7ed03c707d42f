import { describe, expect, it } from 'vitest'
import { parseJson } from '../../../src/core/wire/json.ts'

describe('JSON with halves of surrogate pairs', () => {
  it('has question marks in their place, in values and names', () => {
    expect(parseJson('{"a":["x\\ud800y",{"\\udc00":"\\ud83d"}]}')).toEqual({ a: ['x?y', { '?': '?' }] })
  })

  it('keeps whole pairs, however they are written', () => {
    expect(parseJson('["\\ud83d\\ude00","\u{1f600}"]')).toEqual(['\u{1f600}', '\u{1f600}'])
  })

  it('keeps names that mean something to JavaScript', () => {
    const parsed = parseJson('{"__proto__":"\\ud800"}')
    expect(JSON.stringify(parsed)).toBe('{"__proto__":"?"}')
  })

  it('may nest as deep as it likes', () => {
    const depth = 200_000
    expect(() => parseJson(`${'['.repeat(depth)}"\\ud800"${']'.repeat(depth)}`)).not.toThrow()
  })
})
