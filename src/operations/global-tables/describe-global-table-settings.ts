import type { DescribeGlobalTableSettingsInput, DescribeGlobalTableSettingsOutput } from '@aws-sdk/client-dynamodb'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { globalTable } from './global-table.ts'
import { replicaSettings } from './global-table-settings.ts'

export const describeGlobalTableSettings = defineControl<
  Wire<DescribeGlobalTableSettingsInput>,
  Wire<DescribeGlobalTableSettingsOutput>
>({
  name: 'DescribeGlobalTableSettings',
  table: (input) => input.GlobalTableName,
  checks: [],
  run: (input, context) => {
    const table = globalTable(input.GlobalTableName, context)
    return { GlobalTableName: table.name, ReplicaSettings: replicaSettings(table, context) }
  },
})
