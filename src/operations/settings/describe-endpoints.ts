import type { DescribeEndpointsResponse } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** For SDKs with endpoint discovery, which go on at the address that is named: the one that was asked. */
export const describeEndpoints = defineControl<Readonly<Record<string, never>>, Wire<DescribeEndpointsResponse>>({
  name: 'DescribeEndpoints',
  checks: [],
  run: (_, { settings, host }) => ({
    Endpoints: [{ Address: host ?? `dynamodb.${settings.region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  }),
})
