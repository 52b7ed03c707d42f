import type { DescribeTableInput, DescribeTableOutput } from '@aws-sdk/client-dynamodb'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describeTable as descriptionOf } from './description.ts'

export const describeTable = defineControl<Wire<DescribeTableInput>, Wire<DescribeTableOutput>>({
  name: 'DescribeTable',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => ({ Table: descriptionOf(tableInAnyState(input.TableName, context), context) }),
})
