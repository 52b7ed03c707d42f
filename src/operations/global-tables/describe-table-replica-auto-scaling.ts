import type {
  DescribeTableReplicaAutoScalingInput,
  DescribeTableReplicaAutoScalingOutput,
} from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { describedScaling, scaledGlobalTable } from './replica-scaling.ts'

export const describeTableReplicaAutoScaling = defineControl<
  Wire<DescribeTableReplicaAutoScalingInput>,
  Wire<DescribeTableReplicaAutoScalingOutput>
>({
  name: 'DescribeTableReplicaAutoScaling',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => ({
    TableAutoScalingDescription: describedScaling(scaledGlobalTable(input.TableName, context), context),
  }),
})
