/** Does what scheduled actions ask for whose time has come: a target gets other bounds, which are then applied. */
import { type Bounds, causes, setBounds, settingBounds } from '../../core/scaling/activity.ts'
import { partKey, type ScalableTarget } from '../../core/scaling/scalable-target.ts'
import { scheduleCatchUpMs } from '../../core/limits/scaling-limits.ts'
import { type AutoScalingContext, targetOf } from './autoscaling-context.ts'
import { changeTargets } from './change-targets.ts'
import type { ScheduledAction } from './scaling-book.ts'

const minuteMs = 60_000

/** `from` to `to`: what has passed since the last look. */
type Passed = { readonly from: number; readonly to: number }

export async function runSchedules(context: AutoScalingContext, passed: Passed): Promise<void> {
  const { book } = context
  for (const action of book.actions) {
    const { endMs = Infinity } = action
    if (isDue(action, context, passed)) await act(action, context)
    if (passed.to > endMs) await book.removeActions(({ id }) => id === action.id)
  }
}

/** The minute that begins at `to` is due by then. */
function isDue(action: ScheduledAction, { book }: AutoScalingContext, { from, to }: Passed): boolean {
  const { startMs = action.createdMs, endMs = Infinity, createdMs } = action
  const schedule = book.scheduleOf(action)
  const first = Math.max(from, to - scheduleCatchUpMs) + minuteMs
  for (let at = first; at <= to; at += minuteMs) {
    const isPast = at + minuteMs <= Math.max(startMs, createdMs) || at > endMs
    if (!isPast && schedule.isDue(at, startMs)) return true
  }
  return false
}

async function act(action: ScheduledAction, context: AutoScalingContext): Promise<void> {
  const { activities, env } = context
  const { scaled, name, bounds } = action
  const before = targetOf(scaled, context)
  if (before === undefined || before.suspended?.schedules === true) return
  const startMs = env.clock.wallMs()
  await changeTargets(scaled.table, context, (targets) => {
    const known = targets[partKey(scaled)]
    return known === undefined ? targets : { ...targets, [partKey(scaled)]: bounded(known, bounds, name) }
  })
  activities.add({
    id: env.random.uuid(),
    scaled,
    description: settingBounds(bounds),
    cause: causes.schedule(name),
    startMs,
    endMs: env.clock.wallMs(),
    status: 'Successful',
    message: setBounds(bounds),
  })
}

/** A bound that is passed by the other one moves with it. */
function bounded(target: ScalableTarget, { min, max }: Bounds, name: string): ScalableTarget {
  const low = min ?? Math.min(target.min, max ?? target.min)
  const high = max ?? Math.max(target.max, low)
  return { ...target, min: low, max: high, unbounded: causes.schedule(name) }
}
