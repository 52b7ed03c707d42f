/** Makes the alarms of policies, gives them the thresholds of what is provisioned by now, and removes those of policies that are gone. */
import type { Alarm, AlarmSettings } from '../../core/alarms/alarm.ts'
import { alarmsMax } from '../../core/limits/metric-limits.ts'
import { isPolicyArn, type Scaled, type ScalingPolicy } from '../../core/scaling/scalable-target.ts'
import { scalingAlarmNames, scalingAlarms } from '../../core/scaling/scaling-alarms.ts'
import { provisionedUnits } from '../tables/updates/scale-capacity.ts'
import { allTargets, type AutoScalingContext } from './autoscaling-context.ts'

export async function settleAlarms(context: AutoScalingContext): Promise<void> {
  const { alarms, env } = context
  const policies = allTargets(context).flatMap(({ scaled, target: { policy } }) =>
    policy === undefined ? [] : [{ scaled, policy }],
  )
  const names = new Set(policies.flatMap(({ scaled, policy }) => scalingAlarmNames(scaled, policy)))
  const gone = alarms.all().filter((alarm) => isOfPolicy(alarm) && !names.has(alarm.name))
  if (gone.length > 0) await alarms.remove(gone.map(({ name }) => name))
  for (const settings of policies.flatMap((each) => wantedAlarms(each, context))) {
    const before = alarms.find(settings.name)
    if (before === undefined && alarms.size >= alarmsMax) {
      env.log.warn('a scaling policy has no alarms: the region has as many as it may have', { alarm: settings.name })
      return
    }
    if (before?.threshold !== settings.threshold) await alarms.put(settings, {})
  }
}

type Followed = { readonly scaled: Scaled; readonly policy: ScalingPolicy }

/** Of a table that is on demand for now there are none to be made: its alarms stay as they were. */
function wantedAlarms({ scaled, policy }: Followed, context: AutoScalingContext): readonly AlarmSettings[] {
  const { engine, settings: place } = context
  const table = engine.tableNamed(scaled.table)
  const units = table && provisionedUnits(table, scaled, place.region)
  return units === undefined ? [] : scalingAlarms(scaled, policy, { units, place })
}

const isOfPolicy = ({ name, alarmActions: [action = ''] }: Alarm): boolean =>
  name.startsWith('TargetTracking-') && isPolicyArn(action)
