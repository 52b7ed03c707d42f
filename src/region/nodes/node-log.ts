/**
 * One node of a region of several (docs/design/nodes.md). All nodes apply the same entries in the same order to their stores. One of them
 * leads: it runs the region, on a store whose batches become entries. The others follow, and one of them takes over when it is lost.
 *
 *   opening ─▶ following ◀────────────▶ leading
 *     ▲  ▲        │      lead accepted
 *     │  └────────┤ the store has failed: again from its durable place
 *   copying ◀─────┘ entries are trimmed, or the stores differ
 */
import { errorText } from '../../core/error-text.ts'
import {
  nodeAddressLengthMax,
  nodeEntryBytesMax,
  nodeLeadSilentMs,
  nodeNameLengthMax,
  nodeNamesMax,
  nodeResignMs,
  nodeRetryMsMin,
  nodeStoreRecoverMs,
  nodeStoreRetryMs,
  nodeWatchMs,
} from '../../core/limits/nodes-limits.ts'
import { assert } from '../../core/assert.ts'
import type { QuorumEntry, QuorumStream } from '../../ports/quorum.ts'
import { type Store, StoreLost } from '../../ports/store.ts'
import { Applying } from './store/applying.ts'
import { Campaign } from './campaign.ts'
import { copyStore } from './store/store-copy.ts'
import { Leading } from './leading.ts'
import { answerTo } from './store/store-pages.ts'
import { decodeNodeEntry, type NodeEntry, type NodeName } from './node-entry.ts'
import { hasRows, type NodePlace, placeOf, wholePlaceOf } from './store/node-place.ts'
import type { Broken, Life } from './node-life.ts'
import type { NodeLogOptions } from './node-log-options.ts'
import type { NodeRole, NodeStatus } from './node-role.ts'
import { NodeVoice } from './node-voice.ts'
import { Terms, type Verdict } from './terms.ts'
import { TermStore } from './store/term-store.ts'
import { openStream, otherHistory } from './order-stream.ts'
import { Trimming } from './entry-trimming.ts'

export class NodeLog {
  readonly #options: NodeLogOptions
  /** This process. */
  readonly #run: string
  readonly #terms = new Terms()
  readonly #trimming: Trimming
  readonly #voice: NodeVoice
  readonly #campaign: Campaign
  readonly #listeners = new Set<(role: NodeRole) => void>()
  #stream: QuorumStream | undefined
  #life: Life | undefined
  #leading: Leading | undefined
  #copying: { readonly from: string | undefined; readonly rows: number } | undefined
  #isCaughtUp = false
  #isStopped = false
  #onStopped: () => void = () => undefined
  readonly #stopped = new Promise<void>((resolve) => (this.#onStopped = resolve))
  #trouble: string | undefined
  #isReady = false
  #atMs = 0
  #told = ''
  #stopWatching: () => void = () => undefined
  #running: Promise<void> | undefined

  constructor(options: NodeLogOptions) {
    const { nodes, self } = options
    assert(nodes.length <= nodeNamesMax && nodes.includes(self.node), 'nodes: this one is among them')
    assert(self.node.length <= nodeNameLengthMax && self.address.length <= nodeAddressLengthMax, 'nodes: short names')
    this.#options = options
    this.#run = options.random.uuid()
    this.#trimming = new Trimming(nodes, options.limits)
    const stream = (): QuorumStream | undefined => (this.#isStopped ? undefined : this.#stream)
    this.#voice = new NodeVoice({ ...options, run: this.#run, node: self.node, stream })
    this.#campaign = new Campaign({ ...options, run: this.#run, voice: this.#voice })
  }

  /** Resolves at once: entries are followed as soon as there is a majority. */
  start(): Promise<void> {
    this.#running ??= this.#runAll()
    this.#watch()
    return Promise.resolve()
  }

  role(): NodeRole {
    if (this.#copying !== undefined) return { role: 'copying', ...this.#copying }
    const { term } = this.#terms.place
    if (this.#life?.applying.durable.wholeFrom !== undefined) return { role: 'copying', from: undefined, rows: 0 }
    if (this.#leading?.isOver === false) return { role: 'leading', term: this.#leading.term }
    if (this.#life === undefined || !this.#isCaughtUp || this.#stream?.state() !== 'majority') return { role: 'away' }
    return { role: 'following', term, leader: this.#leaderElsewhere() }
  }

  /** Told at each change. */
  onRole(listener: (role: NodeRole) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What the region of this term writes to. Once the term is over, all that it is asked fails. */
  storeOf(term: number): Store {
    const leading = this.#leading
    if (leading === undefined || leading.term !== term) throw new StoreLost(`term ${term} is over`)
    return new TermStore(this.#options.store, leading)
  }

  /** Resolves when no other node has led between the call and some moment after it. */
  barrier(): Promise<void> {
    return this.#leading?.barrier() ?? Promise.reject(new StoreLost('this node does not lead the region'))
  }

  /** The latest term that this node knows. Undefined until it knows all that was placed before its present life. */
  knownTerm(): number | undefined {
    return this.#isCaughtUp ? this.#terms.place.term : undefined
  }

  /** The region of this term serves requests. */
  ready(): void {
    this.#isReady = true
  }

  /** Another node may lead at once. What is under way is refused: the region is to be stopped before. */
  async resign(): Promise<void> {
    const leading = this.#leading
    if (leading === undefined || leading.isOver) return
    this.#campaign.rest(2 * nodeLeadSilentMs)
    this.#endTerm(new StoreLost('this node has resigned'))
    const { term } = leading
    const isLed = (): boolean => this.#terms.place.term === term && !this.#terms.place.isResigned
    await this.#voice.append({ kind: 'resign', term, run: this.#run }, isLed)
  }

  /** Answers a node that copies this one's store. */
  lend(question: Buffer): Buffer {
    const { store, limits } = this.#options
    const place = this.#copying === undefined && this.#life !== undefined ? wholePlaceOf(store) : undefined
    return answerTo(question, store, { place, rowsMax: limits?.copyPageRowsMax })
  }

  status(): NodeStatus {
    const { term, sequence } = this.#terms.place
    const durable = this.#life?.applying.durable.sequence ?? 0
    const nodes = Object.fromEntries(this.#options.nodes.map((node) => [node, this.#trimming.durableOf(node)]))
    const state = { isWhole: this.#isWhole, isReady: this.#isReady, trouble: this.#trouble }
    return { node: this.#options.self.node, term, sequence, durable, atMs: this.#atMs, nodes, ...state }
  }

  /** Resigns when it leads. The store is used no more afterwards. */
  async stop(): Promise<void> {
    const resigning = this.resign()
    await Promise.race([resigning, this.#options.clock.sleep(nodeResignMs)])
    this.#isStopped = true
    this.#onStopped()
    this.#stopWatching()
    this.#break('stopped')
    await this.#running
  }

  async #runAll(): Promise<void> {
    while (!this.#isStopped) {
      this.#stream ??= await openStream({ ...this.#options, stopped: this.#stopped, isStopped: () => this.#isStopped })
      const place = this.#stream === undefined ? undefined : await this.#placeToFollow()
      if (this.#stream === undefined || place === undefined) continue
      const why = await this.#followFrom(this.#stream, place)
      if (why !== 'stopped') this.#options.log.warn('the node follows its region no further', { why })
      if (why === 'store failed') await this.#options.clock.sleep(nodeStoreRetryMs)
      if (why === 'foreign') await this.#stopped
    }
  }

  /** Undefined when it could not be found out, or the node stops. */
  async #placeToFollow(): Promise<NodePlace | undefined> {
    const { store, self, nodes, ask, clock, log } = this.#options
    try {
      const place = this.#copying === undefined ? placeOf(store) : 'copying'
      if (place !== 'copying') return place
      this.#copying ??= { from: undefined, rows: 0 }
      this.#tell()
      const copied = await copyStore({
        store,
        ask,
        clock,
        log,
        others: nodes.filter((node) => node !== self.node),
        isWanted: () => !this.#isStopped,
        onProgress: (from, rows) => {
          this.#copying = { from, rows }
          this.#tell()
        },
        onBegun: ({ sequence }) => void this.#voice.note(sequence),
      })
      if (copied !== undefined) this.#copying = undefined
      return copied
    } catch (error) {
      log.warn('the store of this node cannot be read', { error: errorText(error) })
      await clock.sleep(nodeStoreRetryMs)
      return undefined
    }
  }

  async #followFrom(stream: QuorumStream, place: NodePlace): Promise<Broken> {
    const { store, clock, log } = this.#options
    let breaks: (why: Broken) => void = () => undefined
    const broken = new Promise<Broken>((resolve) => (breaks = resolve))
    const onFailed = (error: unknown): void => {
      log.warn('the store of this node has failed', { error: errorText(error) })
      this.#campaign.rest(nodeStoreRecoverMs)
      this.#break('store failed')
    }
    const applying = new Applying({ store, clock, onDurable: () => this.#noteDurable(), onFailed }, place)
    const isForeign = place.sequence === 0 && hasRows(store)
    const life: Life = { applying, breaks, isForeign, isOver: false }
    this.#terms.load(place)
    this.#campaign.heard()
    this.#life = life
    const followed = stream.follow(place.sequence, (entry) => this.#take(life, entry), {
      onGap: () => this.#break('trimmed'),
    })
    void this.#catchUp(life)
    if (this.#isStopped) this.#break('stopped')
    const why = await broken
    this.#tell()
    await followed.stop()
    await applying.stop()
    return why
  }

  /** Ends what follows now. */
  #break(why: Broken): void {
    const life = this.#life
    if (life === undefined) return
    life.isOver = true
    this.#life = undefined
    this.#isCaughtUp = false
    this.#campaign.heard()
    this.#endTerm(new StoreLost(`this node does not lead any more: ${why}`))
    const mustCopy = why === 'trimmed' || why === 'differs'
    const isForeign = mustCopy && life.isForeign && life.applying.durable.sequence === 0
    if (isForeign)
      this.#stand('its store has rows that the region has not begun with; move its folder away, or begin with it')
    else if (mustCopy) this.#copying = { from: undefined, rows: 0 }
    life.breaks(isForeign ? 'foreign' : why)
  }

  /** The node is told its own note, once it has seen all that was placed before it. */
  async #catchUp(life: Life): Promise<void> {
    const { clock } = this.#options
    let sequence: number | undefined
    const { sequence: followed } = this.#terms.place
    while (sequence === undefined && !life.isOver) sequence = await this.#voice.note(life.applying.durable.sequence)
    if (sequence !== undefined && sequence <= followed) return this.#stand(otherHistory(followed, sequence))
    while (!life.isOver && this.#terms.place.sequence < (sequence ?? 0)) await clock.sleep(nodeRetryMsMin)
    if (life.isOver) return
    this.#isCaughtUp = true
    this.#trouble = undefined
    this.#tell()
  }

  /** The node neither leads nor changes its store until an operator has looked. */
  #stand(trouble: string): void {
    this.#trouble = trouble
    this.#options.log.error('this node needs an operator', { trouble })
  }

  async #take(life: Life, entry: QuorumEntry): Promise<void> {
    for (let wait = life.applying.untilReady(); wait !== undefined; wait = life.applying.untilReady()) await wait
    if (life.isOver) return
    if (entry.sequence !== this.#terms.place.sequence + 1) return this.#break('trimmed')
    const read = decodeNodeEntry(entry.bytes)
    if (read === undefined) this.#options.log.warn('an entry cannot be read', { sequence: entry.sequence })
    this.#atMs = Math.max(this.#atMs, entry.atMs)
    this.#trimming.count(entry.sequence, entry.bytes.length)
    const verdict = this.#terms.take(entry.sequence, read)
    if (verdict.kind === 'led') await this.#led(life)
    else this.#follow(life, read, verdict)
    if (!life.isOver) life.applying.keep(this.#terms.whole)
    this.#tell()
  }

  #follow(life: Life, entry: NodeEntry | undefined, verdict: Verdict): void {
    switch (verdict.kind) {
      case 'accepted': {
        this.#campaign.heard()
        const done = this.#isOwn(entry) ? this.#leading?.accepted(verdict.n) : undefined
        if (verdict.edits !== undefined) life.applying.add(verdict.edits, this.#terms.place, done)
        return
      }
      case 'dropped':
        if (this.#isOwn(entry) && (entry?.kind === 'batch' || entry?.kind === 'beat')) this.#leading?.dropped(entry.n)
        return
      case 'noted':
        this.#trimming.hear(verdict.node, verdict.durable)
        return this.#trim()
      case 'differs':
        return this.#break('differs')
      case 'resigned':
      case 'led':
        this.#campaign.heard()
        this.#endTerm(new StoreLost('another node leads the region'))
    }
  }

  #isOwn(entry: NodeEntry | undefined): boolean {
    const { term, leader } = this.#terms.place
    const isOfTerm = (entry?.kind === 'batch' || entry?.kind === 'beat') && entry.term === term
    return isOfTerm && leader?.run === this.#run && this.#leading?.term === term
  }

  /** A term begins. What was accepted before it is in the store before a region begins on it. */
  async #led(life: Life): Promise<void> {
    this.#endTerm(new StoreLost('another node leads the region'))
    const { term, digest, leader, wholeFrom } = this.#terms.place
    const wanted = this.#campaign.over(term)
    if (!wanted || leader?.run !== this.#run || wholeFrom !== undefined) return
    await life.applying.settled()
    if (life.isOver || this.#stream === undefined) return
    this.#options.log.info('this node leads the region', { term })
    const { limits, nodes, self } = this.#options
    const { entryBytesMax = nodeEntryBytesMax } = limits ?? {}
    const others = nodes.filter((node) => node !== self.node)
    const of = { term, run: this.#run, digest, stream: this.#stream }
    this.#leading = new Leading({ ...this.#options, ...of, others, entryBytesMax })
  }

  #endTerm(error: Error): void {
    if (this.#leading === undefined || this.#leading.isOver) return
    this.#isReady = false
    this.#leading.end(error)
    this.#options.log.info('this node does not lead the region any more', { error: errorText(error) })
    this.#tell()
  }

  #watch(): void {
    this.#stopWatching()
    if (this.#isStopped) return
    this.#stopWatching = this.#options.clock.after(nodeWatchMs, () => this.#watch())
    const isLeading = this.#leading?.isOver === false
    if (isLeading) this.#leading?.watch()
    const can = isLeading ? 'lose' : this.#mayLead() ? 'lead' : 'follow'
    if (this.#campaign.look(this.#terms.place, can) === 'lost')
      this.#endTerm(new StoreLost('this node has lost the majority'))
    this.#noteDurable()
    this.#tell()
  }

  /** All rows on the disk are of one moment. */
  get #isWhole(): boolean {
    const durable = this.#life?.applying.durable
    return this.#copying === undefined && durable !== undefined && durable.wholeFrom === undefined
  }

  #mayLead(): boolean {
    return this.#isWhole && this.#isCaughtUp && this.#stream?.state() === 'majority' && !this.#isStopped
  }

  #noteDurable(): void {
    if (this.#isCaughtUp) this.#voice.noteNowAndThen(this.#life?.applying.durable.sequence ?? 0)
  }

  #trim(): void {
    if (this.#leading?.isOver !== false || this.#life === undefined) return
    const upTo = this.#trimming.upTo(this.#terms.place.sequence, this.#life.applying.durable.sequence)
    if (upTo === undefined) return
    this.#stream?.trim(upTo).catch((error: unknown) => {
      this.#options.log.debug('the entries of the nodes are not trimmed', { error: errorText(error) })
    })
  }

  #leaderElsewhere(): NodeName | undefined {
    const { leader, isResigned } = this.#terms.place
    if (leader === undefined || isResigned || leader.node === this.#options.self.node) return undefined
    return { node: leader.node, address: leader.address }
  }

  #tell(): void {
    const role = this.role()
    const text = JSON.stringify(role)
    if (text === this.#told) return
    this.#told = text
    for (const listener of this.#listeners) listener(role)
  }
}
