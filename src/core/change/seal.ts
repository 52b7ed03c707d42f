/**
 * Proves who has sent a message between regions: its last 16 bytes are a tag over all the others, made with a key of the region that sends
 * it. A receiver checks the tag before it reads anything but the header. The tag also covers a context, which does not travel:
 *
 *   to all peers (stream, announcements)     nothing
 *   to one peer (questions, confirmations)   that peer's name: said to one region, it is nothing to another
 *   an answer                                the tag of the question: it answers no other one
 *
 * The tag is HMAC-SHA256, cut to 16 bytes. RFC 2104 recommends no less than half of the hash, which is that. A forger has to guess it at the
 * receiver, who counts every wrong guess: 2^40 of them are right with a probability of 2^-88. A message of one change is some 300 bytes long.
 */
import { formatVersion, kindOf, tagSizeBytes, unsignedFormatVersion, versionOf, writeSalt } from './message.ts'

/** HMAC-SHA256 of the message and then the context; at least `tagSizeBytes` of it. The key stays with the one who made the function. */
export type Mac = (message: Buffer, context: Buffer) => Buffer

/** The tag of a message does not prove that its region has sent it, or it has none. */
export class NotAuthentic extends RangeError {
  override readonly name = 'NotAuthentic'
}

/** The bytes and their length behind them: no message with one context is another message with another. */
export function contextOf(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.of(bytes.length)])
}

export const toAll = contextOf(Buffer.alloc(0))

/** Fills in the tag, and the salt of a question; the message itself is returned. */
export function seal(payload: Buffer, mac: Mac, context: Buffer, salt = 0): Buffer {
  if (salt > 0) writeSalt(payload, salt)
  const end = payload.length - tagSizeBytes
  mac(payload.subarray(0, end), context).copy(payload, end, 0, tagSizeBytes)
  return payload
}

/** Throws UnknownFormat for another version, NotAuthentic when no key has made the tag, and RangeError for what is no message. */
export function checkSeal(payload: Buffer, macs: readonly Mac[], context: Buffer): void {
  kindOf(payload)
  if (versionOf(payload) !== formatVersion) throw new NotAuthentic('it is not signed')
  const end = payload.length - tagSizeBytes
  const message = payload.subarray(0, end)
  for (const mac of macs) if (isSame(payload, end, mac(message, context))) return
  throw new NotAuthentic('its signature does not verify')
}

/** In a time that does not depend on where the two differ. */
function isSame(payload: Buffer, start: number, expected: Buffer): boolean {
  let difference = 0
  for (let n = 0; n < tagSizeBytes; n++) difference |= (payload[start + n] as number) ^ (expected[n] as number)
  return difference === 0
}

/** The context of the answer to a question; a question of the first format has no tag. */
export function contextOfAnswer(question: Buffer): Buffer {
  if (question.length < tagSizeBytes || question[4] === unsignedFormatVersion) return toAll
  return contextOf(question.subarray(question.length - tagSizeBytes))
}
