/** Changes what auto scaling may do to a table in a region: one change of a table after another. */
import type { ScalingRegister } from '../../core/scaling/scalable-target.ts'
import { scalingRegister } from '../../core/table/registers.ts'
import type { Table } from '../../core/table/table.ts'
import { oneAtATime } from '../../engine/one-at-a-time.ts'
import { assertMayChange } from '../evacuated.ts'
import type { AutoScalingContext } from './autoscaling-context.ts'

type Change = (before: ScalingRegister, table: Table) => ScalingRegister

/** Does nothing where the table is gone. Throws what `change` throws, and in a region that is evacuated. */
export async function changeTargets(
  name: string,
  context: Pick<AutoScalingContext, 'engine' | 'settings' | 'evacuation'>,
  change: Change,
): Promise<void> {
  const { engine, settings, evacuation } = context
  assertMayChange({ name: 'ScaleTable', kind: 'control' }, evacuation)
  await oneAtATime(engine, name, async () => {
    const table = engine.tableNamed(name)
    if (table === undefined) return
    const before = table.scaling?.get(settings.region) ?? {}
    const after = change(before, table)
    if (after === before) return
    const value = Object.keys(after).length === 0 ? undefined : after
    await engine.define(table.id, [{ register: scalingRegister(settings.region), value }])
  })
}
