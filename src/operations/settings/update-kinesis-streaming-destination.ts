import type {
  UpdateKinesisStreamingDestinationInput,
  UpdateKinesisStreamingDestinationOutput,
} from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { kinesisPrecisions } from '../../core/table/table.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { changing, checkDataStream, destinationOf, setDestination, statusOf } from './kinesis-destination.ts'

type Input = Wire<UpdateKinesisStreamingDestinationInput>
type Output = Wire<UpdateKinesisStreamingDestinationOutput>

export const updateKinesisStreamingDestination = defineControl<Input, Output>({
  name: 'UpdateKinesisStreamingDestination',
  table: (input) => input.TableName,
  checks: [checkDataStream],
  run: async ({ TableName, StreamArn: streamArn = '', UpdateKinesisStreamingConfiguration: asked }, context) =>
    await changing(TableName, context, async (table) => {
      const precision = kinesisPrecisions.find((each) => each === asked?.ApproximateCreationDateTimePrecision)
      if (precision === undefined)
        throw validationError(
          'Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values',
        )
      const destination = destinationOf(table, streamArn, 'update')
      if (statusOf(destination, context) !== 'ACTIVE')
        throw validationError(
          'Table is not in a valid state to update Kinesis Streaming Destination: UpdateKinesisStreamingDestination must be ACTIVE to perform UPDATE operation.',
        )
      if (destination.precision === precision)
        throw validationError(
          `Invalid Request: Precision is already set to the desired value of ${precision} for tableId: ${table.id}, kdsArn: ${streamArn}`,
        )
      await setDestination(table, { ...destination, precision }, context)
      return {
        TableName: table.name,
        StreamArn: streamArn,
        DestinationStatus: 'UPDATING',
        UpdateKinesisStreamingConfiguration: { ApproximateCreationDateTimePrecision: precision },
      }
    }),
})
