/** Answers behind a head with their length, for clients that ask for it in their greeting. A request has no such head. */
import { answerHeadBytes } from './protocol.ts'

const lastPart = 1

/** A text is bytes as latin1, as the answer is. */
export function framedAnswer(answer: Buffer | string): Buffer {
  const framed = Buffer.alloc(answerHeadBytes + answer.length)
  framed.writeUInt32BE(framed.length, 0)
  framed[4] = lastPart
  if (typeof answer === 'string') framed.write(answer, answerHeadBytes, 'latin1')
  else answer.copy(framed, answerHeadBytes)
  return framed
}
