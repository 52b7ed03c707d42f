import type { ListContributorInsightsInput, ListContributorInsightsOutput } from '@aws-sdk/client-dynamodb'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** Only tables and indexes whose insights are enabled are listed: none. */
export const listContributorInsights = defineControl<
  Wire<ListContributorInsightsInput>,
  Wire<ListContributorInsightsOutput>
>({
  name: 'ListContributorInsights',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    if (input.TableName !== undefined) tableInAnyState(input.TableName, context)
    return { ContributorInsightsSummaries: [] }
  },
})
