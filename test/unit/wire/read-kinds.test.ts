import { expect, test } from 'vitest'
import { isEventualRead } from '../../../src/http/processes/read-kinds.ts'

const asked = (operation: string, body: string): boolean =>
  isEventualRead({ headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` }, body: Buffer.from(body) })

test.each([
  ['GetItem', '{"TableName":"t"}', true],
  ['GetItem', '{"TableName":"t","ConsistentRead":false}', true],
  ['GetItem', '{"ConsistentRead" : false , "TableName":"t"}', true],
  ['GetItem', '{"TableName":"t","ConsistentRead":true}', false],
  ['GetItem', '{"TableName":"t","ConsistentRead":"true"}', false],
  ['GetItem', String.raw`{"TableName":"t","Consistent\u0052ead":true}`, false],
  ['GetItem', '{"ConsistentRead":false,"ConsistentRead":true}', false],
  ['BatchGetItem', '{"RequestItems":{"a":{"ConsistentRead":false},"b":{"ConsistentRead":true}}}', false],
  ['Query', '{"TableName":"t"}', true],
  ['Scan', '{"TableName":"t"}', true],
  ['TransactGetItems', '{}', false],
  ['PutItem', '{}', false],
  ['DescribeTable', '{}', false],
])('%s %s may be answered from an older state: %s', (operation, body, eventual) => {
  expect(asked(operation, body)).toBe(eventual)
})
