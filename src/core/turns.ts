/**
 * Work that may be too much for one turn of the event loop: a generator that yields wherever others may have their turn.
 * What fits in one turn ends without a yield, and so costs no promise.
 */
export type Turns<Result> = Generator<undefined, Result, undefined>

/** For work that must be of one moment, and is bounded otherwise. */
export function inOneTurn<Result>(work: Turns<Result>): Result {
  for (;;) {
    const step = work.next()
    if (step.done === true) return step.value
  }
}
