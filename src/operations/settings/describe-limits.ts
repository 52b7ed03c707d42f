import type { DescribeLimitsOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** The quotas of a new account. Nothing here holds anybody to them. */
export const describeLimits = defineControl<Readonly<Record<string, never>>, Wire<DescribeLimitsOutput>>({
  name: 'DescribeLimits',
  checks: [],
  run: () => ({
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  }),
})
