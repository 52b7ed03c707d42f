import type { ListImportsInput, ListImportsOutput } from '@aws-sdk/client-dynamodb'
import { tableNameOf } from '../arns.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { copiesPage } from './copies-page.ts'
import { importSummary } from './copy-description.ts'
import { copiesOf } from './named-copy.ts'

export const listImports = defineControl<Wire<ListImportsInput>, Wire<ListImportsOutput>>({
  name: 'ListImports',
  table: (input) => input.TableArn,
  checks: [],
  run: (input, context) => {
    const table = input.TableArn === undefined ? undefined : tableNameOf(context.settings, input.TableArn)
    const asked = copiesOf('import', context).filter(({ name }) => table === undefined || name === table)
    const { page, next } = copiesPage(asked, { NextToken: input.NextToken, limit: input.PageSize })
    return { ImportSummaryList: page.map((job) => importSummary(job, context)), ...next }
  },
})
