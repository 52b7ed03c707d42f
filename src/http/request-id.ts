/** Request ids in AWS's form: 52 characters of base-32. The last half is the same in all of AWS's, and so in ours. */
import type { Random } from '../ports/random.ts'

export type RequestIds = () => string

export function requestIds(random: Pick<Random, 'bytes'>): RequestIds {
  let block = textOf(random.bytes(blockSizeBytes))
  let used = 0
  return () => {
    if (used === block.length) {
      block = textOf(random.bytes(blockSizeBytes))
      used = 0
    }
    const from = used
    used += ownCharacters
    return block.slice(from, used) + tail
  }
}

/** One character a byte. */
function textOf(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(bytes.length)
  for (let n = 0; n < text.length; n++) text[n] = alphabet[(bytes[n] ?? 0) & 31] as number
  return text.toString('latin1')
}

const alphabet = Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUV')
const tail = 'VV4KQNSO5AEMVJF66Q9ASUAAJG'
const ownCharacters = 52 - tail.length
/** Many ids to one call of the system's generator. */
const blockSizeBytes = ownCharacters * 128
