/** The steps of a drill, those that are repeated among them. */
import type { Action, Step } from './definition.ts'

export function stepsIn(
  steps: readonly Step[],
): readonly (Step & { readonly action: Exclude<Action, { do: 'repeat' }> })[] {
  return steps.flatMap((step) => {
    const { action } = step
    return action.do === 'repeat' ? stepsIn(action.steps) : [{ ...step, action }]
  })
}

/** Whether the drill's table is to have a key of its own in each region. */
export const losesKeys = (steps: readonly Step[]): boolean =>
  stepsIn(steps).some(({ action }) => action.do === 'lose key')
