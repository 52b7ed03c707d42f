/**
 * Which caches of a cluster are there. Each looks at the others once a second, and tells clients only of those that take connections. The first of them takes the writes, so when it
 * dies the next one does.
 */
import { connect } from 'node:net'
import type { DaxNode } from './dax-nodes.ts'

export type NodeWatchOptions = {
  /** Of the whole cluster, as clients reach them. */
  readonly nodes: readonly DaxNode[]
  /** Resolves where one takes connections. */
  readonly look?: (node: DaxNode) => Promise<boolean>
}

export class NodeWatch {
  readonly #options: NodeWatchOptions
  #missing: ReadonlySet<DaxNode> = new Set()
  #isLooking = false

  constructor(options: NodeWatchOptions) {
    this.#options = options
  }

  /** Those that are there; all, when none of them seems to be. */
  present(): readonly DaxNode[] {
    const { nodes } = this.#options
    const found = nodes.filter((node) => !this.#missing.has(node))
    return found.length === 0 ? nodes : found
  }

  /** One look at a time. */
  async look(): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    const { nodes, look = takesConnections } = this.#options
    const found = await Promise.all(nodes.map(async (node) => ((await look(node)) ? undefined : node)))
    this.#missing = new Set(found.filter((node) => node !== undefined))
    this.#isLooking = false
  }
}

const answerMsMax = 800

function takesConnections({ address, port }: DaxNode): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const end = (found: boolean): void => {
      socket.destroy()
      resolve(found)
    }
    socket.setTimeout(answerMsMax, () => end(false))
    socket.on('connect', () => end(true))
    socket.on('error', () => end(false))
  })
}
