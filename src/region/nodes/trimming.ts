/**
 * Which entries no node needs any more: those that are durable in all nodes. A node that is too far behind is not waited for, and copies the
 * store of another one.
 */
import {
  nodeBytePlacesMax,
  nodeEntriesKeptBytesMax,
  nodeEntriesKeptMax,
  nodeTrimStep,
} from '../../core/nodes-limits.ts'

/** Bytes are counted in steps of so many. */
const stepBytes = Math.ceil(nodeEntriesKeptBytesMax / nodeBytePlacesMax)

export class Trimming {
  readonly #nodes: readonly string[]
  readonly #durable = new Map<string, number>()
  /** Entries after which another step of bytes was full, oldest first. */
  #steps: number[] = []
  #bytes = 0
  #trimmed = 0

  constructor(nodes: readonly string[]) {
    this.#nodes = nodes
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

  /** Undefined when it is not worth a trim. Never what this node does not have durably. */
  upTo(last: number, own: number): number | undefined {
    const told = this.#nodes.map((node) => this.#durable.get(node) ?? 0)
    const tooMany = last - nodeEntriesKeptMax
    const tooLarge = this.#steps.length < nodeBytePlacesMax ? 0 : (this.#steps[0] ?? 0)
    const upTo = Math.min(own, Math.max(Math.min(...told), tooMany, tooLarge))
    if (upTo < this.#trimmed + nodeTrimStep) return undefined
    this.#trimmed = upTo
    return upTo
  }
}
