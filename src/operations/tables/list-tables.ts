import type { ListTablesInput, ListTablesOutput } from '@aws-sdk/client-dynamodb'
import { listTablesMax } from '../../core/limits/limits.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const listTables = defineControl<Wire<ListTablesInput>, Wire<ListTablesOutput>>({
  name: 'ListTables',
  checks: [],
  run: ({ ExclusiveStartTableName: start, Limit: limit = listTablesMax }, { engine }) => {
    // The start need not be a table's name: the answer goes on with whatever comes after it.
    const names = engine.tables().map((table) => table.name)
    const rest = start === undefined ? names : names.filter((name) => name > start)
    const page = rest.slice(0, limit)
    const last = page.at(-1)
    return {
      TableNames: page,
      ...(rest.length > page.length && last !== undefined ? { LastEvaluatedTableName: last } : {}),
    }
  },
})
