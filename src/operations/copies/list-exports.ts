/** Of a table that is deleted none is listed, though each is described still. */
import type { ListExportsInput, ListExportsOutput } from '@aws-sdk/client-dynamodb'
import { tableNameOf } from '../arns.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { copiesPage } from './copies-page.ts'
import { arnOfCopy, copiesOf } from './named-copy.ts'

export const listExports = defineControl<Wire<ListExportsInput>, Wire<ListExportsOutput>>({
  name: 'ListExports',
  table: (input) => input.TableArn,
  checks: [],
  run: (input, context) => {
    const table = input.TableArn === undefined ? undefined : tableNameOf(context.settings, input.TableArn)
    const asked = copiesOf('export', context).filter(
      (job) => table === undefined || (job.table.name === table && context.engine.tableNamed(table)?.id === job.of),
    )
    const { page, next } = copiesPage(asked, { NextToken: input.NextToken, limit: input.MaxResults })
    return {
      ExportSummaries: page.map((job) => ({
        ExportArn: arnOfCopy(job, context),
        ExportStatus: job.status,
        ExportType: job.window === undefined ? ('FULL_EXPORT' as const) : ('INCREMENTAL_EXPORT' as const),
      })),
      ...next,
    }
  },
})
