import type { DescribeBackupInput, DescribeBackupOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { backupDescription } from './backup-description.ts'
import { backupNamed } from './named-backup.ts'

export const describeBackup = defineControl<Wire<DescribeBackupInput>, Wire<DescribeBackupOutput>>({
  name: 'DescribeBackup',
  resource: (input) => input.BackupArn,
  checks: [],
  run: (input, context) => ({
    BackupDescription: backupDescription(backupNamed(input.BackupArn ?? '', context), context),
  }),
})
