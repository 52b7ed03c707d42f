/** Request ids in AWS's form: 52 characters of base-32. The last half is the same in all of AWS's, and so in ours. */
import type { Random } from '../ports/random.ts'

export type RequestIds = () => string

export function requestIds(random: Random): RequestIds {
  let block = random.bytes(blockSizeBytes)
  let used = 0
  return () => {
    if (used + ownCharacters > block.length) {
      block = random.bytes(blockSizeBytes)
      used = 0
    }
    let id = ''
    for (let n = 0; n < ownCharacters; n++) id += alphabet[(block[used++] ?? 0) & 31]
    return id + tail
  }
}

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUV'
const tail = 'VV4KQNSO5AEMVJF66Q9ASUAAJG'
const ownCharacters = 52 - tail.length
/** Many ids to one call of the system's generator. */
const blockSizeBytes = ownCharacters * 128
