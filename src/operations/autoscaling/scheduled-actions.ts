/** PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction. */
import { isOf } from '../../core/scaling/activity.ts'
import { resourceIdOf } from '../../core/scaling/scalable-target.ts'
import { parseSchedule } from '../../core/scaling/scaling-schedule.ts'
import {
  scaledUnitsMax,
  scalingPageMax,
  scheduledActionsMax,
  scheduledActionsOfTargetMax,
} from '../../core/limits/scaling-limits.ts'
import {
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
} from './autoscaling-context.ts'
import { isSame, type ScheduledAction } from './scaling-book.ts'

type PutInput = Named & {
  readonly ScheduledActionName: string
  readonly Schedule?: string
  readonly Timezone?: string
  /** Seconds since 1970. */
  readonly StartTime?: number
  readonly EndTime?: number
  readonly ScalableTargetAction?: { readonly MinCapacity?: number; readonly MaxCapacity?: number }
}

/** What is not given stays as it was. */
export async function putScheduledAction(input: PutInput, context: AutoScalingContext): Promise<object> {
  const scaled = scaledIn(input)
  targetHere(scaled, context, 'No scalable target registered')
  const { book, env } = context
  const before = book.actions.find((each) => isSame(each, { name: input.ScheduledActionName, scaled }))
  if (before === undefined) assertRoom(input, context)
  const { MinCapacity: min, MaxCapacity: max } = input.ScalableTargetAction ?? {}
  const bounds = input.ScalableTargetAction === undefined ? before?.bounds : { min, max }
  const schedule = input.Schedule ?? before?.schedule
  if (schedule === undefined) throw invalid('Schedule is required for a new scheduled action')
  if (bounds?.min === undefined && bounds?.max === undefined)
    throw invalid('ScalableTargetAction needs a MinCapacity or a MaxCapacity')
  checkBounds(bounds)
  const timezone = input.Timezone ?? before?.timezone
  const startMs = input.StartTime === undefined ? before?.startMs : input.StartTime * 1000
  const endMs = input.EndTime === undefined ? before?.endMs : input.EndTime * 1000
  checkSchedule(schedule, timezone)
  if (startMs !== undefined && endMs !== undefined && endMs <= startMs)
    throw invalid('EndTime must be later than StartTime')
  await context.begin()
  await book.putAction({
    id: before?.id ?? env.random.uuid(),
    name: input.ScheduledActionName,
    scaled,
    schedule,
    bounds,
    createdMs: before?.createdMs ?? env.clock.wallMs(),
    ...(timezone === undefined ? {} : { timezone }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(endMs === undefined ? {} : { endMs }),
  })
  return {}
}

function assertRoom(input: PutInput, { book }: AutoScalingContext): void {
  const scaled = scaledIn(input)
  const own = book.actions.filter((each) => isOf(each.scaled, scaled))
  if (own.length >= scheduledActionsOfTargetMax)
    throw limited(`A scalable target has at most ${scheduledActionsOfTargetMax} scheduled actions`)
  if (book.actions.length >= scheduledActionsMax)
    throw limited(`A region of Longitude has at most ${scheduledActionsMax} scheduled actions`)
}

function checkBounds({ min = 1, max = scaledUnitsMax }: ScheduledAction['bounds']): void {
  for (const units of [min, max])
    if (units < 1 || units > scaledUnitsMax) throw invalid('Minimum and maximum capacity must be at least 1')
  if (max < min) throw invalid('Maximum capacity cannot be less than minimum capacity')
}

function checkSchedule(schedule: string, timezone: string | undefined): void {
  try {
    parseSchedule(schedule, timezone)
  } catch (error) {
    if (error instanceof RangeError) throw invalid(`Invalid schedule expression: ${error.message}`)
    throw error
  }
}

type DescribeInput = Filter & {
  readonly ScheduledActionNames?: readonly string[]
}

export function describeScheduledActions(input: DescribeInput, context: AutoScalingContext): object {
  const { ScheduledActionNames: names } = input
  const found = context.book.actions.filter(
    ({ scaled, name }) => isAsked(scaled, input) && (names?.includes(name) ?? true),
  )
  const { page, next } = pageFrom(found, input, scalingPageMax)
  return { ScheduledActions: page.map((action) => shown(action, context)), ...next }
}

function shown(action: ScheduledAction, { settings: { region, accountId } }: AutoScalingContext): object {
  const { id, name, scaled, schedule, timezone, startMs, endMs, bounds, createdMs } = action
  return {
    ScheduledActionName: name,
    ScheduledActionARN: `arn:aws:autoscaling:${region}:${accountId}:scheduledAction:${id}:resource/dynamodb/${resourceIdOf(scaled)}:scheduledActionName/${name}`,
    ...named(scaled),
    Schedule: schedule,
    ...(timezone === undefined ? {} : { Timezone: timezone }),
    ...(startMs === undefined ? {} : { StartTime: new Date(startMs) }),
    ...(endMs === undefined ? {} : { EndTime: new Date(endMs) }),
    ScalableTargetAction: {
      ...(bounds.min === undefined ? {} : { MinCapacity: bounds.min }),
      ...(bounds.max === undefined ? {} : { MaxCapacity: bounds.max }),
    },
    CreationTime: new Date(createdMs),
  }
}

export async function deleteScheduledAction(
  input: Named & { readonly ScheduledActionName: string },
  { book }: AutoScalingContext,
): Promise<object> {
  const scaled = scaledIn(input)
  const { ScheduledActionName: name } = input
  if (!book.actions.some((each) => isSame(each, { name, scaled })))
    throw notFound('No scheduled action found', scaled, `, scheduled action name: ${name}`)
  await book.removeActions((each) => isSame(each, { name, scaled }))
  return {}
}
