/** What one key does: a register or a counter, by itself and without concurrency. The checker knows nothing else of DynamoDB. */
import type { Operation, Value } from './history.ts'

/** The state after the operation with the outcome that it had, or undefined where it could not have had it. */
export function after(state: Value, operation: Operation): { readonly state: Value } | undefined {
  if (operation.op === 'read') return operation.value === state ? { state } : undefined
  if (operation.op === 'write') return tells(operation, state) ? { state: operation.to } : undefined
  if (operation.op === 'cas')
    return conditional(operation, state, { holds: state === operation.from, next: operation.to, told: state })
  const current = state ?? 0
  if (typeof current !== 'number') return undefined
  const next = current + operation.by
  const holds = operation.below === undefined || current < operation.below
  return conditional(operation, state, { holds, next, told: next })
}

/** Whether the operation changes nothing, wherever it took effect. */
export function isPure({ op, outcome }: Operation): boolean {
  return op === 'read' || outcome === 'fail'
}

type Decision = { readonly holds: boolean; readonly next: Value; readonly told: Value }

function conditional(
  operation: Operation,
  state: Value,
  { holds, next, told }: Decision,
): { readonly state: Value } | undefined {
  if (operation.outcome === 'fail') return !holds && tells(operation, state) ? { state } : undefined
  return holds && tells(operation, told) ? { state: next } : undefined
}

/** An answer that told no value goes with any. */
function tells({ value }: Operation, told: Value): boolean {
  return value === undefined || value === told
}
