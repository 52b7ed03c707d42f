/**
 * Which entries no node needs any more: those that are durable in all nodes. A node that is too far behind is not waited for, and copies the
 * store of another one.
 */
import {
  nodeBytePlacesMax,
  nodeEntriesKeptBytesMax,
  nodeEntriesKeptMax,
  nodeTrimStep,
} from '../../core/limits/nodes-limits.ts'

/** Bytes are counted in steps of so many. */
const stepBytes = Math.ceil(nodeEntriesKeptBytesMax / nodeBytePlacesMax)

/** Of entries; for tests that see them trimmed. */
export type TrimLimits = { readonly trimStep: number; readonly entriesKeptMax: number }

const usual: TrimLimits = { trimStep: nodeTrimStep, entriesKeptMax: nodeEntriesKeptMax }

export class Trimming {
  readonly #nodes: readonly string[]
  readonly #limits: TrimLimits
  readonly #durable = new Map<string, number>()
  /** Entries after which another step of bytes was full, oldest first. */
  #steps: number[] = []
  #bytes = 0
  #trimmed = 0

  constructor(nodes: readonly string[], limits: TrimLimits = usual) {
    this.#nodes = nodes
    this.#limits = limits
  }

  count(sequence: number, bytes: number): void {
    this.#bytes += bytes
    for (; this.#bytes >= stepBytes; this.#bytes -= stepBytes) this.#steps.push(sequence)
    if (this.#steps.length > nodeBytePlacesMax) this.#steps = this.#steps.slice(-nodeBytePlacesMax)
  }

  /** A node may have gone back: its disk was replaced. */
  hear(node: string, durable: number): void {
    if (this.#nodes.includes(node)) this.#durable.set(node, durable)
  }

  durableOf(node: string): number | undefined {
    return this.#durable.get(node)
  }

  /**
   * Undefined when it is not worth a trim. Never what this node does not have durably, nor what only a minority of the nodes has: the disk of
   * a node that has it may be the next that is lost.
   */
  upTo(last: number, own: number): number | undefined {
    const { trimStep, entriesKeptMax } = this.#limits
    const told = this.#nodes.map((node) => this.#durable.get(node) ?? 0).toSorted((a, b) => b - a)
    const ofMajority = told[Math.floor(told.length / 2)] ?? 0
    const tooLarge = this.#steps.length < nodeBytePlacesMax ? 0 : (this.#steps[0] ?? 0)
    const wanted = Math.max(told.at(-1) ?? 0, last - entriesKeptMax, tooLarge)
    const upTo = Math.min(own, ofMajority, wanted)
    if (upTo < this.#trimmed + trimStep) return undefined
    this.#trimmed = upTo
    return upTo
  }
}
