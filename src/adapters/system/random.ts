/** Randomness from the operating system's generator, in blocks, because a system call per request id would show. */
import { randomBytes, randomFillSync, randomUUID } from 'node:crypto'
import type { Random } from '../../ports/random.ts'

const block = Buffer.alloc(4096)
let used = block.length

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => nextUint48() / 2 ** 48,
  uuid: () => randomUUID(),
}

function nextUint48(): number {
  if (used + 6 > block.length) {
    randomFillSync(block)
    used = 0
  }
  used += 6
  return block.readUIntBE(used - 6, 6)
}
