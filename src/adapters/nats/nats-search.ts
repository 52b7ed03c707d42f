/**
 * Finds the node that leads a peer of several nodes. All its servers are tried at the same time, and the first behind which a node answers is the
 * peer's; while there is none, as when another node takes over, those that are reached are asked again.
 */
import { errorText } from '../../core/error-text.ts'
import type { NatsServer } from './nats-connect.ts'
import { type NatsSession, openSession } from './nats-session.ts'

export type Search = {
  readonly self: string
  readonly peer: string
  readonly servers: readonly NatsServer[]
  readonly timeoutMs: number
}

const againMs = 250

/** Rejects when no node has answered within the time. */
export async function findNode(search: Search): Promise<NatsSession> {
  return await new NodeSearch(search).run()
}

class NodeSearch {
  readonly #search: Search
  readonly #deadlineMs: number
  /** Why there is no node, by the server's address. */
  readonly #reasons = new Map<string, string>()
  #hasFound = false

  constructor(search: Search) {
    this.#search = search
    this.#deadlineMs = performance.now() + search.timeoutMs
  }

  async run(): Promise<NatsSession> {
    const { peer, servers } = this.#search
    try {
      return await Promise.any(servers.map(async (server) => await this.#tryServer(server)))
    } catch {
      const told = [...this.#reasons].map(([url, reason]) => `${url}: ${reason}`).join('; ')
      throw new Error(`no node of ${peer} answers (${told})`)
    }
  }

  async #tryServer(server: NatsServer): Promise<NatsSession> {
    const { servers: _, ...of } = this.#search
    while (!this.#isOver) {
      const session = await openSession({ ...of, server }).catch((error: unknown) => {
        this.#reasons.set(server.url, errorText(error))
        return undefined
      })
      if (session !== undefined && (await this.#answers(session, server))) return session
      await session?.close()
      if (!this.#isOver) await pause()
    }
    throw new Error('no node answers there')
  }

  /** Asks again and again, as long as the connection lasts. */
  async #answers(session: NatsSession, { url }: NatsServer): Promise<boolean> {
    while (!this.#isOver && !session.isClosed) {
      const answers = await session.answers()
      if (this.#hasFound) return false
      if (answers) {
        this.#hasFound = true
        session.watch()
        return true
      }
      this.#reasons.set(url, 'no node answers there')
      await pause()
    }
    return false
  }

  get #isOver(): boolean {
    return this.#hasFound || performance.now() > this.#deadlineMs
  }
}

const pause = async (): Promise<void> => await new Promise((resolve) => setTimeout(resolve, againMs))
