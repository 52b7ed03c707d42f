/** Contributor insights of a table or a global index, as operations find, tell and set them. A region has its own. */
import { ServiceError } from '../../core/errors.ts'
import { type InsightsSetting, kindsOf, ruleName } from '../../core/insights/insight-rule.ts'
import type { Table } from '../../core/table/table.ts'
import type { OperationContext } from '../operation.ts'
import { lasts } from '../tables/cool-downs.ts'
import { seconds } from '../tables/description.ts'

/** The setting's name of a global index; empty for the table itself. Throws for what is no global index. */
export function insightsPart({ indexes }: Table, index: string | undefined): string {
  if (index === undefined) return ''
  if (indexes.some(({ name, kind }) => name === index && kind === 'global')) return index
  throw new ServiceError('ResourceNotFoundException', `Requested resource not found: Index: ${index} not found`)
}

export type InsightsStatus = 'ENABLING' | 'ENABLED' | 'DISABLING' | 'DISABLED' | 'FAILED'

export function statusOf(setting: InsightsSetting | undefined, context: OperationContext): InsightsStatus {
  if (setting === undefined) return 'DISABLED'
  const { isEnabled, updatedMs, failure } = setting
  if (failure !== undefined) return 'FAILED'
  if (isEnabled) return lasts('insights begin', updatedMs, context) ? 'ENABLING' : 'ENABLED'
  return lasts('insights end', updatedMs, context) ? 'DISABLING' : 'DISABLED'
}

type Of = { readonly table: Table; readonly part: string }

export const named = ({ table, part }: Of) => ({ TableName: table.name, ...(part === '' ? {} : { IndexName: part }) })

export function described({ table, part }: Of, context: OperationContext) {
  const setting = table.insights?.[part]
  if (setting === undefined) return { ...named({ table, part }), ContributorInsightsStatus: 'DISABLED' as const }
  const key = part === '' ? table.key : table.indexes.find(({ name }) => name === part)?.key
  const kinds = kindsOf(setting, (key?.sort.length ?? 0) > 0)
  const { createdMs, updatedMs, mode, isEnabled, failure } = setting
  return {
    ...named({ table, part }),
    ...(kinds.length === 0
      ? {}
      : {
          ContributorInsightsRuleList: kinds.map((kind) =>
            ruleName(kind, { table: table.name, index: part, createdMs }),
          ),
        }),
    ContributorInsightsStatus: statusOf(setting, context),
    LastUpdateDateTime: seconds(updatedMs),
    ...(failure === undefined
      ? {}
      : { FailureException: { ExceptionName: 'LimitExceededException', ExceptionDescription: failure } }),
    ...(isEnabled ? { ContributorInsightsMode: mode } : {}),
  }
}
