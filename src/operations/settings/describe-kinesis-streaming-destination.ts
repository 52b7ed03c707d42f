import type {
  DescribeKinesisStreamingDestinationInput,
  DescribeKinesisStreamingDestinationOutput,
  KinesisDataStreamDestination,
} from '@aws-sdk/client-dynamodb'
import { tableMade } from '../checks/table-exists.ts'
import type { KinesisDestination } from '../../core/table/table.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { statusOf } from './kinesis-destination.ts'

export const describeKinesisStreamingDestination = defineControl<
  Wire<DescribeKinesisStreamingDestinationInput>,
  Wire<DescribeKinesisStreamingDestinationOutput>
>({
  name: 'DescribeKinesisStreamingDestination',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const { name, kinesis } = tableMade(input.TableName, context)
    return {
      TableName: name,
      KinesisDataStreamDestinations: kinesis === undefined ? [] : [described(kinesis, context)],
    }
  },
})

function described(kinesis: KinesisDestination, context: OperationContext): KinesisDataStreamDestination {
  const { streamArn, precision, state } = kinesis
  return {
    StreamArn: streamArn,
    DestinationStatus: statusOf(kinesis, context),
    ...(state === 'failed'
      ? {
          DestinationStatusDescription: `The file of functions maps ${streamArn} to nothing, or the region has too many.`,
        }
      : {}),
    ...(precision === undefined ? {} : { ApproximateCreationDateTimePrecision: precision }),
  }
}
