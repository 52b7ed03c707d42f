import type { DescribeContributorInsightsInput, DescribeContributorInsightsOutput } from '@aws-sdk/client-dynamodb'
import { tableMade } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { described, insightsPart } from './contributor-insights.ts'

export const describeContributorInsights = defineControl<
  Wire<DescribeContributorInsightsInput>,
  Wire<DescribeContributorInsightsOutput>
>({
  name: 'DescribeContributorInsights',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const table = tableMade(input.TableName, context)
    return described({ table, part: insightsPart(table, input.IndexName) }, context)
  },
})
