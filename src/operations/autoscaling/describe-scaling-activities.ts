import type { ScalingActivity } from '../../core/scaling/activity.ts'
import { scalingPageMax } from '../../core/limits/scaling-limits.ts'
import { type AutoScalingContext, type Filter, isAsked, named, pageFrom } from './autoscaling-context.ts'

/** The newest first. */
export function describeScalingActivities(input: Filter, { activities }: AutoScalingContext): object {
  const found = activities.all().filter(({ scaled }) => isAsked(scaled, input))
  const { page, next } = pageFrom(found.toReversed(), input, scalingPageMax)
  return { ScalingActivities: page.map(shown), ...next }
}

const shown = (activity: ScalingActivity): object => ({
  ActivityId: activity.id,
  ...named(activity.scaled),
  Description: activity.description,
  Cause: activity.cause,
  StartTime: new Date(activity.startMs),
  EndTime: new Date(activity.endMs),
  StatusCode: activity.status,
  StatusMessage: activity.message,
})
