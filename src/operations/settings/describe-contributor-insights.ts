import type { DescribeContributorInsightsInput, DescribeContributorInsightsOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import { tableMade } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const describeContributorInsights = defineControl<
  Wire<DescribeContributorInsightsInput>,
  Wire<DescribeContributorInsightsOutput>
>({
  name: 'DescribeContributorInsights',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const table = tableMade(input.TableName, context)
    const index = input.IndexName
    if (index !== undefined && !table.indexes.some((candidate) => candidate.name === index))
      throw new ServiceError('ResourceNotFoundException', `Requested resource not found: Index: ${index} not found`)
    return {
      TableName: table.name,
      ...(index === undefined ? {} : { IndexName: index }),
      ContributorInsightsStatus: 'DISABLED',
    }
  },
})
