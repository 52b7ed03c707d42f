/**
 * Follows one peer: session, place in its stream, messages, confirmation; again from the durable cursor whenever the session ends.
 * The stream's numbers are only a hint (JetStream may use them again): each batch has to begin where the cursor stands. A gap is
 * filled from the origin's log (gap-repair.ts), or the state is fetched (transfer.ts). No peer stops the following of another.
 */
import { BackOff } from '../../../core/back-off.ts'
import type { Batch } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { Announcement } from '../../../core/change/control.ts'
import { UnknownFormat } from '../../../core/change/message.ts'
import type { Stamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import { connectBackOffMsMax, connectBackOffMsMin } from '../../../core/limits/limits.ts'
import type { Region } from '../../../core/topology.ts'
import type { ApplyResult } from '../../../engine/commands/command.ts'
import type { Service } from '../../../ports/service.ts'
import type { Cursor } from '../../../core/change/place.ts'
import { applyInTurn } from './apply-pipeline.ts'
import { type Waiting, weightIn } from './batches.ts'
import { askIfNamed, confirmationFrom } from './confirmation.ts'
import { Deceived, epochUnanswered, isRefusal } from '../talk/greeting.ts'
import { PeerState } from '../talk/peer-state.ts'
import { Inbox } from './inbox.ts'
import { Fetcher } from './fetcher.ts'
import { Loop, meanwhile } from '../flow/loop.ts'
import { missingOf } from './missing-note.ts'
import type { Missing } from './missing.ts'
import { LinkState } from './link-state.ts'
import { PausedPositions } from '../pause/paused-positions.ts'
import { announcementFrom, connectTo } from '../talk/reading.ts'
import { LogGone, repairGap } from './gap-repair.ts'
import type { Session } from '../talk/session.ts'
import { Stall } from '../talk/silence.ts'
import type { SubscriberOptions } from './subscriber-options.ts'
import { stateOf, type SubscriberState } from './subscriber-state.ts'
import { PeerErrors } from '../talk/peer-errors.ts'
import { emptyUpTo, Vouching } from '../prove/vouching.ts'

const tickMs = 500

export class Subscriber implements Service {
  readonly peer: Region
  readonly peerState: PeerState
  readonly linkState: LinkState
  readonly peerErrors: PeerErrors
  readonly #options: SubscriberOptions
  readonly #loop: Loop
  readonly #backOff = new BackOff(connectBackOffMsMin, connectBackOffMsMax)
  readonly #inbox: Inbox
  readonly #fetcher: Fetcher
  readonly #vouching: Vouching
  readonly pausedPositions: PausedPositions
  readonly missing: Missing
  #running: Promise<void> | undefined
  /** Resolves when the peer has been asked for the first time what it knows of this region, or could not be. */
  readonly examined: Promise<void>
  #examined: () => void = () => undefined
  #session: Session | undefined
  #ended: string | undefined
  #appliedAtMs: number | undefined
  readonly #stall = new Stall()
  #failure: unknown

  constructor(options: SubscriberOptions) {
    this.#options = options
    this.peer = options.peer
    this.#loop = new Loop(options.env.clock)
    this.#inbox = new Inbox({ changesMax: options.applyChangesMax, weightOf: weightIn(options.engine) })
    this.peerState = new PeerState(options.env.clock)
    this.linkState = new LinkState(options.env, options.peer)
    this.peerErrors = new PeerErrors(options.env, options.peer)
    const onCaughtUp: Missing['caughtUp'] = (...arrived) => this.missing.caughtUp(...arrived)
    this.pausedPositions = new PausedPositions({ ...options, ...options.env, peerErrors: this.peerErrors, onCaughtUp })
    this.missing = missingOf(options, this.pausedPositions)
    this.#vouching = new Vouching({ ...options, clock: options.env.clock })
    this.#fetcher = new Fetcher({
      ...options,
      inbox: this.#inbox,
      peerErrors: this.peerErrors,
      isHeard: () => this.peerState.last !== undefined,
      isPlausible: (upTo) => this.#vouching.isPlausible(upTo),
      onArrived: () => this.#loop.ring(),
      onUnknown: (error) => this.#fail(error),
    })
    this.examined = new Promise((resolve) => (this.#examined = resolve))
  }

  start(): void {
    this.#running = this.#run()
  }

  /** For questions to the peer; undefined while there is none, or none that would be understood. */
  get session(): Session | undefined {
    return this.linkState.now === 'refused' ? undefined : this.#session
  }

  readonly ring = (): void => this.#loop.ring()

  heldChanges(): number {
    return this.linkState.now === 'held' ? this.#inbox.changes() : 0
  }

  state(): SubscriberState {
    const { peerState, linkState } = this
    return stateOf({ linkState: linkState.now, session: this.#session, peerState, position: this.#position() })
  }

  async stop(): Promise<void> {
    this.#loop.stop()
    this.#inbox.clear()
    await Promise.all([this.#session?.close(), this.#running])
  }

  async #run(): Promise<void> {
    while (!this.#loop.stopped) {
      let known = false
      try {
        await this.#follow()
      } catch (error) {
        known = error instanceof LogGone || error instanceof Deceived
        if (error instanceof Deceived) {
          this.peerErrors.note('position', error)
          this.linkState.gone(error.message)
        }
        if (isRefusal(error)) this.linkState.refuse(error.message)
        if (!this.#loop.stopped && !known)
          this.#options.retries.note('follow', error, 'following is interrupted', { peer: this.peer.name })
      }
      this.#examined()
      if (!this.#loop.stopped) await this.#loop.pause(this.#backOff.next())
    }
  }

  async #follow(): Promise<void> {
    const { env, engine } = this.#options
    const session = await connectTo(this.#options, this.peerErrors)
    session.isBehind = () => this.linkState.now === 'resync' || this.#position() < (this.peerState.last?.published ?? 0)
    this.#begin(session)
    try {
      const epoch = await this.#greet(session)
      await this.#options.examine(session, this.peer)
      this.#examined()
      while (this.#isPaused() && this.#ended === undefined && !this.#loop.stopped) await this.#idle(session)
      if (engine.cursor(this.peer.name) === undefined || this.linkState.now === 'resync')
        await this.#resync(session, epoch)
      await this.#fetcher.begin(session, async () => await this.#hello(session))
      this.#options.onRegisters()
      while (this.#ended === undefined && !this.#loop.stopped) await this.#step(session)
      env.log.info('session ended', { peer: this.peer.name, reason: this.#ended ?? 'stopped' })
    } finally {
      this.#session = undefined
      this.#fetcher.end()
      this.#inbox.clear()
      await session.close()
    }
  }

  #begin(session: Session): void {
    this.#session = session
    this.peerState.pace = session.pace
    this.peerState.forget()
    this.#vouching.begin()
    this.#ended = this.#failure = undefined
    this.#stall.reset()
    session.onAnnouncement((payload) => this.#hear(session, payload))
    void this.#awaitEnd(session)
    if (this.#loop.stopped) void session.close()
  }

  async #awaitEnd(session: Session): Promise<void> {
    const reason = await session.closed
    if (this.#session !== session) return
    this.#ended = reason
    this.#inbox.clear()
    this.#loop.ring()
  }

  async #greet(session: Session): Promise<string> {
    const { engine, env } = this.#options
    const said = await this.#hello(session)
    if (said === undefined) return await epochUnanswered(session, this.linkState.now, engine.cursor(this.peer.name))
    env.log.info('session', { peer: this.peer.name, epoch: said.epoch, flushed: said.flushed })
    return said.epoch
  }

  async #hello(session: Session): Promise<Announcement | undefined> {
    const said = await this.#vouching.hello(session, this.linkState.now === 'resync')
    if (said !== undefined) this.#take(said)
    return said
  }

  async #resync(session: Session, epoch: string): Promise<void> {
    const { env, engine, transfer } = this.#options
    this.linkState.fetch()
    if (engine.cursor(this.peer.name) !== undefined) env.log.warn('fetch the peer’s state', { peer: this.peer.name })
    await transfer(session, this.peer, epoch)
    this.pausedPositions.transferred()
    this.peerState.watermark.reset()
    this.missing.transferred()
    this.linkState.accept('the state is merged')
    this.#progress()
  }

  #hear(session: Session, payload: Buffer): void {
    try {
      const said = announcementFrom(this.peer, session, payload)
      if (this.#vouching.counts(said)) this.#take(said)
    } catch (error) {
      // At once: the loop may wait for the disk before it can refuse.
      if (error instanceof UnknownFormat) this.linkState.refuse((this.#failure = error).message)
      else this.peerErrors.note('announcement', error)
    }
    this.#loop.ring()
  }

  #fail(error: unknown): void {
    this.#failure = error
    this.#loop.ring()
  }

  #take(said: Announcement): void {
    const cursor = this.#options.engine.cursor(this.peer.name)
    // Another process may speak for a store that was set back: it counts once it has accepted our place.
    const isFollowed = cursor?.epoch === said.epoch && this.#vouching.isBy(said) && said.flushed >= cursor.position
    // What its clock promises may lie in a former log, of which the rest is still with others.
    this.peerState.take(said, isFollowed && !this.#options.hasPendingMergesOf(this.peer.name))
    this.missing.heard(said)
    askIfNamed(this.#options, said, this.#session)
    this.#reachWatermark()
  }

  /** One thing at a time: what waits, else what the peer has announced, else the next ring. */
  async #step(session: Session): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isPaused()) return await this.#idle(session)
    if (await this.pausedPositions.catchUp(session)) this.#progress()
    this.#vouching.beside(this.peerState.last, { ask: () => this.#hello(session), fail: (error) => this.#fail(error) })
    if (this.#inbox.hasWork(this.#position())) await this.#applyWaiting(session)
    // A question waits behind a message that needs long, and the peer must not take that for a cut.
    else if (!(await this.#whileConfirming(session, this.#catchUp(session)))) await this.#idle(session)
  }

  async #whileConfirming<T>(session: Session, work: Promise<T>): Promise<T> {
    return await meanwhile(this.#options.env.clock, () => this.#confirm(session), work)
  }

  async #idle(session: Session): Promise<void> {
    if (this.#isPaused()) this.#stall.reset()
    session.measure()
    this.#confirm(session)
    await this.#loop.wait(tickMs)
  }

  #isPaused(): boolean {
    return this.#options.pauses.ofLink(this.peer.name, this.#options.engine.region.name) > 0
  }

  async #apply(batch: Batch, sequence: number): Promise<ApplyResult> {
    return this.#options.engine.apply(await this.pausedPositions.without(batch, this.#cursor()), sequence)
  }

  async #applyWaiting(session: Session): Promise<void> {
    const cursor = this.#cursor()
    const first = this.#inbox.first?.batch
    if (first !== undefined && first.epoch !== cursor.epoch) return this.#otherEpoch(first.epoch)
    const stopped = await applyInTurn({
      inbox: this.#inbox,
      cursor,
      without: (batch, place) => this.pausedPositions.without(batch, place),
      apply: (batch, sequence) => this.#options.engine.apply(batch, sequence),
      onApplied: ({ batch }, result) => {
        this.#note(batch, result)
        this.#confirm(session)
      },
      goesOn: () => this.#goesOn(),
      yield: () => this.#options.env.clock.sleep(0),
    })
    if (stopped === undefined) return
    if ('against' in stopped) return await this.#settle(session, stopped.against)
    const { taken, result } = stopped
    this.#note(taken.batch, result)
    if (result.applied === 'hole') await this.#fill(session, taken.batch.after)
    else if (result.applied === 'held') await this.#holdMessage(session, taken.batch, result.until)
  }

  /** A message and the cursor are of different logs under one epoch, or one is false: the peer's node refuses the cursor, or the message goes. */
  async #settle(session: Session, { batch: { epoch }, sequence }: Waiting): Promise<void> {
    const said = await this.#whileConfirming(session, this.#hello(session))
    if (said === undefined) return await this.#loop.pause(tickMs)
    if (said.epoch === epoch) this.peerErrors.note('message', new RangeError('not of the log of our cursor'), sequence)
    this.#inbox.drop(1)
  }

  #goesOn(): boolean {
    if (this.#ended !== undefined || this.#failure !== undefined || this.#loop.stopped) return false
    return !this.#isPaused() && !this.pausedPositions.isDue
  }

  /** A message of another log than the cursor's. It may be an old one, before the log of which the peer tells. */
  #otherEpoch(epoch: string): void {
    if ([undefined, epoch].includes(this.peerState.last?.epoch))
      throw this.linkState.gone(`its log is another (${epoch})`)
    this.#inbox.drop(1)
  }

  async #fill(session: Session, upTo: Position): Promise<void> {
    const { env, engine } = this.#options
    env.meter.count('longitude_replication_repairs_total', { peer: this.peer.name })
    env.log.info('fill a gap', { peer: this.peer.name, after: this.#position(), upTo })
    const asked = { engine, clock: env.clock, session, peer: this.peer, upTo }
    const repaired = repairGap({
      ...asked,
      apply: (batch, sequence) => this.#apply(batch, sequence),
      onApplied: (batch, result) => this.#note(batch, result),
    })
    const end = await this.#whileConfirming(session, repaired).catch((error: unknown) => {
      if (error instanceof RangeError && !(error instanceof UnknownFormat)) this.peerErrors.note('answer', error)
      throw error
    })
    if (end === 'gone') throw this.linkState.gone('its log does not reach back to our cursor')
    if (end === 'whole') this.#confirm(session)
    else await this.#hold(session, end.until)
  }

  /** A message is a hint: while it keeps back all that follows it, the origin's log is asked whether it is true. */
  async #holdMessage(session: Session, { upTo }: Batch, until: Stamp): Promise<void> {
    if (this.linkState.isDoubtful) await this.#fill(session, upTo)
    else await this.#hold(session, until)
  }

  /** Waits until our clock comes near enough, or for something to change. The batch stays the first to be applied. */
  async #hold(session: Session, until: Stamp): Promise<void> {
    this.linkState.hold(until)
    this.#confirm(session)
    await this.#loop.pause(Math.min(tickMs, Math.max(1, until.wallMs - this.#options.env.clock.wallMs())))
  }

  /** Acts on the peer's last word when the stream brings nothing. True when something was done. */
  async #catchUp(session: Session): Promise<boolean> {
    const heard = this.peerState.last
    const cursor = this.#cursor()
    const stalled = this.#stall.isOver(session)
    if (heard === undefined) return false
    if (heard.epoch !== cursor.epoch) {
      if (stalled) throw this.linkState.gone(`its log is another (${heard.epoch})`)
      return false
    }
    if (cursor.position >= heard.published) {
      this.linkState.accept('nothing is left to apply')
      return this.#vouching.prove(session)
    }
    if (cursor.position < heard.sent && !stalled) return false
    // Others may announce in its name; only what its node says itself moves the cursor.
    const said = await this.#hello(session)
    if (said === undefined || said.epoch !== cursor.epoch || this.#inbox.hasWork(cursor.position)) return false
    if (cursor.position >= said.sent) return this.#pass(said, cursor)
    if (stalled) await this.#fill(session, said.sent)
    return stalled
  }

  /** Nothing that leaves the peer lies between its last message and there. */
  async #pass(said: Announcement, { position, sequence }: Cursor): Promise<boolean> {
    if (said.published <= position) return false
    const empty = emptyUpTo(said)
    this.#note(empty, await this.#apply(empty, sequence))
    return true
  }

  #note(batch: Batch, result: ApplyResult): void {
    this.missing.applied(batch, this.#position(), result.applied === 'hole' ? undefined : result)
    if (result.applied === 'all') this.linkState.accept('a batch is applied')
    if (result.applied !== 'hole') this.#progress()
    if (batch.changes.some((change) => change.kind === 'register')) this.#options.onRegisters()
  }

  #progress(): void {
    this.#stall.reset()
    this.#appliedAtMs = this.#options.env.clock.wallMs()
    this.#backOff.reset()
    this.#reachWatermark()
  }

  #reachWatermark(): void {
    const cursor = this.#options.engine.cursor(this.peer.name)
    if (cursor === undefined || cursor.epoch !== this.peerState.last?.epoch) return
    this.peerState.watermark.reach(cursor.position, this.pausedPositions.tables)
  }

  #confirm(session: Session): void {
    session.confirm(() => confirmationFrom(this.#options, this, this.#appliedAtMs))
  }

  #cursor(): Cursor {
    const cursor = this.#options.engine.cursor(this.peer.name)
    if (cursor === undefined) throw new Error('no cursor')
    return cursor
  }

  readonly #position = (): Position => this.#options.engine.cursor(this.peer.name)?.position ?? 0
}
