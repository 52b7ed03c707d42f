/** Target tracking: how many units a use asks for, and whether a change may be made now. */
import { scaleInMarginPercent } from '../limits/scaling-limits.ts'
import type { ScalableTarget, ScalingPolicy } from './scalable-target.ts'

/** What dividing may leave over. */
const roundingError = 1e-9

/** So that the use is at the target: 150 units of a target of 70 percent ask for 215. */
export const unitsFor = (usedPerSecond: number, { target }: Pick<ScalingPolicy, 'target'>): number =>
  Math.max(0, Math.ceil((usedPerSecond * 100) / target - roundingError))

export const within = ({ min, max }: Pick<ScalableTarget, 'min' | 'max'>, units: number): number =>
  Math.min(max, Math.max(min, units))

/** The use in a minute above which capacity is raised. */
export const highUse = (units: number, { target }: Pick<ScalingPolicy, 'target'>): number => (units * target * 60) / 100

/** The use in a minute below which it is lowered. */
export const lowUse = (units: number, { target }: Pick<ScalingPolicy, 'target'>): number =>
  (units * Math.max(1, target - scaleInMarginPercent) * 60) / 100

/** A change of capacity that was made. */
export type Scaling = { readonly from: number; readonly to: number; readonly atMs: number }

type Asked = { readonly from: number; readonly to: number; readonly nowMs: number }

/**
 * Whether a cool-down holds the change up. While the last raise cools down, only a larger one is made. While the last lowering does, nothing is lowered
 * further, and a raise ends it (user guide, target tracking).
 */
export function isCooling(policy: ScalingPolicy, made: readonly Scaling[], { from, to, nowMs }: Asked): boolean {
  const last = made.at(-1)
  if (last === undefined) return false
  const wasOut = last.to > last.from
  if (to > from) {
    const isOver = nowMs - last.atMs >= (policy.outCooldownSeconds ?? 0) * 1000
    return wasOut && !isOver && to - from <= last.to - last.from
  }
  return !wasOut && nowMs - last.atMs < (policy.inCooldownSeconds ?? 0) * 1000
}

/** Units that all regions together ask for; undefined while one of them asks for what there is. */
export function agreedUnits(own: number, others: readonly (number | undefined)[]): number | undefined {
  let most = own
  for (const units of others) {
    if (units === undefined) return undefined
    most = Math.max(most, units)
  }
  return most
}
