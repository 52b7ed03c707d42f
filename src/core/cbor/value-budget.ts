/**
 * How many values the parts of one message may have, whatever number of readers it takes to read them: an item lies in a request as a text of bytes that is CBOR itself, and a value may be one byte. Reading
 * awaits nothing, so there is one message at a time.
 */
import { UnreadableCbor } from './major-types.ts'

export type ValueBudget = { left: number }

const unbounded: ValueBudget = { left: Infinity }
let current = unbounded

/** What `read` reads is taken from the budget. Throws UnreadableCbor when that is at its end. */
export function withinValues<Read>(budget: ValueBudget, read: () => Read): Read {
  const before = current
  current = budget
  try {
    return read()
  } finally {
    current = before
  }
}

/** The same for a part of the message that may have so many of its values. */
export function withinPart<Read>(valuesMax: number, read: () => Read): Read {
  const whole = current
  const granted = Math.min(valuesMax, whole.left)
  const part = { left: granted }
  try {
    return withinValues(part, read)
  } finally {
    whole.left -= granted - part.left
  }
}

export function takeValue(): void {
  if (--current.left < 0) throw new UnreadableCbor('more values than a request can need')
}
