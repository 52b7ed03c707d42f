/** Faults of the regions' APIs, as a drill sets and ends them. One that a killed drill leaves behind ends by itself. */
import type { Cast } from '../definition/cast.ts'
import type { Action } from '../definition/definition.ts'
import type { FaultRequest } from '../../node/faults/fault-wish.ts'
import type { Target } from './targets/target.ts'

export type ApiFault = { readonly region: string; readonly id: string }

type Plan = Extract<Action, { do: 'fault' }>['fault']

export function apisOf(plan: Plan | undefined, cast: Cast, id: string): readonly ApiFault[] {
  return plan === undefined ? [] : cast.places(plan.region).map((region) => ({ region, id }))
}

export async function setFault(target: Target, { region, id }: ApiFault, plan: Plan, forMs: number): Promise<void> {
  const { region: _, for: own = forMs, 'key prefix': keyPrefix, share, items, reason, ...rest } = plan
  const body: FaultRequest = {
    ...rest,
    id,
    owner: 'drill',
    for: Math.min(own, forMs),
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(share === undefined ? {} : { share: `${share}%` }),
    ...(items === undefined ? {} : { items: `${items}%` }),
    // The region says what causes there are.
    ...(reason === undefined ? {} : { reason: reason as NonNullable<FaultRequest['reason']> }),
  }
  await target.admin(region, 'faults/set', { body })
}

/** A region that is down has no faults any more. */
export async function clearFault(target: Target, { region, id }: ApiFault): Promise<void> {
  await target.admin(region, 'faults/clear', { body: { id } }).catch(() => undefined)
}
