/**
 * ReplicationLatency as AWS has it: from the write in this region until the item appears in the other one. Over the last
 * minute, in parts of ten seconds, so that nothing of it has to be kept.
 */
export type Latency = {
  readonly averageMs: number
  readonly minimumMs: number
  readonly maximumMs: number
  readonly samples: number
}

type Part = { readonly number: number; samples: number; sumMs: number; minMs: number; maxMs: number }

const partMs = 10_000
const partsMax = 6

export class Latencies {
  #parts: Part[] = []

  add(nowMs: number, latencyMs: number): void {
    const part = this.#partAt(nowMs)
    part.samples++
    part.sumMs += latencyMs
    part.minMs = Math.min(part.minMs, latencyMs)
    part.maxMs = Math.max(part.maxMs, latencyMs)
  }

  /** Undefined when nothing has arrived within the last minute. */
  lastMinute(nowMs: number): Latency | undefined {
    const first = Math.floor(nowMs / partMs) - partsMax
    const parts = this.#parts.filter(({ number }) => number > first)
    const samples = parts.reduce((sum, part) => sum + part.samples, 0)
    if (samples === 0) return undefined
    return {
      averageMs: parts.reduce((sum, part) => sum + part.sumMs, 0) / samples,
      minimumMs: Math.min(...parts.map((part) => part.minMs)),
      maximumMs: Math.max(...parts.map((part) => part.maxMs)),
      samples,
    }
  }

  #partAt(nowMs: number): Part {
    const number = Math.floor(nowMs / partMs)
    const last = this.#parts.at(-1)
    if (last !== undefined && last.number >= number) return last
    const part: Part = { number, samples: 0, sumMs: 0, minMs: Infinity, maxMs: 0 }
    this.#parts = [...this.#parts.slice(1 - partsMax), part]
    return part
  }
}
