import type { DescribeTimeToLiveInput, DescribeTimeToLiveOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { tableToChange } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const describeTimeToLive = defineControl<Wire<DescribeTimeToLiveInput>, Wire<DescribeTimeToLiveOutput>>({
  name: 'DescribeTimeToLive',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const table = tableToChange(input.TableName, context)
    const { status } = table
    if (status === 'CREATING' || status === 'DELETING')
      throw validationError(
        `Cannot describe time to live while table is in ${status} state: Current table state is ${status}`,
      )
    const { timeToLive } = table.settings
    if (timeToLive?.enabled !== true) return { TimeToLiveDescription: { TimeToLiveStatus: 'DISABLED' } }
    return { TimeToLiveDescription: { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.attribute } }
  },
})
