import type { UpdateContributorInsightsInput, UpdateContributorInsightsOutput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'
import { insightRulesMax } from '../../core/limits/insight-limits.ts'
import { type InsightsRegister, type InsightsSetting, kindsOf } from '../../core/insights/insight-rule.ts'
import type { Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { tableMade } from '../checks/table-exists.ts'
import { defineControl, type OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'
import { insightsPart, named } from './contributor-insights.ts'

type Input = Wire<UpdateContributorInsightsInput>
type Output = Wire<UpdateContributorInsightsOutput>

/** Enabling without a mode sets the usual one again. */
const usualMode = 'ACCESSED_AND_THROTTLED_KEYS'

export const updateContributorInsights = defineControl<Input, Output>({
  name: 'UpdateContributorInsights',
  table: (input) => input.TableName,
  checks: [],
  run: async (input, context) => {
    const { name } = tableMade(input.TableName, context)
    return await oneAtATime(context.engine, name, () => update(input, context))
  },
})

async function update(input: Input, context: OperationContext): Promise<Output> {
  const table = tableMade(input.TableName, context)
  const part = insightsPart(table, input.IndexName)
  if (table.status !== 'ACTIVE')
    throw validationError(
      'Table or Index is not in a valid state to update Key Access Insights: TableStatus must be ACTIVE to enable ContributorInsights.',
    )
  const before = table.insights?.[part]
  const isEnabled = input.ContributorInsightsAction === 'ENABLE'
  const mode = input.ContributorInsightsMode ?? usualMode
  const nowMs = context.env.clock.wallMs()
  const wanted: InsightsSetting = {
    isEnabled,
    mode: isEnabled ? mode : (before?.mode ?? mode),
    createdMs: before?.isEnabled === true && before.failure === undefined ? before.createdMs : nowMs,
    updatedMs: nowMs,
  }
  // What was never enabled stays as it is.
  if (isEnabled || before !== undefined) await set(table, part, withinLimit(wanted, { table, part, context }), context)
  const status = isEnabled ? ('ENABLING' as const) : before?.isEnabled === true ? ('DISABLING' as const) : 'DISABLED'
  return {
    ...named({ table, part }),
    ContributorInsightsStatus: status,
    ...(isEnabled ? { ContributorInsightsMode: mode } : {}),
  }
}

async function set(table: Table, part: string, setting: InsightsSetting, { engine }: OperationContext): Promise<void> {
  const names = new Set(['', ...table.indexes.map(({ name }) => name)])
  const others = Object.entries(table.insights ?? {}).filter(([name]) => names.has(name))
  const value: InsightsRegister = { ...Object.fromEntries(others), [part]: setting }
  await engine.define(table.id, [{ register: 'local/insights', value }])
}

type Of = { readonly table: Table; readonly part: string; readonly context: OperationContext }

/** As on AWS, what there are too many rules for is answered and then FAILED. */
function withinLimit(setting: InsightsSetting, { table, part, context }: Of): InsightsSetting {
  const own = rulesOf(table, part, setting)
  const others = context.engine
    .tables()
    .flatMap((each) =>
      Object.entries(each.insights ?? {}).map(([name, other]) =>
        each.id === table.id && name === part ? 0 : rulesOf(each, name, other),
      ),
    )
  const count = others.reduce((sum, rules) => sum + rules, own)
  if (count <= insightRulesMax) return setting
  return {
    ...setting,
    isEnabled: false,
    failure: `The region has at most ${insightRulesMax} contributor insights rules, and this needs ${own} more.`,
  }
}

function rulesOf(table: Table, part: string, setting: InsightsSetting): number {
  const key = part === '' ? table.key : table.indexes.find(({ name }) => name === part)?.key
  return kindsOf(setting, (key?.sort.length ?? 0) > 0).length
}
