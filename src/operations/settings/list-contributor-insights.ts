import type { ListContributorInsightsInput, ListContributorInsightsOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import type { Table } from '../../core/table/table.ts'
import { tableInAnyState } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { named, statusOf } from './contributor-insights.ts'

type Output = Wire<ListContributorInsightsOutput>

const listedMax = 100

/** Only tables and indexes whose insights are not DISABLED are listed. */
export const listContributorInsights = defineControl<Wire<ListContributorInsightsInput>, Output>({
  name: 'ListContributorInsights',
  table: (input) => input.TableName,
  checks: [],
  run: (input, context) => {
    const { TableName, MaxResults = listedMax, NextToken } = input
    const tables = TableName === undefined ? context.engine.tables() : [tableInAnyState(TableName, context)]
    const all = tables.flatMap((table) => summaries(table, context))
    const from = NextToken === undefined ? 0 : offsetIn(NextToken)
    const end = from + Math.min(listedMax, Math.max(1, MaxResults))
    const next = end < all.length ? { NextToken: Buffer.from(`from ${end}`).toString('base64') } : {}
    return { ContributorInsightsSummaries: all.slice(from, end), ...next }
  },
})

function summaries(table: Table, context: OperationContext): NonNullable<Output['ContributorInsightsSummaries']> {
  return Object.entries(table.insights ?? {}).flatMap(([part, setting]) => {
    const status = statusOf(setting, context)
    if (status === 'DISABLED') return []
    const shown = { ...named({ table, part }), ContributorInsightsStatus: status }
    return [setting.isEnabled ? { ...shown, ContributorInsightsMode: setting.mode } : shown]
  })
}

function offsetIn(token: string): number {
  const [, offset] = /^from (\d{1,6})$/.exec(Buffer.from(token.slice(0, 100), 'base64').toString()) ?? []
  if (offset === undefined) throw validationError('Invalid NextToken')
  return Number(offset)
}
