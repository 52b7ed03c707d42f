import type { DescribeContinuousBackupsInput, DescribeContinuousBackupsOutput } from '@aws-sdk/client-dynamodb'
import { tableNameOf } from '../arns.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { continuousBackups } from './continuous-backups.ts'
import { tableWithBackups } from './table-with-backups.ts'

export const describeContinuousBackups = defineControl<
  Wire<DescribeContinuousBackupsInput>,
  Wire<DescribeContinuousBackupsOutput>
>({
  name: 'DescribeContinuousBackups',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const table = tableWithBackups(tableNameOf(context.settings, input.TableName ?? ''), context)
    return { ContinuousBackupsDescription: continuousBackups(table, context) }
  },
})
