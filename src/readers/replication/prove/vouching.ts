/**
 * What an origin's node says itself of this region's place in its log. Messages on a stream and announcements only claim
 * positions; a node that is asked knows them. Each question carries the own place with its proof, and a node whose log never
 * led there refuses to answer: so nothing is built on the word of a store that was set back (claims.ts).
 */
import type { Batch } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { Announcement } from '../../../core/change/control.ts'
import { proofByStart } from '../../../core/change/proof.ts'
import { implausibleJumpMin } from '../../../core/limits/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { Cursor } from '../../../core/change/place.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import { Deceived, greet, placeOf, Refused } from '../talk/greeting.ts'
import type { LogQuestion } from '../talk/log-part.ts'
import { walkLog } from '../talk/log-walk.ts'
import type { Voices } from './voices.ts'
import type { Session } from '../talk/session.ts'

type Deps = {
  readonly engine: Engine
  readonly peer: Region
  readonly clock: Clock
  readonly voices: Pick<Voices, 'heard'>
}

const againMs = 1000

type Beside = { readonly ask: () => Promise<unknown>; readonly fail: (error: unknown) => void }

export class Vouching {
  readonly #deps: Deps
  #start: string | undefined
  #flushed: Position = 0
  /** The end of the messages of this session that were taken. */
  #accepted: Position = 0
  #isAsking = false
  #askedAtMs = -Infinity
  /** Nothing proves the last stretch before the cursor, and the process that sent it may not be the one that answers now. */
  #isDoubtful = true

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /** Another session: messages of any process may have come. */
  begin(): void {
    this.#isDoubtful = true
    this.#accepted = 0
    this.#askedAtMs = -Infinity
  }

  /** Returns false for the word of a process that may speak for a copy of the peer's store: nothing is built on it (voices.ts). */
  counts({ start, seen }: Announcement): boolean {
    const { engine, peer, voices } = this.#deps
    const clock = seen.find(({ region }) => region === engine.region.name)?.clock
    return voices.heard(peer.name, start, { clock })
  }

  /**
   * Undefined when the peer does not answer, or a process of it whose word does not count. Rejects when the peer refuses, or its log ends before our place. A region whose place is
   * lost (`isLost`) claims none: it is about to take the state.
   */
  async hello(session: Session, isLost = false): Promise<Announcement | undefined> {
    const { engine, peer, clock } = this.#deps
    const cursor = isLost ? undefined : engine.cursor(peer.name)
    this.#askedAtMs = clock.monotonicMs()
    const said = await greet(session, { self: engine.region.name, peer, cursor })
    if (said === undefined || !this.counts(said)) return undefined
    // What is stamped from now on is later than what peers have seen of this region.
    const seen = said.seen.find(({ region }) => region === engine.region.name)
    if (seen !== undefined) engine.followClock(seen.clock)
    if (said.epoch === cursor?.epoch && said.flushed < cursor.position) throw this.#beyond(said, cursor)
    if (said.start !== this.#start) this.#isDoubtful = true
    this.#start = said.start
    this.#flushed = said.epoch === cursor?.epoch || cursor === undefined ? said.flushed : 0
    return said
  }

  /**
   * Whether a message may claim that end without a question: it goes on from what came before it. What was announced does not count,
   * since others that reach the peer's server may announce in its name too.
   */
  isPlausible(upTo: Position): boolean {
    const position = this.#deps.engine.cursor(this.#deps.peer.name)?.position ?? 0
    if (upTo > Math.max(position, this.#flushed, this.#accepted) + implausibleJumpMin) return false
    this.#accepted = Math.max(this.#accepted, upTo)
    return true
  }

  /** Whether the process that answered last speaks. */
  isBy({ start }: Announcement): boolean {
    return start === this.#start
  }

  /** Asks beside what is being applied: a question each second must not hold it up. */
  beside(heard: Announcement | undefined, { ask, fail }: Beside): void {
    if (this.#isAsking || !this.#isDue(heard)) return
    this.#isAsking = true
    ask()
      .catch((error: unknown) => {
        if (error instanceof Refused || error instanceof Deceived) fail(error)
      })
      .finally(() => (this.#isAsking = false))
  }

  /** The cursor has gone on beyond the node's last word, or another process speaks. */
  #isDue(heard: Announcement | undefined): boolean {
    const { engine, peer, clock } = this.#deps
    if (clock.monotonicMs() - this.#askedAtMs < againMs) return false
    const cursor = engine.cursor(peer.name)
    if (cursor === undefined || heard?.epoch !== cursor.epoch) return false
    return cursor.position > this.#flushed || heard.start !== this.#start
  }

  /** Proves the cursor by the process that speaks now, once no message waits. False when there is nothing to do. */
  async prove(session: Session): Promise<boolean> {
    const { engine, peer, clock } = this.#deps
    const cursor = engine.cursor(peer.name)
    if (cursor === undefined || cursor.proof?.at === cursor.position || this.#start === undefined) return false
    if (clock.monotonicMs() - this.#askedAtMs < againMs) return false
    const before = this.#start
    const said = await this.hello(session)
    if (said?.start === undefined || said.epoch !== cursor.epoch) return false
    if (cursor.proof !== undefined && (this.#isDoubtful || said.start !== before)) await this.#reread(session, cursor)
    await engine.setCursor(peer.name, { ...cursor, proof: proofByStart(cursor.position, said.start) })
    this.#isDoubtful = false
    return true
  }

  /** Merges again what the peer's log has behind the last proven place. */
  async #reread(session: Session, cursor: Cursor): Promise<void> {
    const { engine, peer } = this.#deps
    const { epoch, position, proof } = cursor
    const asked = { session, region: engine.region.name, peer, epoch, upTo: position, ...placeOf(cursor) }
    let after = proof?.at ?? position
    const question = (): LogQuestion | undefined => (after < position ? { ...asked, after } : undefined)
    await walkLog(question, async ({ changes, upTo }) => {
      for (const { kind, table, key, row } of changes)
        if (kind === 'item') await engine.merge(table, [{ key, row }])
        else await engine.mergeRegisters(table, [{ key, row }])
      after = upTo
    })
  }

  #beyond({ start, flushed }: Announcement, { position }: Cursor): Error {
    const { peer } = this.#deps
    const what = `the log of ${peer.name} ends at ${flushed}, and this region stands at ${position} in it`
    if (start !== undefined && start === this.#start) return new Deceived(what)
    return new Refused(`${what}: its store is an older copy, or a copy of it runs elsewhere`)
  }
}

/** A batch without changes, up to where a node says that nothing leaves its log. */
export function emptyUpTo({ region, number, epoch, sent, published, start }: Announcement): Batch {
  const proof = start === undefined ? undefined : proofByStart(published, start)
  return { origin: region, originNumber: number, epoch, after: sent, upTo: published, changes: [], proof }
}
