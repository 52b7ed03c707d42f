/** Asks a bulk put to stop. What it has written stays. One that has ended stays as it ended. */
import type { CancelBulkOperationInput, CancelBulkOperationOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { arnOfCopy, copyNamed, tableArnOfBulk } from './named-copy.ts'

export const cancelBulkOperation = defineControl<Wire<CancelBulkOperationInput>, Wire<CancelBulkOperationOutput>>({
  name: 'CancelBulkOperation',
  resource: (input) => tableArnOfBulk(input.BulkOperationArn),
  checks: [],
  run: async (input, context) => {
    const { id } = copyNamed('bulk', input.BulkOperationArn ?? '', context)
    // Its reader notes how far it has come at the same time.
    return await oneAtATime(context.engine, `bulk ${id}`, async () => {
      const job = copyNamed('bulk', input.BulkOperationArn ?? '', context)
      if (job.status === 'IN_PROGRESS') await context.engine.archive.putCopy({ ...job, status: 'CANCELLING' })
      else if (job.status !== 'CANCELLING')
        throw new ServiceError(
          'ResourceNotFoundException',
          `Bulk operation is not in progress: ${input.BulkOperationArn}`,
        )
      return { BulkOperationArn: arnOfCopy(job, context), BulkOperationStatus: 'CANCELLING' }
    })
  },
})
