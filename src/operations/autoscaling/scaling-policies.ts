/** PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy. DynamoDB's capacity tracks a target, and nothing else. */
import { alarmArn } from '../../core/alarms/alarm-history.ts'
import { alarmsMax } from '../../core/limits/metric-limits.ts'
import { partKey, policyArn, type Scaled, type ScalingPolicy } from '../../core/scaling/scalable-target.ts'
import { scalingAlarmNames } from '../../core/scaling/scaling-alarms.ts'
import { scalingPageMax, utilizationMax, utilizationMin } from '../../core/limits/scaling-limits.ts'
import {
  allTargets,
  type AutoScalingContext,
  type Filter,
  invalid,
  isAsked,
  limited,
  type Named,
  named,
  notFound,
  pageFrom,
  scaledIn,
  targetHere,
  targetOf,
  words,
} from './autoscaling-context.ts'
import { changeTargets } from './change-targets.ts'

type Tracking = {
  readonly TargetValue: number
  readonly PredefinedMetricSpecification?: { readonly PredefinedMetricType: string; readonly ResourceLabel?: string }
  readonly CustomizedMetricSpecification?: object
  readonly ScaleOutCooldown?: number
  readonly ScaleInCooldown?: number
  readonly DisableScaleIn?: boolean
}

type PutInput = Named & {
  readonly PolicyName: string
  readonly PolicyType?: string
  readonly TargetTrackingScalingPolicyConfiguration?: Tracking
}

const notRegistered = 'No scalable target registered'
const alarmsOfPolicy = 4

export async function putScalingPolicy(input: PutInput, context: AutoScalingContext): Promise<object> {
  const scaled = scaledIn(input)
  const before = targetHere(scaled, context, notRegistered).policy
  const tracking = trackingIn(input, scaled)
  if (before !== undefined && before.name !== input.PolicyName)
    throw invalid('Only one TargetTrackingScaling policy for a given metric specification is allowed.')
  if (before === undefined && context.alarms.size + alarmsOfPolicy > alarmsMax)
    throw limited(`The policy needs ${alarmsOfPolicy} alarms, and the region has as many as it may have.`)
  const { env, settings } = context
  const policy = policyFrom(input.PolicyName, tracking, {
    id: before?.id ?? env.random.uuid(),
    createdMs: before?.createdMs ?? env.clock.wallMs(),
  })
  await context.begin()
  await changeTargets(scaled.table, context, (targets) => {
    const target = targets[partKey(scaled)]
    if (target === undefined) throw notFound(notRegistered, scaled)
    return { ...targets, [partKey(scaled)]: { ...target, policy } }
  })
  await context.look()
  return { PolicyARN: policyArn(settings, scaled, policy), Alarms: alarmsOf(scaled, policy, context) }
}

function trackingIn({ PolicyType: type, TargetTrackingScalingPolicyConfiguration: tracking }: PutInput, of: Scaled) {
  // A new policy steps where nothing is said.
  if (type !== 'TargetTrackingScaling')
    throw invalid(
      `Policy type ${type ?? 'StepScaling'} is not supported for DynamoDB, only TargetTrackingScaling is supported`,
    )
  if (tracking === undefined) throw invalid('TargetTrackingScalingPolicyConfiguration is required')
  if (tracking.CustomizedMetricSpecification !== undefined)
    throw invalid('CustomizedMetricSpecification is not supported by this version of Longitude')
  const metric = tracking.PredefinedMetricSpecification
  const wanted = `DynamoDB${words[of.direction]}CapacityUtilization`
  if (metric === undefined) throw invalid('PredefinedMetricSpecification is required')
  if (metric.PredefinedMetricType !== wanted)
    throw invalid(`Predefined metric type ${metric.PredefinedMetricType} is not valid for this scalable dimension`)
  const { TargetValue: target, ScaleOutCooldown = 0, ScaleInCooldown = 0 } = tracking
  if (!(target >= utilizationMin && target <= utilizationMax))
    throw invalid(`Target value must be between ${utilizationMin} and ${utilizationMax}`)
  if (ScaleOutCooldown < 0 || ScaleInCooldown < 0) throw invalid('A cool-down cannot be negative')
  return tracking
}

type Made = Pick<ScalingPolicy, 'id' | 'createdMs'>

function policyFrom(name: string, tracking: Tracking, made: Made): ScalingPolicy {
  const { TargetValue, ScaleOutCooldown: out, ScaleInCooldown: ins, DisableScaleIn } = tracking
  return {
    ...made,
    name,
    target: TargetValue,
    ...(out === undefined ? {} : { outCooldownSeconds: out }),
    ...(ins === undefined ? {} : { inCooldownSeconds: ins }),
    ...(DisableScaleIn === true ? { isInDisabled: true } : {}),
  }
}

/** Those that there are: they come when the region next looks after its targets. */
function alarmsOf(scaled: Scaled, policy: ScalingPolicy, { alarms, settings }: AutoScalingContext): readonly object[] {
  return scalingAlarmNames(scaled, policy).flatMap((name) =>
    alarms.find(name) === undefined ? [] : { AlarmName: name, AlarmARN: alarmArn(settings, name) },
  )
}

type DescribeInput = Filter & {
  readonly PolicyNames?: readonly string[]
}

export function describeScalingPolicies(input: DescribeInput, context: AutoScalingContext): object {
  const found = allTargets(context).flatMap(({ scaled, target: { policy } }) => {
    const isWanted = policy !== undefined && isAsked(scaled, input)
    return isWanted && (input.PolicyNames?.includes(policy.name) ?? true) ? { scaled, policy } : []
  })
  const { page, next } = pageFrom(found, input, scalingPageMax)
  return { ScalingPolicies: page.map(({ scaled, policy }) => shown(scaled, policy, context)), ...next }
}

function shown(scaled: Scaled, policy: ScalingPolicy, context: AutoScalingContext): object {
  return {
    PolicyARN: policyArn(context.settings, scaled, policy),
    PolicyName: policy.name,
    ...named(scaled),
    PolicyType: 'TargetTrackingScaling',
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: policy.target,
      PredefinedMetricSpecification: { PredefinedMetricType: `DynamoDB${words[scaled.direction]}CapacityUtilization` },
      ...(policy.outCooldownSeconds === undefined ? {} : { ScaleOutCooldown: policy.outCooldownSeconds }),
      ...(policy.inCooldownSeconds === undefined ? {} : { ScaleInCooldown: policy.inCooldownSeconds }),
      ...(policy.isInDisabled === true ? { DisableScaleIn: true } : {}),
    },
    Alarms: alarmsOf(scaled, policy, context),
    CreationTime: new Date(policy.createdMs),
  }
}

export async function deleteScalingPolicy(
  input: Named & { readonly PolicyName: string },
  context: AutoScalingContext,
): Promise<object> {
  const scaled = scaledIn(input)
  const missing = (): Error => notFound('No scaling policy found', scaled, `, scaling policy name: ${input.PolicyName}`)
  if (targetOf(scaled, context)?.policy?.name !== input.PolicyName) throw missing()
  await changeTargets(scaled.table, context, (targets) => {
    const { policy: _, ...target } = targets[partKey(scaled)] ?? {}
    if (!('id' in target)) throw missing()
    return { ...targets, [partKey(scaled)]: target }
  })
  await context.look()
  return {}
}
