import { describe, expect, test } from 'vitest'
import { verdictOf } from '../../../src/core/triggers/function-response.ts'

const asked = { reportsFailures: true, hasWindow: false, sequences: ['10', '11', '12'] }
const failing = (...itemIdentifiers: unknown[]): string =>
  JSON.stringify({ batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) })

describe('the answer of a function that reports failures', () => {
  test.each([['null'], ['{}'], ['[]'], [''], ['{"batchItemFailures":[]}'], ['{"batchItemFailures":null}']])(
    '%j says that all is done',
    (payload) => {
      expect(verdictOf(payload, asked)).toEqual({ kind: 'done' })
    },
  )

  test.each([
    ['an empty identifier', failing('')],
    ['no identifier', failing(null)],
    ['an identifier that the batch does not have', failing('11', '13')],
    ['another key', '{"batchItemFailures":[{"id":"11"}]}'],
    ['the first record', failing('10')],
    ['no list', '{"batchItemFailures":"11"}'],
  ])('with %s says that all failed', (_, payload) => {
    expect(verdictOf(payload, asked)).toEqual({ kind: 'failed' })
  })

  test('says from which record on the batch is to be sent again: the lowest', () => {
    expect(verdictOf(failing('12', '11'), asked)).toMatchObject({ kind: 'partly', from: 1 })
  })

  test('does not count where failures are not to be reported', () => {
    expect(verdictOf(failing('11'), { ...asked, reportsFailures: false })).toEqual({ kind: 'done' })
  })
})

describe('the answer of a function with a window', () => {
  const inWindow = { reportsFailures: false, hasWindow: true, sequences: ['10'] }

  test('holds the state of the window', () => {
    expect(verdictOf('{"state":{"a":1}}', inWindow)).toEqual({
      kind: 'done',
      window: { state: '{"a":1}', isTooLarge: false },
    })
  })

  test.each([['null'], ['{}'], ['{"state":null}'], ['{"state":"text"}']])(
    '%s without a state has failed',
    (payload) => {
      expect(verdictOf(payload, inWindow)).toEqual({ kind: 'failed' })
    },
  )

  test('says that a state is too large to go on with', () => {
    const payload = JSON.stringify({ state: { a: 'x'.repeat(1024 * 1024) } })
    expect(verdictOf(payload, inWindow)).toMatchObject({ kind: 'done', window: { isTooLarge: true } })
  })
})
