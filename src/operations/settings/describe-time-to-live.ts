import type { DescribeTimeToLiveInput, DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const describeTimeToLive = defineControl<Wire<DescribeTimeToLiveInput>, Wire<DescribeTimeToLiveOutput>>({
  name: 'DescribeTimeToLive',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const { timeToLive } = tableInAnyState(input.TableName, context).settings
    if (timeToLive?.enabled !== true) return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } }
    return { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.attribute } }
  },
})
