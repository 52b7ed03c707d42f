/** The alarms of a target's policy, as Application Auto Scaling makes and names them: two of the use, and two of what is provisioned. */
import type { AlarmSettings } from '../alarms/alarm.ts'
import { scaleInMinutes, scaleOutMinutes } from '../limits/scaling-limits.ts'
import { uuidFrom } from '../uuid-from.ts'
import { policyArn, resourceIdOf, type Scaled, type ScalingPolicy } from './scalable-target.ts'
import { highUse, lowUse } from './tracking.ts'

type Place = { readonly region: string; readonly accountId: string }

const kinds = ['AlarmHigh', 'AlarmLow', 'ProvisionedCapacityHigh', 'ProvisionedCapacityLow'] as const
type Kind = (typeof kinds)[number]

/** The same for the same policy, so that its alarms are found again. */
export const scalingAlarmName = (scaled: Scaled, { id }: ScalingPolicy, kind: Kind): string =>
  `TargetTracking-${resourceIdOf(scaled)}-${kind}-${uuidFrom(`${id} ${kind}`)}`

export const scalingAlarmNames = (scaled: Scaled, policy: ScalingPolicy): readonly string[] =>
  kinds.map((kind) => scalingAlarmName(scaled, policy, kind))

/** Metrics of what is provisioned come every five minutes. */
const provisionedPeriodSeconds = 300

export function scalingAlarms(
  scaled: Scaled,
  policy: ScalingPolicy,
  { units, place }: { readonly units: number; readonly place: Place },
): readonly AlarmSettings[] {
  const word = scaled.direction === 'read' ? 'Read' : 'Write'
  const dimensions = [
    { name: 'TableName', value: scaled.table },
    ...(scaled.index === undefined ? [] : [{ name: 'GlobalSecondaryIndexName', value: scaled.index }]),
  ]
  const arn = policyArn(place, scaled, policy)
  const alarm = (kind: Kind, more: Pick<AlarmSettings, 'metric' | 'threshold' | 'evaluationPeriods'>) => ({
    name: scalingAlarmName(scaled, policy, kind),
    description: `DO NOT EDIT OR DELETE. For TargetTrackingScaling policy ${arn}.`,
    actionsEnabled: true,
    okActions: [],
    alarmActions: [arn],
    insufficientDataActions: [],
    comparison: kind.endsWith('High') ? ('GreaterThanThreshold' as const) : ('LessThanThreshold' as const),
    ...more,
  })
  const used = {
    namespace: 'AWS/DynamoDB',
    name: `Consumed${word}CapacityUnits`,
    dimensions,
    statistic: 'Sum',
    periodSeconds: 60,
  }
  const provisioned = {
    ...used,
    name: `Provisioned${word}CapacityUnits`,
    statistic: 'Average',
    periodSeconds: provisionedPeriodSeconds,
  }
  return [
    alarm('AlarmHigh', { metric: used, threshold: highUse(units, policy), evaluationPeriods: scaleOutMinutes }),
    alarm('AlarmLow', { metric: used, threshold: lowUse(units, policy), evaluationPeriods: scaleInMinutes }),
    alarm('ProvisionedCapacityHigh', { metric: provisioned, threshold: units, evaluationPeriods: 2 }),
    alarm('ProvisionedCapacityLow', { metric: provisioned, threshold: units, evaluationPeriods: 3 }),
  ]
}
