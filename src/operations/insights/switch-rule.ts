/** Enables or disables one rule of contributor insights by itself, as CloudWatch's API can. */
import type { InsightsRegister } from '../../core/insights/insight-rule.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import type { OperationContext } from '../operation.ts'
import type { Insights } from './insights.ts'

/** False where there is no such rule. */
export async function switchRule(
  { name, isEnabled, insights }: { readonly name: string; readonly isEnabled: boolean; readonly insights: Insights },
  { engine }: Pick<OperationContext, 'engine'>,
): Promise<boolean> {
  const rule = insights.rules().find((each) => each.name === name)
  if (rule === undefined) return false
  await oneAtATime(engine, rule.table, async () => {
    const table = engine.tableNamed(rule.table)
    const setting = table?.insights?.[rule.index]
    if (table === undefined || setting === undefined) return
    const others = (setting.off ?? []).filter((kind) => kind !== rule.kind)
    const off = isEnabled ? others : [...others, rule.kind]
    const value: InsightsRegister = { ...table.insights, [rule.index]: { ...setting, off } }
    await engine.define(table.id, [{ register: 'local/insights', value }])
  })
  return true
}
