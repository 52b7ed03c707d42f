import type { DescribeGlobalTableInput, DescribeGlobalTableOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describeGlobalTable as descriptionOf, findGlobalTable, noGlobalTable } from './global-table.ts'

export const describeGlobalTable = defineControl<Wire<DescribeGlobalTableInput>, Wire<DescribeGlobalTableOutput>>({
  name: 'DescribeGlobalTable',
  table: (input) => input.GlobalTableName,
  checks: [],
  run: ({ GlobalTableName: name }, context) => {
    const table = findGlobalTable(name, context)
    if (table === undefined)
      throw noGlobalTable(`Global table not found: Global table with name: '${name}' does not exist.`)
    return { GlobalTableDescription: descriptionOf(table, context) }
  },
})
