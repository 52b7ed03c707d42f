import type { DescribeEndpointsResponse } from '@aws-sdk/client-dynamodb'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** For SDKs with endpoint discovery: the name by which AWS would be found, as they only use it when told to. */
export const describeEndpoints = defineOperation<Readonly<Record<string, never>>, Wire<DescribeEndpointsResponse>>({
  name: 'DescribeEndpoints',
  kind: 'control',
  tables: () => [],
  checks: [],
  run: (_, { settings }) => ({
    Endpoints: [{ Address: `dynamodb.${settings.region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  }),
})
