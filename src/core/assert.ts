/**
 * A broken invariant is a bug of ours, never a client's mistake: it stops the node, because a database
 * that goes on after it has caught itself wrong spreads the damage to its peers.
 */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation'
}

export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message)
}

/** For values that the code before has made sure of; says what should have been there. */
export function required<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new InvariantViolation(`${what} is missing`)
  return value
}

/** Marks a place that the types say is never reached. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unexpected value ${JSON.stringify(value)}`)
}
