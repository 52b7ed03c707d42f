import type { DescribeGlobalTableInput, DescribeGlobalTableOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describeGlobalTable as descriptionOf, globalTable } from './global-table.ts'

export const describeGlobalTable = defineControl<Wire<DescribeGlobalTableInput>, Wire<DescribeGlobalTableOutput>>({
  name: 'DescribeGlobalTable',
  table: (input) => input.GlobalTableName,
  checks: [],
  run: (input, context) => ({
    GlobalTableDescription: descriptionOf(globalTable(input.GlobalTableName, context), context),
  }),
})
