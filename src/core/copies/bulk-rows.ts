/**
 * Rows of objects of a bulk put: an item, and a condition where it has one, in the words of PutItem:
 * `{"Item": {…}, "ConditionExpression": "…", "ExpressionAttributeNames": {…}, "ExpressionAttributeValues": {…}}`, or the same as a struct of Ion.
 */
import type { AttributeValue, Item } from '../attribute/value.ts'
import { ExpressionContext } from '../expression/bind/expression-context.ts'
import { checkExpressionParameters, expressionParametersOf } from '../expression/bind/parameters.ts'
import { parseCondition } from '../expression/parse.ts'
import type { Table } from '../table/table.ts'
import { readInput } from '../wire/input.ts'
import type { BulkJob } from './copy-job.ts'
import { checked, type ImportRow, jsonObject, problemsAsRows, type RowReader, sentItem } from './import-rows.ts'
import { ionFields } from './ion/ion-reader.ts'

export function bulkRowReader({ format }: Pick<BulkJob, 'format'>, table: Pick<Table, 'key'>): RowReader {
  return (piece) =>
    problemsAsRows(() => {
      const sent = format === 'ION' ? undefined : sentItem(piece)
      if (sent !== undefined) return checked(sent, table)
      const value = format === 'ION' ? ionObject(piece) : jsonObject(piece)
      return value === undefined ? undefined : rowOf(value, table)
    })
}

type Members = Readonly<Record<string, unknown>>

/** Members of PutItem that a row may have. */
const taken = ['Item', 'ConditionExpression', 'ExpressionAttributeNames', 'ExpressionAttributeValues'] as const

function rowOf(members: Members, table: Pick<Table, 'key'>): ImportRow {
  const given = taken.flatMap((name) => (members[name] === undefined ? [] : [[name, members[name]] as const]))
  const input = readInput('PutItem', { TableName: 'bulk', ...Object.fromEntries(given) }) as Members & {
    readonly Item: Item
  }
  checkExpressionParameters(input, expressionParametersOf.PutItem)
  const row = checked(input.Item, table)
  const expression = input['ConditionExpression'] as string | undefined
  if ('problem' in row || expression === undefined) return row
  const context = new ExpressionContext({
    names: input['ExpressionAttributeNames'] as Readonly<Record<string, string>> | undefined,
    values: input['ExpressionAttributeValues'] as Readonly<Record<string, AttributeValue>> | undefined,
  })
  const condition = parseCondition(expression, 'ConditionExpression', context)
  context.finish()
  return { ...row, condition }
}

/** Members as DynamoDB JSON has them. */
function ionObject(text: Buffer): Members {
  const fields = [...ionFields(text.toString('utf8'))].map(([name, value]) => [name, plain(name, value)] as const)
  return Object.fromEntries(fields)
}

function plain(name: string, value: AttributeValue): unknown {
  if ('S' in value) return value.S
  if (!('M' in value)) return value
  if (name !== 'ExpressionAttributeNames') return value.M
  return Object.fromEntries(Object.entries(value.M).map(([key, each]) => [key, 'S' in each ? each.S : each]))
}
