/**
 * Holds what peers know of this region's log against the log itself. A peer that knows of places which the log never led to has
 * followed another store of this region: the one that is here is an older copy, or a copy of it runs elsewhere.
 *
 * A store goes back only between two processes. So a peer that has agreed to something which this very process wrote and then
 * contradicts has been deceived itself; its claim is refused, and it is told so: it takes the state again (vouching.ts).
 */
import type { Position } from '../../../core/change/change.ts'
import type { Proof } from '../../../core/change/proof.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Env } from '../../../ports/env.ts'
import type { Places } from '../talk/questions.ts'

type ClaimsEngine = Pick<Engine, 'cursor' | 'epoch' | 'flushed' | 'lineage' | 'note' | 'region' | 'setNote'>

/**
 * 'older': peers know more of this region than it does itself. 'foreign': its peers and it have never met. 'twice': a copy of the
 * store runs elsewhere, in a process that peers have heard longer.
 */
export type Finding = { readonly found: 'older' | 'foreign' | 'twice'; readonly reason: string }

/** What was last found wrong with the store itself, and when. */
export type StoreFinding = Finding & { readonly atMs: number }

/** A place in this region's log, as a peer or a message on the own stream says it. */
export type Claim = { readonly epoch: string; readonly position: Position; readonly proof?: Proof | undefined }

/** Of a place that a peer names as its own: 'doubtful' where this store may be the older copy, 'false' where it cannot be. */
export type Standing = 'possible' | 'doubtful' | 'false'

type Deps = { readonly env: Env; readonly engine: ClaimsEngine; readonly onFinding: (finding: Finding) => void }

const agreedNote = 'replication/agreed'

export class Claims {
  readonly #deps: Deps
  /** What each peer, and the own stream, has been proven to share with this log since the process began. */
  readonly #agreed = new Map<string, Position>()
  /** Peers that have answered what they know of this log since the process began. */
  readonly #examinedBy = new Set<string>()
  /** The store had a log when the process began: only such a store can be an older copy. */
  readonly #hadLog: boolean
  #noted: Position
  /** By regions that have left. */
  #agreedByOthers: Position = 0
  #hasFound = false

  constructor(deps: Deps) {
    this.#deps = deps
    this.#hadLog = deps.engine.flushed() > 0
    this.#noted = (deps.engine.note(agreedNote) ?? 0) as Position
  }

  /** The last place that some peer is known to share with this log. */
  get agreed(): Position {
    return Math.max(this.#noted, this.#agreedByOthers, ...this.#agreed.values())
  }

  /** This store is not to speak for the region: nothing more of it leaves under this epoch. */
  get hasFound(): boolean {
    return this.#hasFound
  }

  /** A region that has left. What it had agreed to stays true. */
  forget(peer: string): void {
    this.#agreedByOthers = Math.max(this.#agreedByOthers, this.#agreed.get(peer) ?? 0)
    this.#agreed.delete(peer)
    this.#examinedBy.delete(peer)
  }

  async note(): Promise<void> {
    const { agreed } = this
    if (agreed === this.#noted) return
    await this.#deps.engine.setNote(agreedNote, agreed)
    this.#noted = agreed
  }

  /** False for a place of a peer that nothing may be built on. */
  holds(peer: string, claim: Claim): boolean {
    if (claim.epoch !== this.#deps.engine.epoch) return false
    if (this.#isContradicted(claim)) return this.#contradicted(peer, claim, this.#agreed.get(peer) ?? 0)
    this.#agree(peer, claim)
    return true
  }

  /** What a peer is answered that says where it stands; a place of another log is none of this one's. */
  judge(peer: string, claim: Claim): Standing {
    if (claim.epoch !== this.#deps.engine.epoch || this.holds(peer, claim)) return 'possible'
    return this.#hasFound ? 'doubtful' : 'false'
  }

  /** The same of the own stream's last message, where this process has written up to a position itself. */
  holdsOnStream(claim: Claim, written: Position): boolean {
    return !this.#isContradicted(claim) || this.#contradicted('the own stream', claim, written)
  }

  #contradicted(by: string, { position, proof }: Claim, agreed: Position): false {
    const { engine, env } = this.#deps
    const reason = `${by} knows position ${position} (${proof?.of ?? 'unproven'}), to which this log never led; it ends at ${engine.flushed()}`
    if (agreed <= engine.lineage.startedAt) this.#find({ found: 'older', reason })
    else env.log.error('a false place in this region’s log', { reason })
    return false
  }

  /** Those of the peers that have not said yet whether this store is the latest. */
  unverifiedBy(peers: readonly string[]): readonly string[] {
    return this.#hadLog ? peers.filter((peer) => !this.#examinedBy.has(peer)) : []
  }

  /** What a peer has answered to the question for its places. */
  async examine(by: string, places: Places): Promise<void> {
    await this.#compare(by, places)
    this.#examinedBy.add(by)
  }

  async #compare(by: string, places: Places): Promise<void> {
    const { engine } = this.#deps
    const { start } = engine.lineage
    if (start !== undefined && places.twice?.includes(start) === true)
      return this.#find({ found: 'twice', reason: `${by} hears two processes of this region at once` })
    const own = places.cursors.find(({ region }) => region === engine.region.name)
    const here = engine.cursor(by)
    if (own !== undefined && own.epoch !== engine.epoch) await this.#examineEpoch(by, own.epoch, places)
    else if (own !== undefined && !this.holds(by, own)) return
    const { confirmed, earlier = [] } = places
    if (confirmed?.epoch !== engine.epoch || here === undefined) return
    // In a log that the peer had before the present one, this region has nothing of the present one.
    const reached = here.epoch === places.epoch ? here.position : earlier.includes(here.epoch) ? 0 : Infinity
    if (confirmed.position <= reached) return
    const stands = `stands at ${here.position}${here.epoch === places.epoch ? '' : ' of the log before'}`
    const reason = `this region had confirmed position ${confirmed.position} of the log of ${by} and ${stands}`
    this.#find({ found: 'older', reason })
  }

  /** The peer follows another log of this region: a former one, or a later one than the store knows of. */
  async #examineEpoch(by: string, epoch: string, { epoch: theirs, earlier = [], cursors }: Places): Promise<void> {
    const { engine } = this.#deps
    if (engine.lineage.earlier.includes(epoch)) return
    const here = engine.cursor(by)
    if (here === undefined) return await rememberFormerLog(engine, by, cursors)
    const haveMet = here.epoch === theirs || earlier.includes(here.epoch)
    const reason = haveMet
      ? `${by} follows a log of this region (${epoch}) of which its store knows nothing`
      : `${by} and this store have never met: each knows another log of the other`
    if (haveMet) await engine.lineage.remember(epoch)
    this.#find({ found: haveMet ? 'older' : 'foreign', reason })
  }

  #find(finding: Finding): void {
    this.#hasFound = true
    this.#deps.onFinding(finding)
  }

  #isContradicted({ position, proof }: Claim): boolean {
    const { engine } = this.#deps
    if (position > engine.flushed()) return true
    // Every log begins there.
    if (position === 0) return false
    return proof !== undefined && engine.lineage.proves(proof) === 'other'
  }

  #agree(by: string, { proof }: Claim): void {
    if (proof !== undefined && this.#deps.engine.lineage.proves(proof) === 'same')
      this.#agreed.set(by, Math.max(proof.at, this.#agreed.get(by) ?? 0))
  }
}

/**
 * A new disk meets the peer for the first time: the log of this region that the peer still follows is a former one, and is remembered. Does
 * nothing when this region has a cursor on the peer's log, since then the same shows an older copy.
 */
export async function rememberFormerLog(engine: ClaimsEngine, peer: string, cursors: Places['cursors']): Promise<void> {
  if (engine.cursor(peer) !== undefined) return
  const own = cursors.find(({ region }) => region === engine.region.name)
  if (own !== undefined) await engine.lineage.remember(own.epoch)
}

/** What a renewal makes undone. */
export const agreedNotes = [[agreedNote, undefined]] as const
