/**
 * What a region that has gone silent had written and this region has not got. Each announcement says how many own changes
 * each peer lacks beyond the place that it has confirmed; this region counts what it has applied since. So the figure covers the
 * peer's log up to its last announcement that was heard: what it wrote after that is not known. It is kept in a note, so that a
 * survivor that restarts meanwhile still has it.
 */
import type { Batch, BatchChange } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { Announcement } from '../../../core/change/control.ts'
import type { Lacking } from '../../../core/change/place.ts'
import { appliedCountsMax } from '../../../core/limits/limits.ts'
import { readStamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Outcomes } from '../../../engine/commands/command.ts'
import type { Clock } from '../../../ports/clock.ts'

/** Own changes of a region that another one lacked, as it announced. */
export type LackingStatus = {
  readonly region: string
  readonly changes: number
  /** The time of the oldest of them. */
  readonly sinceMs?: number
  /** It may be fewer: the origin has let go of a part of its log. */
  readonly atMost?: true
}

export type SilenceStatus = {
  /** When the peer was heard last, by this region's clock, and what it had announced by then and this region lacked. */
  readonly fromMs: number
  readonly changes: number
  readonly sinceMs?: number
  /** When it was heard again; absent while it is silent. */
  readonly returnedMs?: number
  /** Whether it returned with the same log; another one means that its disk was lost or replaced. */
  readonly sameLog?: boolean
  /** Of those changes: arrived since, and those of them that met a concurrent write (`longitude conflicts` names them). */
  readonly arrived: number
  readonly conflicts: number
  /** Not arrived. */
  readonly outstanding: number
}

/**
 * What the peer has announced and this region has not got. It covers the peer's log up to `asOfMs`, when the last announcement was
 * heard: what the peer acknowledged after that is not known, so it is at least this much.
 */
export type MissingStatus = {
  readonly changes: number
  /** The time of the oldest of them. */
  readonly sinceMs?: number
  readonly asOfMs: number
  /** The part (after, upTo] of the peer's log in which it is counted. */
  readonly epoch: string
  readonly after: Position
  readonly upTo: Position
  /**
   * False of a figure from before a restart of this region, when it had applied more than was noted: then it is at most this. False as
   * well where the peer counts from beyond this region's place: its log was trimmed before it restarted, or had let go
   * of some before a part of them was confirmed. False, too, where registers of tables have arrived since. A region that has lost its disk may have
   * to hear from another peer that it has a replica: until then this counts that table's changes too, also those that have come.
   */
  readonly exact: boolean
  /** What other regions lacked, by the same announcement. */
  readonly others: readonly LackingStatus[]
  /** The last time in which the peer was silent. */
  readonly silence?: SilenceStatus
}

/** What the peer said last, and how far this region was then. */
type Said = {
  readonly epoch: string
  readonly own: Lacking | undefined
  readonly others: readonly Lacking[]
  /** When it was heard, by this region's clock. */
  readonly atMs: number
}

/** A time in which the peer was not heard, and what became of what was missing then. */
type Silence = Omit<SilenceStatus, 'outstanding'> & { readonly epoch: string; readonly upTo: Position }

export type NotedMissing = { readonly said?: Said; readonly silence?: Silence }

type Place = { readonly epoch: string; readonly position: Position; readonly whole: Position }

type Deps = {
  readonly clock: Clock
  readonly region: string
  /** This region's durable place in the peer's log, and up to where it has everything, tables that wait because of a pause too. */
  readonly cursor: () => Place | undefined
  /** Whether the table's items are passed over because of a pause. */
  readonly isPaused: (table: TableId) => boolean
  /** Whether this region has, or is to have, a replica of the table: the peer counts no changes of others. */
  readonly shares: (table: TableId) => boolean
}

/** `wasShared`: this region had a replica when they were applied. */
type CountOfTable = readonly [table: TableId, count: number, wasShared: boolean]

type Applied = {
  readonly from: Position
  readonly upTo: Position
  /** Of all tables: a region may hear only later that it has a replica of one, or that it has none any more. */
  readonly items: readonly CountOfTable[]
  /** Of registers the peer counts only those from after the table had replicas, and sends the earlier ones too. */
  readonly registers: number
  /** Of changes that cannot be right the peer may have made none. */
  readonly setAside: number
  readonly lastMs: number
}

/**
 * Changes from `first` on came after a pause, when this region's place in the peer's log was `at`. Only a confirmation from beyond that place
 * surely tells the peer of them.
 */
type CaughtUp = { readonly first: Position; readonly at: Position }

const nothing: Pick<Outcomes, 'conflicts' | 'setAside'> = { conflicts: 0, setAside: [] }

/** An announcement is due every second. */
const silentMsMin = 3500

export class Missing {
  readonly #deps: Deps
  #said: Said | undefined
  #silence: Silence | undefined
  /** Batches applied beyond the place that the last announcement counts from. */
  #applied: Applied[] = []
  /** Of tables, in all of `#applied`. */
  #counts = 0
  #reached: Position = 0
  /** All changes beyond this are in `#applied`. */
  #countedFrom: Position = 0
  #caughtUp: CaughtUp | undefined
  /** By the monotonic clock; a process that has just started waits for the next announcement like any other. */
  #heardAtMs: number
  /** False of a figure from before a restart, when more was applied since it was noted. */
  #exact = true

  constructor(deps: Deps, noted: NotedMissing | undefined) {
    this.#deps = deps
    this.#said = noted?.said
    this.#silence = noted?.silence
    this.#countFrom(deps.cursor()?.position ?? 0)
    this.#heardAtMs = deps.clock.monotonicMs()
    this.#exact = this.#reached <= (noted?.said?.own?.after ?? this.#reached)
  }

  heard({ epoch, lacking = [] }: Announcement): void {
    const { clock, region } = this.#deps
    this.look()
    this.#heardAtMs = clock.monotonicMs()
    const own = lacking.find((each) => each.region === region)
    // A node of an earlier version says nothing of it.
    if (own === undefined) return
    const others = lacking.filter((each) => each.region !== region)
    const atMs = Math.floor(clock.wallMs())
    this.#said = { epoch, own, others, atMs }
    const silence = this.#silence
    if (silence?.returnedMs === undefined && silence !== undefined) this.#silence = this.#returned(silence, this.#said)
    // A confirmation from before this process, or before a transfer: what was applied beyond it was not counted.
    this.#exact = own.after >= this.#countedFrom
    if (this.#caughtUp !== undefined && own.after > this.#caughtUp.at) this.#caughtUp = undefined
  }

  /** A batch of the peer's has become durable up to `cursor`, which may lie beyond its end: several become durable together. */
  applied(
    { epoch, changes, upTo }: Pick<Batch, 'epoch' | 'changes' | 'upTo'>,
    cursor: Position,
    { conflicts, setAside }: Pick<Outcomes, 'conflicts' | 'setAside'> = nothing,
  ): void {
    const end = Math.min(upTo, cursor)
    const fresh = changes.filter(
      ({ position, kind, table }) =>
        position > this.#reached && position <= end && !(kind === 'item' && this.#deps.isPaused(table)),
    )
    this.#reached = Math.max(this.#reached, end)
    const wrong = new Set(setAside)
    const right = fresh.filter(({ position }) => !wrong.has(position))
    this.#count(epoch, right, { conflicts, setAside: fresh.length - right.length, fresh })
  }

  /** Changes of a table that a pause had passed over have been fetched and are durable; undefined when its state was merged instead. */
  caughtUp(epoch: string, changes: readonly BatchChange[] | undefined): void {
    const cursor = this.#deps.cursor()
    if (cursor === undefined || cursor.epoch !== epoch) return
    const first = changes === undefined ? 0 : changes[0]?.position
    if (first === undefined) return
    this.#caughtUp = { first: Math.min(first, this.#caughtUp?.first ?? Infinity), at: cursor.position }
    this.#count(epoch, changes ?? [], { conflicts: 0, setAside: 0, fresh: changes ?? [] })
  }

  #count(
    epoch: string,
    changes: readonly BatchChange[],
    of: { readonly conflicts: number; readonly setAside: number; readonly fresh: readonly BatchChange[] },
  ): void {
    const [first, last] = [of.fresh[0], of.fresh.at(-1)]
    if (first === undefined || last === undefined) return
    const items = changes.filter(({ kind }) => kind === 'item')
    const here = changes.filter(({ table }) => this.#deps.shares(table))
    const arrived = here.filter(({ kind }) => kind === 'item')
    const silence = this.#silence
    if (silence !== undefined && silence.epoch === epoch) this.#silence = arrivedOf(silence, arrived, of.conflicts)
    this.#applied.push({
      from: first.position,
      upTo: last.position,
      items: [...countsByTable(items)].map(([table, count]) => [table, count, this.#deps.shares(table)]),
      registers: here.length - arrived.length,
      setAside: of.setAside,
      lastMs: Math.max(0, ...changes.slice(-1).map(({ row }) => readStamp(row, 1).wallMs)),
    })
    this.#counts += this.#applied.at(-1)?.items.length ?? 0
    while (this.#applied.length > appliedCountsMax || this.#counts > appliedCountsMax) {
      const { upTo = 0, items: gone = [] } = this.#applied.shift() ?? {}
      this.#countedFrom = Math.max(this.#countedFrom, upTo)
      this.#counts -= gone.length
    }
  }

  /** The peer's state was merged: with it came everything, of this log or of the one before it that it still had. */
  transferred(): void {
    this.#countFrom(this.#deps.cursor()?.position ?? 0)
    this.#exact = false
  }

  #countFrom(position: Position): void {
    this.#reached = position
    this.#countedFrom = position
    this.#applied = []
    this.#counts = 0
    this.#caughtUp = undefined
  }

  /** Called every second: a silence is noted when it begins. */
  look(): void {
    const said = this.#said
    if (said?.own === undefined || this.#deps.clock.monotonicMs() - this.#heardAtMs < silentMsMin) return
    if (this.#silence !== undefined && this.#silence.returnedMs === undefined) return
    const { changes, sinceMs } = this.#lacked(said)
    const { epoch, own } = said
    const since = sinceMs === undefined ? {} : { sinceMs }
    this.#silence = { epoch, upTo: own.upTo, fromMs: said.atMs, changes, ...since, arrived: 0, conflicts: 0 }
  }

  /** Undefined as long as the peer has never said it. */
  get status(): MissingStatus | undefined {
    const said = this.#said
    if (said?.own === undefined) return undefined
    const silence = this.#silence
    return {
      ...this.#lacked(said),
      asOfMs: said.atMs,
      epoch: said.epoch,
      after: this.#reached,
      upTo: said.own.upTo,
      exact: this.#exact && this.#meets(said.epoch, said.own),
      others: said.others.map(toStatus),
      ...(silence === undefined ? {} : { silence: toldOf(silence, this.#deps.cursor()) }),
    }
  }

  /** As it is to be noted: counted from this region's durable place, since what was applied is not noted batch by batch. */
  noted(): NotedMissing | undefined {
    const said = this.#said
    const cursor = this.#deps.cursor()
    if (said?.own === undefined) return undefined
    const { changes, sinceMs } = this.#lacked(said)
    const after =
      cursor?.epoch === said.epoch ? Math.min(said.own.upTo, Math.max(said.own.after, cursor.position)) : said.own.after
    const { oldestMs: _, ...about } = said.own
    const rough = this.#meets(said.epoch, said.own) ? {} : { atMost: true as const }
    const own: Lacking = { ...about, ...rough, after, changes, ...(sinceMs === undefined ? {} : { oldestMs: sinceMs }) }
    return { said: { ...said, own }, ...(this.#silence === undefined ? {} : { silence: this.#silence }) }
  }

  /**
   * The peer may count from beyond this region's place, or from within a batch, after its log was trimmed and it restarted. Registers are not
   * subtracted, so that the figure is never less than what is missing.
   */
  #meets(epoch: string, { after, upTo, atMost }: Lacking): boolean {
    if (atMost === true) return false
    const cursor = this.#deps.cursor()
    if (cursor?.epoch !== epoch) return after === 0
    if (cursor.whole < upTo && this.#mayCountCaughtUp(after)) return false
    const beyond = this.#applied.filter((each) => each.upTo > after)
    const isCounted = ({ from, registers, setAside }: Applied): boolean =>
      from > after && registers === 0 && setAside === 0
    // The peer may have counted a table that this region has left since, and counts it no more in its next word.
    const hasLeft = beyond.some(({ items }) =>
      items.some(([table, , wasShared]) => wasShared && !this.#deps.shares(table)),
    )
    return after <= this.#reached && beyond.every(isCounted) && !hasLeft
  }

  /** The peer may count as missing, beside what lies beyond `after`, what came after a pause. */
  #mayCountCaughtUp(after: Position): boolean {
    return this.#caughtUp !== undefined && this.#caughtUp.first <= after && after <= this.#caughtUp.at
  }

  /** What the peer wrote after it was heard last and before it fell silent is known only from what it says now. */
  #returned(silence: Silence, said: Said): Silence {
    const sameLog = silence.epoch === said.epoch
    const back = { ...silence, returnedMs: said.atMs, sameLog }
    const { changes, sinceMs } = this.#lacked(said)
    if (!sameLog || said.own === undefined || changes <= silence.changes - silence.arrived) return back
    const since = sinceMs === undefined ? {} : { sinceMs }
    return { ...back, ...since, changes: silence.arrived + changes, upTo: said.own.upTo }
  }

  #lacked({ epoch, own }: Said): { readonly changes: number; readonly sinceMs?: number } {
    const cursor = this.#deps.cursor()
    if (own === undefined || (cursor?.epoch === epoch && cursor.whole >= own.upTo)) return { changes: 0 }
    const applied = cursor?.epoch === epoch ? this.#applied : []
    const since = applied.filter(({ upTo }) => upTo > own.after && upTo <= own.upTo)
    const items = since.flatMap((each) => each.items).filter(([table]) => this.#deps.shares(table))
    const counted = own.changes - items.reduce((sum, [, count]) => sum + count, 0)
    const positions = cursor?.epoch === epoch ? own.upTo - Math.min(this.#reached, cursor.whole) : Infinity
    const changes = Math.max(0, Math.min(counted, positions))
    const oldestMs = Math.max(own.oldestMs ?? 0, ...since.map(({ lastMs }) => lastMs))
    return changes === 0 || oldestMs === 0 ? { changes } : { changes, sinceMs: oldestMs }
  }
}

/** What comes from beyond what was known to be missing, before the peer is heard again, was missing as well. */
function arrivedOf(silence: Silence, fresh: readonly { readonly position: Position }[], conflicts: number): Silence {
  const known = fresh.filter(({ position }) => position <= silence.upTo).length
  const beyond = silence.returnedMs === undefined ? fresh.length - known : 0
  const changes = silence.changes + beyond
  return {
    ...silence,
    changes,
    upTo: beyond === 0 ? silence.upTo : (fresh.at(-1)?.position ?? silence.upTo),
    arrived: Math.min(changes, silence.arrived + known + beyond),
    conflicts: silence.conflicts + Math.min(conflicts, known + beyond),
  }
}

function countsByTable(changes: readonly Pick<BatchChange, 'table'>[]): ReadonlyMap<TableId, number> {
  const counts = new Map<TableId, number>()
  for (const { table } of changes) counts.set(table, (counts.get(table) ?? 0) + 1)
  return counts
}

function toStatus({ region, changes, oldestMs, atMost }: Lacking): LackingStatus {
  const since = oldestMs === undefined ? {} : { sinceMs: oldestMs }
  return { region, changes, ...since, ...(atMost === undefined ? {} : { atMost }) }
}

/** Once this region has passed the place up to which changes were missing, none of them is outstanding. */
function toldOf({ epoch, upTo, ...silence }: Silence, cursor: Place | undefined): SilenceStatus {
  const isPast = cursor?.epoch === epoch && cursor.whole >= upTo
  const arrived = isPast ? silence.changes : silence.arrived
  return { ...silence, arrived, outstanding: silence.changes - arrived }
}
