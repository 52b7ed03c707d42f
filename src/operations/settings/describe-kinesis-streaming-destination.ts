import type {
  DescribeKinesisStreamingDestinationInput,
  DescribeKinesisStreamingDestinationOutput,
} from '@aws-sdk/client-dynamodb'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineOperation } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const describeKinesisStreamingDestination = defineOperation<
  Wire<DescribeKinesisStreamingDestinationInput>,
  Wire<DescribeKinesisStreamingDestinationOutput>
>({
  name: 'DescribeKinesisStreamingDestination',
  kind: 'control',
  tables: (input) => [input.TableName],
  checks: [],
  run: (input, context) => ({
    TableName: tableInAnyState(input.TableName, context).name,
    KinesisDataStreamDestinations: [],
  }),
})
