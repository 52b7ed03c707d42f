/** A promise of the system that a run has seen broken. `promise` is short and stable: teeth tests name what must catch a bug. */
export class Violation extends Error {
  override readonly name = 'Violation'
  readonly promise: string

  constructor(promise: string, details: string) {
    super(`${promise}: ${details}`)
    this.promise = promise
  }
}

export function expectThat(holds: boolean, promise: string, details: () => string): asserts holds {
  if (!holds) throw new Violation(promise, details())
}
