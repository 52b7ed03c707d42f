/** Replication's holds on the own log: what each peer may still ask for, what is not published, and what is not counted yet. */
import type { Position } from '../../../core/change/change.ts'
import type { Caps } from '../../../engine/log/hold.ts'
import type { Engine } from '../../../engine/engine.ts'
import { doubtedTables } from '../notes/doubts.ts'
import type { Outbound } from './outbound.ts'
import type { Publisher } from './publisher.ts'

type Deps = {
  readonly engine: Pick<Engine, 'flushed' | 'note' | 'retention' | 'setNote' | 'tableWithId' | 'tables'>
  readonly outbound: Pick<Outbound, 'needed' | 'ledger'>
  readonly publisher: Pick<Publisher, 'published'>
  /** Positions that the log keeps for a peer that does not confirm them. */
  readonly logPositionsMax: number
}

export class LogHolds {
  readonly #deps: Deps
  readonly #ofPeers = new Map<string, () => void>()
  readonly #others: readonly (() => void)[]

  constructor(deps: Deps) {
    this.#deps = deps
    const { publisher, outbound } = deps
    this.#others = [
      this.#hold('replication/published', () => publisher.published),
      this.#hold('replication/counted', () => outbound.ledger.upTo),
    ]
    this.follow()
  }

  /** One for each peer of the ledger. */
  follow(): void {
    const { outbound } = this.#deps
    const peers = new Set(outbound.ledger.peers())
    for (const [peer, release] of this.#ofPeers) {
      if (peers.has(peer)) continue
      release()
      this.#ofPeers.delete(peer)
    }
    for (const peer of peers)
      if (!this.#ofPeers.has(peer))
        this.#ofPeers.set(
          peer,
          this.#hold(`peer/${peer}`, () => outbound.needed(peer)),
        )
  }

  async trim(goesOn: () => boolean): Promise<void> {
    this.follow()
    const { engine, outbound } = this.#deps
    const { ledger } = outbound
    if (!goesOn()) return
    await engine.retention.trim((upTo) => {
      ledger.trimmed(upTo)
      return goesOn()
    })
    ledger.forgetTables((table) => engine.tableWithId(table) !== undefined)
  }

  release(): void {
    for (const release of [...this.#others, ...this.#ofPeers.values()]) release()
    this.#ofPeers.clear()
  }

  /** The change at the position is kept as well: it proves the place. */
  #hold(name: string, position: () => Position): () => void {
    const { engine } = this.#deps
    return engine.retention.hold({ name, needs: () => ({ after: position() - 1 }), caps: () => this.#caps() })
  }

  /** What a table in doubt lacks, only the log may have. */
  #caps(): Caps {
    const { engine, logPositionsMax } = this.#deps
    return doubtedTables(engine).length > 0 ? {} : { positionsMax: logPositionsMax }
  }
}
