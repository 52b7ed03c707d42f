import type { DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput } from '@aws-sdk/client-dynamodb'
import { ServiceError } from '../../core/errors.ts'
import { tableNameOf } from '../arns.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

/** AWS's answer for a table whose point-in-time recovery was never turned on; continuous backups themselves are always on. */
export const describeContinuousBackups = defineControl<
  Wire<DescribeContinuousBackupsInput>,
  Wire<DescribeContinuousBackupsOutput>
>({
  name: 'DescribeContinuousBackups',
  table: (input) => input.TableName,
  checks: [],
  run: (input, { engine, settings }) => {
    const name = tableNameOf(settings, input.TableName ?? '')
    const table = engine.tableNamed(name)
    if (table === undefined || table.status === 'CREATING')
      throw new ServiceError('TableNotFoundException', `Table not found: ${name}`)
    return {
      ContinuousBackupsDescription: {
        ContinuousBackupsStatus: 'ENABLED',
        PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: 'DISABLED' },
      },
    }
  },
})
