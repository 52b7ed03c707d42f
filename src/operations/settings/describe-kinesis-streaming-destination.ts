import type {
  DescribeKinesisStreamingDestinationInput,
  DescribeKinesisStreamingDestinationOutput,
} from '@aws-sdk/client-dynamodb'
import { tableMade } from '../checks/table-exists.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

export const describeKinesisStreamingDestination = defineControl<
  Wire<DescribeKinesisStreamingDestinationInput>,
  Wire<DescribeKinesisStreamingDestinationOutput>
>({
  name: 'DescribeKinesisStreamingDestination',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => ({
    TableName: tableMade(input.TableName, context).name,
    KinesisDataStreamDestinations: [],
  }),
})
