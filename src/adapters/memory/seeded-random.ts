/** Chance from a seed (sfc32): the same seed gives the same run, on every machine and in every version of Node. */
import type { Random } from '../../ports/random.ts'

export class SeededRandom implements Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    const scramble = splitMix(seed)
    this.#a = scramble()
    this.#b = scramble()
    this.#c = scramble()
    for (let n = 0; n < 12; n++) this.uint32()
  }

  /** Where the sequence stands; `continuedFrom` goes on there. */
  state(): readonly number[] {
    return [this.#a, this.#b, this.#c, this.#counter]
  }

  static continuedFrom([a = 0, b = 0, c = 0, counter = 1]: readonly number[]): SeededRandom {
    const random = new SeededRandom(0)
    random.#a = a
    random.#b = b
    random.#c = c
    random.#counter = counter
    return random
  }

  /** An independent sequence: what one part of a run draws does not move what another part draws. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32())
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  fraction(): number {
    return this.uint32() / 2 ** 32
  }

  bytes(count: number): Buffer {
    const bytes = Buffer.alloc(count)
    for (let n = 0; n < count; n++) bytes[n] = this.uint32() >>> 24
    return bytes
  }

  uuid(): string {
    const hex = this.bytes(16).toString('hex')
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`
  }

  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number {
    return from + Math.floor(this.fraction() * (to - from + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[Math.floor(this.fraction() * list.length)] as T
  }

  /** One of the names, each as often as its weight says. */
  weighted<T extends string>(weights: Readonly<Record<T, number>>): T {
    const names = Object.keys(weights) as T[]
    let point = this.fraction() * names.reduce((sum, name) => sum + weights[name], 0)
    for (const name of names) {
      point -= weights[name]
      if (point < 0) return name
    }
    return this.pick(names)
  }
}

/** Neighbouring seeds must not give neighbouring states. */
function splitMix(seed: number): () => number {
  let state = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) | 0
  }
}
