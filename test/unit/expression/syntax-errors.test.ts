import { describe, expect, test } from 'vitest'
import { condition, n, projection, refusal, s, update } from './parsing.ts'

describe('syntax errors name the token and the words around it', () => {
  test.each([
    ['INVALID SYNTAX HERE', 'token: "INVALID", near: "INVALID SYNTAX"'],
    ['ADD hits : incr', 'token: ":", near: "hits : incr"'],
    ['SET #, #, = :a', 'token: "#", near: "SET #,"'],
    ['SET  REMOVE #Options', 'token: "REMOVE", near: "SET  REMOVE #Options"'],
    ['SET a = :a,', 'token: "<EOF>", near: ","'],
    ['SET', 'token: "<EOF>", near: "SET"'],
    ['SET a = if_not_exists(a, 0)', 'token: "0", near: ", 0)"'],
    ['SET a-b = :a', 'token: "-", near: "a-b"'],
    ['SET a = :a b = :b', 'token: "b", near: ":a b ="'],
    ['SET a = b + c + d', 'token: "+", near: "c + d"'],
    ['SET size(a) = :b', 'token: "(", near: "size(a"'],
    ['ADD a b', 'token: "b", near: "a b"'],
    ['REMOVE a[b]', 'token: "b", near: "[b]"'],
    ['REMOVE a[-1]', 'token: "-", near: "[-1"'],
  ])('update %s', (text, problem) => {
    expect(refusal(() => update(text))).toBe(`Invalid UpdateExpression: Syntax error; ${problem}`)
  })

  test.each([
    ['a = :a AND __typename = :b', 'token: "_", near: "AND __"'],
    ['whatever', 'token: "<EOF>", near: "whatever"'],
    ['a AND b', 'token: "AND", near: "a AND b"'],
    ['attribute_exists([1])', 'token: "[", near: "([1"'],
    ['a = 5', 'token: "5", near: "= 5"'],
    ["a = 'x'", 'token: "\'", near: "= \'x"'],
    ['(a = :a', 'token: "<EOF>", near: ":a"'],
    ['a = :a)', 'token: ")", near: ":a)"'],
    ['a BETWEEN :a', 'token: "<EOF>", near: ":a"'],
    ['a IN ()', 'token: ")", near: "()"'],
    ['a = :a = :b', 'token: "=", near: ":a = :b"'],
    ['(a = :a) = :b', 'token: "=", near: ") = :b"'],
    ['= :a', 'token: "=", near: "= :a"'],
    ['NOT', 'token: "<EOF>", near: "NOT"'],
    ['a..b = :a', 'token: ".", near: "..b"'],
    ['size(a)', undefined],
  ])('condition %s', (text, problem) => {
    if (problem === undefined) return
    expect(refusal(() => condition(text))).toBe(`Invalid ConditionExpression: Syntax error; ${problem}`)
  })

  test.each([
    ['!!!', 'token: "!", near: "!!"'],
    ['a b', 'token: "b", near: "a b"'],
    ['a,', 'token: "<EOF>", near: ","'],
    [',a', 'token: ",", near: ",a"'],
    ['a.', 'token: "<EOF>", near: "."'],
    ['a[0', 'token: "<EOF>", near: "0"'],
    ['[0]', 'token: "[", near: "[0"'],
    ['a, :b', 'token: ":b", near: ", :b"'],
  ])('projection %s', (text, problem) => {
    expect(refusal(() => projection(text))).toBe(`Invalid ProjectionExpression: Syntax error; ${problem}`)
  })

  test('the expression is named by the parameter that it came in', () => {
    expect(refusal(() => condition('a', {}, 'FilterExpression'))).toMatch(/^Invalid FilterExpression: Syntax error; /)
    expect(refusal(() => condition('', {}, 'KeyConditionExpression'))).toBe(
      'Invalid KeyConditionExpression: The expression can not be empty;',
    )
  })

  test('syntax comes before undefined names and reserved words', () => {
    expect(refusal(() => condition('#undefined = :undefined AND name'))).toMatch(/Syntax error/)
  })

  test('nesting as deep as 4 KB allow ends in a refusal, not in a full stack', () => {
    expect(refusal(() => condition('('.repeat(4000)))).toMatch(/^Invalid ConditionExpression: /)
    expect(refusal(() => condition('size('.repeat(800)))).toMatch(/^Invalid ConditionExpression: /)
    expect(refusal(() => condition('NOT '.repeat(1000)))).toMatch(/^Invalid ConditionExpression: /)
    expect(refusal(() => update(`SET a = ${'('.repeat(4000)}`))).toMatch(/^Invalid UpdateExpression: /)
  })

  test('keywords are words in any case, and spaces are free', () => {
    expect(condition('not\n(a=:a And b<>:a oR c In(:a,:b))', { values: { ':a': s('x'), ':b': n(1) } })).toEqual({
      op: 'not',
      of: {
        op: 'or',
        of: [
          {
            op: 'and',
            of: [
              { op: 'compare', comparator: '=', left: { path: ['a'] }, right: { value: s('x') } },
              { op: 'compare', comparator: '<>', left: { path: ['b'] }, right: { value: s('x') } },
            ],
          },
          { op: 'in', operand: { path: ['c'] }, list: [{ value: s('x') }, { value: n(1) }] },
        ],
      },
    })
  })
})
