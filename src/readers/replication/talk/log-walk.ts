import type { Batch } from '../../../core/change/batch.ts'
import { askForPart, type LogQuestion } from './log-part.ts'

/**
 * Goes through a part of a peer's log, answer after answer: `next` says what to ask for after each, and undefined when that is all. Returns the
 * question that the peer's log does not reach back to, or undefined. Rejects as `askForPart` does.
 */
export async function walkLog(
  next: () => LogQuestion | undefined,
  onPart: (batch: Batch) => Promise<void>,
): Promise<LogQuestion | undefined> {
  for (let question = next(); question !== undefined; question = next()) {
    const part = await askForPart(question)
    if (part.say === 'gone') return question
    await onPart(part.batch)
  }
  return undefined
}
