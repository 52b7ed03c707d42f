import type { DescribeEndpointsResponse } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** For SDKs with endpoint discovery: the name by which AWS would be found, as they only use it when told to. */
export const describeEndpoints = defineControl<Readonly<Record<string, never>>, Wire<DescribeEndpointsResponse>>({
  name: 'DescribeEndpoints',
  checks: [],
  run: (_, { settings }) => ({
    Endpoints: [{ Address: `dynamodb.${settings.region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  }),
})
