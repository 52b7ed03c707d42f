/** RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget. */
import {
  partKey,
  resourceIdOf,
  type Scaled,
  type ScalableTarget,
  scalingRole,
  type Suspended,
  targetArn,
} from '../../core/scaling/scalable-target.ts'
import { isOf } from '../../core/scaling/activity.ts'
import { scaledUnitsMax, scalingPageMax } from '../../core/limits/scaling-limits.ts'
import type { Table } from '../../core/table/table.ts'
import {
  allTargets,
  type AutoScalingContext,
  type Filter,
  invalid,
  isAsked,
  type Named,
  named,
  pageFrom,
  type Placed,
  scaledIn,
  targetHere,
  targetOf,
} from './autoscaling-context.ts'
import { changeTargets } from './change-targets.ts'
import { checkTags, putTags } from './target-tags.ts'

type SuspendedInput = {
  readonly DynamicScalingInSuspended?: boolean
  readonly DynamicScalingOutSuspended?: boolean
  readonly ScheduledScalingSuspended?: boolean
}

type RegisterInput = Named & {
  readonly MinCapacity?: number
  readonly MaxCapacity?: number
  readonly SuspendedState?: SuspendedInput
  readonly Tags?: Readonly<Record<string, string>>
}

/** Makes a target, or gives one other bounds. What is provisioned outside of new bounds is brought in. */
export async function registerScalableTarget(input: RegisterInput, context: AutoScalingContext): Promise<object> {
  const scaled = scaledIn(input)
  assertThere(scaled, context)
  const { env, settings } = context
  const before = targetOf(scaled, context)
  const tags = before === undefined ? {} : context.book.tagsOf(before.id)
  const allTags = { ...tags, ...input.Tags }
  checkTags(allTags, Object.keys(tags).length, context)
  const id = before?.id ?? env.random.uuid().replaceAll('-', '')
  boundsFrom(input, before)
  await context.begin()
  await changeTargets(scaled.table, context, (targets, table) => {
    const known = targets[partKey(scaled)]
    const target = { ...boundsFrom(input, known), ...suspendedFrom(input, known) }
    return { ...staying(targets, table), [partKey(scaled)]: merged(known, target, { id, nowMs: env.clock.wallMs() }) }
  })
  if (input.Tags !== undefined) await putTags(id, allTags, context)
  void context.look()
  return { ScalableTargetARN: targetArn(settings, id) }
}

/** Targets of indexes that the table has no more go when others come. */
function staying(targets: Readonly<Record<string, ScalableTarget>>, { indexes }: Table) {
  const names = new Set(indexes.map(({ name }) => name))
  return Object.fromEntries(
    Object.entries(targets).filter(([key]) => !key.includes('/') || names.has(key.slice(key.indexOf('/') + 1))),
  )
}

type BoundsAndState = Pick<ScalableTarget, 'min' | 'max' | 'suspended'>

function merged(
  before: ScalableTarget | undefined,
  { min, max, suspended }: BoundsAndState,
  { id, nowMs }: { readonly id: string; readonly nowMs: number },
): ScalableTarget {
  const isOther = before?.min !== min || before.max !== max
  const { suspended: _, ...rest } = before ?? { id, createdMs: nowMs }
  return {
    ...rest,
    min,
    max,
    ...(suspended === undefined ? {} : { suspended }),
    ...(isOther ? { unbounded: '' } : {}),
  }
}

function boundsFrom({ MinCapacity, MaxCapacity }: RegisterInput, before: ScalableTarget | undefined) {
  const min = MinCapacity ?? before?.min
  const max = MaxCapacity ?? before?.max
  if (min === undefined || max === undefined)
    throw invalid('MinCapacity and MaxCapacity are required when a new scalable target is registered')
  for (const units of [min, max])
    if (units < 1 || units > scaledUnitsMax) throw invalid('Minimum and maximum capacity must be at least 1')
  if (max < min) throw invalid('Maximum capacity cannot be less than minimum capacity')
  return { min, max }
}

function suspendedFrom({ SuspendedState }: RegisterInput, before: ScalableTarget | undefined) {
  if (SuspendedState === undefined) return before?.suspended === undefined ? {} : { suspended: before.suspended }
  const suspended: Suspended = {
    ...before?.suspended,
    ...(SuspendedState.DynamicScalingInSuspended === undefined ? {} : { in: SuspendedState.DynamicScalingInSuspended }),
    ...(SuspendedState.DynamicScalingOutSuspended === undefined
      ? {}
      : { out: SuspendedState.DynamicScalingOutSuspended }),
    ...(SuspendedState.ScheduledScalingSuspended === undefined
      ? {}
      : { schedules: SuspendedState.ScheduledScalingSuspended }),
  }
  return { suspended }
}

function assertThere(scaled: Scaled, { engine }: AutoScalingContext): void {
  const table = engine.tableNamed(scaled.table)
  if (table === undefined || table.status === 'DELETING')
    throw invalid(`DynamoDB table does not exist: ${resourceIdOf({ table: scaled.table })}`)
  const { index } = scaled
  if (index !== undefined && !table.indexes.some(({ kind, name }) => kind === 'global' && name === index))
    throw invalid(`DynamoDB index does not exist: ${resourceIdOf(scaled)}`)
}

type DescribeInput = Filter & {
  readonly ResourceIds?: readonly string[]
}

export function describeScalableTargets(input: DescribeInput, context: AutoScalingContext): object {
  const { ResourceIds: ids } = input
  const found = allTargets(context).filter(
    ({ scaled }) => isAsked(scaled, input) && (ids === undefined || ids.includes(resourceIdOf(scaled))),
  )
  const { page, next } = pageFrom(found, input, scalingPageMax)
  return { ScalableTargets: page.map((each) => shown(each, context)), ...next }
}

function shown({ scaled, target }: Placed, { settings }: AutoScalingContext): object {
  const { in: ins, out, schedules } = target.suspended ?? {}
  return {
    ...named(scaled),
    MinCapacity: target.min,
    MaxCapacity: target.max,
    RoleARN: scalingRole(settings.accountId),
    CreationTime: new Date(target.createdMs),
    SuspendedState: {
      DynamicScalingInSuspended: ins ?? false,
      DynamicScalingOutSuspended: out ?? false,
      ScheduledScalingSuspended: schedules ?? false,
    },
    ScalableTargetARN: targetArn(settings, target.id),
  }
}

/** Its policy, its alarms and its scheduled actions go with it. */
export async function deregisterScalableTarget(input: Named, context: AutoScalingContext): Promise<object> {
  const scaled = scaledIn(input)
  const { id } = targetHere(scaled, context, 'No scalable target found')
  await changeTargets(scaled.table, context, (targets) => {
    const { [partKey(scaled)]: _, ...others } = targets
    return others
  })
  await context.book.removeActions((action) => isOf(action.scaled, scaled))
  await context.book.setTags(id, {})
  await context.look()
  return {}
}
