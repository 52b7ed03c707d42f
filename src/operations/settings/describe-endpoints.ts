import type { DescribeEndpointsResponse } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** For SDKs with endpoint discovery, which go on at the address that is named: the one that was asked. */
export const describeEndpoints = defineControl<Readonly<Record<string, never>>, Wire<DescribeEndpointsResponse>>({
  name: 'DescribeEndpoints',
  checks: [],
  run: (_, { settings, host }) => ({
    Endpoints: [
      { Address: addressIn(host) ?? `dynamodb.${settings.region}.amazonaws.com`, CachePeriodInMinutes: 1440 },
    ],
  }),
})

const addressSizeMax = 261
const address = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/

/** Undefined where the client has sent no header, or one that names no host. */
function addressIn(host: string | undefined): string | undefined {
  return host !== undefined && host.length <= addressSizeMax && address.test(host) ? host : undefined
}
