import type { DescribeGlobalTableInput, DescribeGlobalTableOutput } from '@aws-sdk/client-dynamodb'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describeGlobalTable as descriptionOf, globalTable } from './global-table.ts'

export const describeGlobalTable = defineOperation<Wire<DescribeGlobalTableInput>, Wire<DescribeGlobalTableOutput>>({
  name: 'DescribeGlobalTable',
  kind: 'control',
  tables: (input) => [input.GlobalTableName],
  checks: [],
  run: (input, context) => ({
    GlobalTableDescription: descriptionOf(globalTable(input.GlobalTableName, context), context),
  }),
})
