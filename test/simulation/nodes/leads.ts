/**
 * Reads the order beside the nodes, as its entries are placed, and knows by itself which node leads: the rule of terms.ts in a few lines, without
 * rows, parts and digests.
 */
import { nodeLeadSilentMs } from '../../../src/core/limits/nodes-limits.ts'
import type { QuorumEntry } from '../../../src/ports/quorum.ts'
import { decodeNodeEntry, type LeadEntry } from '../../../src/region/nodes/node-entry.ts'
import { expectThat, Violation } from '../violation.ts'
import { group } from './node-process.ts'
import type { NodesWorld } from './nodes-world.ts'

/** Clocks of the nodes may run fast by so much. */
const toleratedMs = 20

export class Leads {
  readonly #world: NodesWorld
  #term = 0
  #leader = ''
  #n = 0
  #resigned = false
  #placed = 0
  #placedMs = 0
  readonly #early: { readonly term: number; readonly node: string; readonly silentMs: number }[] = []
  #stop: () => void = () => {}

  constructor(world: NodesWorld) {
    this.#world = world
  }

  /** Looks at all that is placed, at the copy of whichever server knows most. */
  watch(): void {
    const { scheduler, quorums, nodes } = this.#world
    let next = 1
    const look = (): void => {
      const copies = nodes.flatMap(({ name }) => quorums.server(name).copies.get(group) ?? [])
      for (;;) {
        const placed = copies.map((copy) => copy.at(next)).find((entry) => entry !== undefined)
        const isLost = placed === undefined && copies.some(({ first, placed: last }) => first > next && last >= next)
        if (placed === undefined && !isLost) break
        if (placed !== undefined) this.#take({ ...placed, sequence: next })
        next++
      }
      this.#stop = scheduler.after(5, look)
    }
    look()
  }

  stop(): void {
    this.#stop()
  }

  /** Once nothing happens any more. */
  check(): void {
    const [early] = this.#early
    if (early !== undefined) throw new Violation('a node that is heard goes on leading', JSON.stringify(early))
    for (const { name, process } of this.#world.nodes)
      expectThat(
        process?.log.status().term === this.#term,
        'the order decides which node leads',
        () => `${name} knows term ${process?.log.status().term}, and the order has come to ${this.#term}`,
      )
  }

  #take({ sequence, bytes, atMs }: QuorumEntry): void {
    const entry = decodeNodeEntry(bytes)
    if (entry === undefined || entry.kind === 'note') return
    if (entry.kind === 'lead') return this.#lead(entry, sequence, atMs)
    if (entry.term !== this.#term || this.#resigned) return
    if (entry.kind === 'resign') this.#resigned = true
    else if (entry.n === this.#n + 1) this.#n = entry.n
    else return
    this.#placed = sequence
    this.#placedMs = atMs
  }

  #lead({ term, after, node }: LeadEntry, sequence: number, atMs: number): void {
    if (term !== this.#term + 1 || after < this.#placed) return
    const silentMs = atMs - this.#placedMs
    if (term > 1 && !this.#resigned && node !== this.#leader && silentMs < nodeLeadSilentMs - toleratedMs)
      this.#early.push({ term, node, silentMs })
    this.#term = term
    this.#leader = node
    this.#n = 0
    this.#resigned = false
    this.#placed = sequence
    this.#placedMs = atMs
    this.#world.counts.terms++
  }
}
