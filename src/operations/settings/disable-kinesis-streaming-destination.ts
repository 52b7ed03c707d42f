import type { KinesisStreamingDestinationInput, KinesisStreamingDestinationOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { changing, checkDataStream, destinationOf, setDestination, statusOf } from './kinesis-destination.ts'

type Input = Wire<KinesisStreamingDestinationInput>
type Output = Wire<KinesisStreamingDestinationOutput>

/** What is not delivered by then is not delivered any more. */
export const disableKinesisStreamingDestination = defineControl<Input, Output>({
  name: 'DisableKinesisStreamingDestination',
  table: (input) => input.TableName,
  checks: [checkDataStream],
  run: async ({ TableName, StreamArn: streamArn = '', EnableKinesisStreamingConfiguration: asked = {} }, context) =>
    await changing(TableName, context, async (table) => {
      const destination = destinationOf(table, streamArn, 'disable')
      if (statusOf(destination, context) !== 'ACTIVE')
        throw validationError(
          'Table is not in a valid state to disable Kinesis Streaming Destination: DisableKinesisStreamingDestination must be ACTIVE to perform DISABLE operation.',
        )
      const sinceMs = context.env.clock.wallMs()
      await setDestination(table, { ...destination, state: 'disabling', sinceMs }, context)
      return {
        TableName: table.name,
        StreamArn: streamArn,
        DestinationStatus: 'DISABLING',
        EnableKinesisStreamingConfiguration: asked,
      }
    }),
})
