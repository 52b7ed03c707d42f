import type { KinesisStreamingDestinationInput, KinesisStreamingDestinationOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { kinesisPrecisions, type KinesisDestination } from '../../core/table/table.ts'
import { streamLabel } from '../../core/table/table-identity.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { changing, checkDataStream, setDestination, statusOf } from './kinesis-destination.ts'

type Input = Wire<KinesisStreamingDestinationInput>
type Output = Wire<KinesisStreamingDestinationOutput>

/** A hidden change stream begins with the setting, so no write behind it is left out. An ARN that is mapped to nothing fails afterwards, as on AWS. */
export const enableKinesisStreamingDestination = defineControl<Input, Output>({
  name: 'EnableKinesisStreamingDestination',
  table: (input) => input.TableName,
  checks: [checkDataStream],
  run: async ({ TableName, StreamArn: streamArn = '', EnableKinesisStreamingConfiguration: asked = {} }, context) =>
    await changing(TableName, context, async (table) => {
      const { kinesis } = table
      if (kinesis !== undefined && !['DISABLED', 'ENABLE_FAILED'].includes(statusOf(kinesis, context)))
        throw validationError(
          'Table is not in a valid state to enable Kinesis Streaming Destination: EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.',
        )
      const sinceMs = context.env.clock.wallMs()
      const precision = kinesisPrecisions.find((each) => each === asked.ApproximateCreationDateTimePrecision)
      const told: Pick<KinesisDestination, 'precision'> = precision === undefined ? {} : { precision }
      const label = streamLabel(sinceMs)
      await setDestination(
        table,
        { streamArn, ...told, label: `kinesis-${label}`, state: 'enabling', sinceMs },
        context,
      )
      return {
        TableName: table.name,
        StreamArn: streamArn,
        DestinationStatus: 'ENABLING',
        EnableKinesisStreamingConfiguration: asked,
      }
    }),
})
