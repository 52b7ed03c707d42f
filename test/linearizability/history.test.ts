import { describe, expect, test } from 'vitest'
import { type History, historyLineBytesMax, historyText, parseHistory } from './history.ts'

const first = '{"history":1,"initial":null}'
const line = (fields: object): string =>
  JSON.stringify({ process: 'p', key: 'k', op: 'read', invoked: 1, returned: 2, outcome: 'ok', value: null, ...fields })

test('a history is read as it was written', () => {
  const common = { process: 'eu-west-1/3', key: 'orders/7' }
  const history: History = {
    initial: null,
    operations: [
      { ...common, op: 'write', to: 'a', invoked: 1.5, returned: 2, outcome: 'ok' },
      { ...common, op: 'cas', from: 'a', to: null, invoked: 3, returned: 4, outcome: 'fail', value: 'b' },
      { ...common, op: 'add', by: 1, below: 10, invoked: 5, returned: null, outcome: 'unknown' },
      { ...common, op: 'read', invoked: 6, returned: 7, outcome: 'ok', value: 3, consistency: 'eventual' },
    ],
  }
  expect(parseHistory(historyText(history).split('\n'))).toEqual(history)
})

describe('a line that is wrong is named', () => {
  test.each([
    ['without a first line', [line({})], 'line 1'],
    ['that is empty', [], 'the first line of a history is'],
    ['with a line that is no JSON', [first, 'x'], 'line 2 is no JSON'],
    ['with an operation that is not known', [first, line({ op: 'swap' })], 'line 2: op'],
    ['with a time that is no number', [first, line({}), line({ invoked: '1' })], 'line 3: invoked'],
    ['with an answer before its question', [first, line({ invoked: 3 })], 'it returned before it was invoked'],
    ['with a read that tells nothing', [first, line({ value: undefined })], 'a read that is ok has a value'],
    ['with a write that fails', [first, line({ op: 'write', to: 'a', outcome: 'fail' })], 'a write has no condition'],
    ['with a known outcome that never came', [first, line({ returned: null })], 'is unknown, not ok'],
    ['with a member that is not known', [first, line({ more: 1 })], 'line 2'],
    ['with a long line', [first, line({ key: 'k'.repeat(historyLineBytesMax) })], 'line 2 has more than'],
  ])('%s', (_, lines, message) => {
    expect(() => parseHistory(lines)).toThrow(message)
  })
})
