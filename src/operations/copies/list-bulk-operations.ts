/** Bulk puts of the last 90 days, the latest first. */
import type { ListBulkOperationsInput, ListBulkOperationsOutput } from '@aws-sdk/client-dynamodb'
import { copiesKeptMs, listedBulksUsual } from '../../core/limits/copy-limits.ts'
import { defineControl } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { bulkSummary } from './bulk-description.ts'
import { copiesPage } from './copies-page.ts'
import { copiesOf } from './named-copy.ts'

export const listBulkOperations = defineControl<Wire<ListBulkOperationsInput>, Wire<ListBulkOperationsOutput>>({
  name: 'ListBulkOperations',
  checks: [],
  run: ({ NextToken, MaxResults: limit = listedBulksUsual }, context) => {
    const sinceMs = context.env.clock.wallMs() - copiesKeptMs
    const all = copiesOf('bulk', context).filter(({ startedMs }) => startedMs > sinceMs)
    const { page, next } = copiesPage(all.toReversed(), { NextToken, limit, isLatestFirst: true })
    return { BulkOperationsSummaryList: page.map((job) => bulkSummary(job, context)), ...next }
  },
})
