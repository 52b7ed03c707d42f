/** About how many different keys there were, in 256 bytes (HyperLogLog): exact to some 6 percent. */
import { murmur3 } from '../key/partition-hash.ts'

const registersCount = 256
const registerBits = 8
const alpha = 0.7213 / (1 + 1.079 / registersCount)
const seed = 0x2f6e2b1

export class Distinct {
  readonly #registers = new Uint8Array(registersCount)

  add(key: string): void {
    const bytes = Buffer.from(key)
    const hash = murmur3(bytes, 0, bytes.length, seed) >>> 0
    const register = hash & (registersCount - 1)
    const rank = Math.clz32(hash >>> registerBits) - registerBits + 1
    if (rank > (this.#registers[register] ?? 0)) this.#registers[register] = rank
  }

  merge(other: Distinct): void {
    for (const [n, rank] of other.#registers.entries()) if (rank > (this.#registers[n] ?? 0)) this.#registers[n] = rank
  }

  get estimate(): number {
    let sum = 0
    let empty = 0
    for (const rank of this.#registers) {
      sum += 2 ** -rank
      if (rank === 0) empty++
    }
    const raw = (alpha * registersCount * registersCount) / sum
    // Of few keys, the registers that are still empty say more.
    const isFew = raw <= 2.5 * registersCount && empty > 0
    return Math.round(isFew ? registersCount * Math.log(registersCount / empty) : raw)
  }
}
