/**
 * Whether all replicas of a table hold the same, while writes go on. Everything stamped up to a watermark that every replica has
 * passed is applied everywhere, so of the rows up to it no two replicas may differ; a row later than that, anywhere, says
 * that its key is in motion, and it is left to the next comparison. Ranges are compared by their digests, those that differ
 * again in smaller ones, and the smallest row by row; what is found is looked at once more before it is told.
 */
import { encodeControl } from '../../../core/change/control.ts'
import type { KeyedRow, Rows } from '../../../core/change/rows.ts'
import { type ClockState, clockZero, isAfter } from '../../../core/hybrid-logical-clock/hybrid-logical-clock.ts'
import { readStamp } from '../../../core/hybrid-logical-clock/stamp.ts'
import {
  differingKeysMax,
  inspectRangeRowsMax,
  verifyRangeBytesMax,
  verifyRangeRowsMax,
  verifyRangesUnderWayMax,
} from '../../../core/limits/limits.ts'
import { isLater, isSameRow } from '../../../core/reconcile/digest.ts'
import { isTombstone } from '../../../core/item/row.ts'
import { replicaRegister } from '../../../core/table/registers.ts'
import type { Table, TableId } from '../../../core/table/table.ts'
import type { Region } from '../../../core/topology.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Clock } from '../../../ports/clock.ts'
import { absences } from '../notes/pending-merges.ts'
import { digestOfRange, type KeyRange, rowsOfRange } from './range-digests.ts'
import { walkRows } from '../talk/row-walk.ts'
import { Declined, Questions } from '../talk/questions.ts'
import type { Session } from '../talk/session.ts'

export type VerifyDeps = {
  readonly engine: Engine
  readonly clock: Clock
  readonly sessionTo: (region: string) => Session | undefined
  /** Up to when everything of `origin` is in `here`, of that table, as far as it is known. */
  readonly seen: (here: string, origin: string, table: TableId) => ClockState | undefined
  readonly peers: () => readonly Region[]
  /** Whether this region has all of a shared table's items. */
  readonly isComplete: (table: TableId) => boolean
  /** Lets this region's clock go on, and tells it. */
  readonly pulse: () => Promise<void>
}

/** A key under which replicas differ, with what each has, raw. */
export type Difference = { readonly key: Buffer; readonly rows: ReadonlyMap<string, Buffer | undefined> }

export type Comparison = {
  readonly watermark: ClockState
  /** How old the watermark was when the comparison with it began: what was written in that time is not compared. */
  readonly watermarkAgeMs: number
  readonly replicas: readonly string[]
  /** Compared here: items with stamps up to the watermark. */
  readonly rows: number
  /** Keys written since, where replicas differed for that reason. */
  readonly inMotion: number
  readonly differing: readonly Difference[]
  /** There may be more of them. */
  readonly cut: boolean
}

/** The comparison cannot be made, for a reason that is told. */
export class NotComparable extends Error {
  override readonly name = 'NotComparable'
}

const settleMsMax = 8000
const settlePollMs = 100
const stampAheadMsMax = 24 * 60 * 60 * 1000

/** Rejects with NotComparable when a replica cannot be asked. */
export async function compareReplicas(deps: VerifyDeps, table: Table): Promise<Comparison> {
  const run = new Run(deps, table)
  return await run.compare()
}

async function told<T>(region: string, question: Promise<T>): Promise<T> {
  return await question.catch((error: unknown) => {
    if (error instanceof Declined) throw new NotComparable(`${region} does not compare: ${error.message}`)
    throw new NotComparable(`${region} does not answer (${String(error)})`)
  })
}

type Peer = { readonly region: string; readonly questions: Questions }

class Run {
  readonly #deps: VerifyDeps
  readonly #table: TableId
  /** Another one if the table goes from here, and comes again. */
  readonly #number: number | undefined
  readonly #replicas: readonly string[]
  readonly #peers: readonly Peer[]
  readonly #found: { readonly range: KeyRange; readonly keys: Buffer[] }[] = []
  #watermark: ClockState = { wallMs: 0, counter: 0 }
  #watermarkAgeMs = 0
  #rows = 0
  #inMotion = 0
  #differing = 0

  /** Throws NotComparable while a replica is known not to have all. */
  constructor(deps: VerifyDeps, table: Table) {
    this.#deps = deps
    this.#table = table.id
    this.#number = deps.engine.tableWithId(table.id)?.number
    this.#replicas =
      table.replicas.length === 0 ? [deps.engine.region.name] : table.replicas.map(({ region }) => region)
    for (const { region, status } of table.replicas)
      if (status !== 'ACTIVE' && status !== 'UPDATING') throw new NotComparable(`the replica in ${region} is ${status}`)
    this.#assertHere()
    this.#peers = this.#replicas.flatMap((region) => (region === deps.engine.region.name ? [] : [this.#peer(region)]))
  }

  async compare(): Promise<Comparison> {
    this.#watermark = await this.#settled()
    await this.#walk()
    const [watermark, watermarkAgeMs] = [this.#watermark, this.#watermarkAgeMs]
    const differing = this.#found.length === 0 ? [] : await this.#again()
    this.#assertHere()
    return {
      watermark,
      watermarkAgeMs,
      replicas: this.#replicas,
      rows: this.#rows,
      inMotion: this.#inMotion,
      differing,
      cut: this.#differing >= differingKeysMax,
    }
  }

  /**
   * A replica that is removed meanwhile, or that is to be filled again because its store is an older copy, has other rows than the rest, and is
   * no damage. Peers refuse to answer then.
   */
  #assertHere(): void {
    const { engine, isComplete } = this.#deps
    const table = engine.tableWithId(this.#table)
    if (table === undefined || table.number !== this.#number || table.status === 'DELETING')
      throw new NotComparable(`the replica in ${engine.region.name} has gone meanwhile`)
    if (table.replicas.length > 0 && !isComplete(table.id))
      throw new NotComparable(`the replica in ${engine.region.name} does not have all of the table`)
  }

  #peer(region: string): Peer {
    const session = this.#deps.sessionTo(region)
    if (session === undefined) throw new NotComparable(`${region} cannot be reached`)
    return { region, questions: new Questions(session, this.#deps.engine.region.name) }
  }

  /** A watermark past this moment, or after a while the last there is. */
  async #settled(): Promise<ClockState> {
    const watermark = await this.#reached()
    const { clock, engine } = this.#deps
    // This region's clock may be the one that is behind.
    const nowMs = Math.max(clock.wallMs(), engine.clock().wallMs)
    this.#watermarkAgeMs = Math.max(0, Math.round(nowMs - watermark.wallMs))
    return watermark
  }

  async #reached(): Promise<ClockState> {
    const { clock } = this.#deps
    const sinceMs = clock.wallMs()
    const untilMs = clock.monotonicMs() + settleMsMax
    for (;;) {
      const watermark = this.#passed()
      if (watermark !== undefined && watermark.wallMs >= sinceMs) return watermark
      if (clock.monotonicMs() > untilMs) {
        if (watermark !== undefined && watermark.wallMs > 0) return watermark
        throw new NotComparable('it is not known up to when the replicas have each other’s writes')
      }
      const pulse = encodeControl({ say: 'pulse', region: this.#deps.engine.region.name })
      for (const { region } of this.#peers) this.#deps.sessionTo(region)?.tell(pulse)
      await this.#deps.pulse()
      await clock.sleep(settlePollMs)
    }
  }

  /** Everything with a stamp up to this is in all replicas, whichever of them it came from. */
  #passed(): ClockState | undefined {
    let least: ClockState = this.#deps.engine.clock()
    for (const here of this.#replicas)
      for (const origin of this.#replicas) {
        const seen = here === origin ? least : this.#deps.seen(here, origin, this.#table)
        if (seen === undefined) return undefined
        if (isAfter(least, seen)) least = seen
      }
    return least
  }

  async #walk(): Promise<void> {
    const underWay = new Set<Promise<void>>()
    for (let after: Buffer | undefined; this.#differing < differingKeysMax;) {
      const part = this.#deps.engine.rows(this.#table, after, verifyRangeRowsMax, verifyRangeBytesMax)
      const upTo = part.at(-1)?.key
      const range = { after, upTo }
      const work: Promise<void> = this.#compareRange(range, part).finally(() => underWay.delete(work))
      underWay.add(work)
      // A rejection is seen below; meanwhile it must not count as unhandled.
      work.catch(() => undefined)
      if (underWay.size >= verifyRangesUnderWayMax) await Promise.race(underWay)
      if (upTo === undefined) break
      after = Buffer.from(upTo)
    }
    await Promise.all(underWay)
  }

  async #compareRange(range: KeyRange, part: readonly KeyedRow[]): Promise<void> {
    const { rows } = digestOfRange(this.#deps.engine, this.#table, range, this.#watermark)
    this.#rows += rows
    if (await this.#isEqual(range)) return
    if (part.length <= inspectRangeRowsMax) return await this.#inspect(range)
    for (let start = 0; start < part.length; start += inspectRangeRowsMax) {
      const last = start + inspectRangeRowsMax >= part.length
      const after = start === 0 ? range.after : part[start - 1]?.key
      const smaller = { after, upTo: last ? range.upTo : part[start + inspectRangeRowsMax - 1]?.key }
      if (!(await this.#isEqual(smaller))) await this.#inspect(smaller)
    }
  }

  async #isEqual(range: KeyRange): Promise<boolean> {
    const { after, upTo } = range
    const asked = {
      ...(after === undefined ? {} : { after: after.toString('base64') }),
      ...(upTo === undefined ? {} : { upTo: upTo.toString('base64') }),
      watermark: this.#watermark,
    }
    const answers = await Promise.all(
      this.#peers.map(async ({ region, questions }) => {
        return await told(region, questions.digest(this.#table, asked))
      }),
    )
    // Last, so that what arrives here meanwhile makes a range differ rather than agree by chance.
    const own = digestOfRange(this.#deps.engine, this.#table, range, this.#watermark)
    return answers.every((answer) => answer.rows === own.rows && answer.digest === own.digest)
  }

  async #inspect(range: KeyRange): Promise<void> {
    const keys: Buffer[] = []
    for (const { key, rows } of await this.#allRows(range)) {
      const verdict = this.#verdict(rows)
      if (verdict === 'in motion') this.#inMotion++
      if (verdict === 'different') keys.push(key)
    }
    if (keys.length === 0) return
    this.#found.push({ range, keys })
    this.#differing += keys.length
  }

  /** Once more, with a watermark past the moment at which they were found. */
  async #again(): Promise<readonly Difference[]> {
    await this.#untilShared()
    this.#watermark = await this.#settled()
    const still: Difference[] = []
    for (const { range, keys } of this.#found)
      for (const each of await this.#allRows(range))
        if (keys.some((key) => key.equals(each.key)) && this.#verdict(each.rows) === 'different') still.push(each)
    return still.slice(0, differingKeysMax)
  }

  /**
   * What a region that has left, or has lost its disk, had told some of the others only is merged from one to another, once; and
   * what was written to a replica before it was removed may still be on its way. Until then replicas differ by it, and the
   * watermark of those that are there does not say so.
   */
  async #untilShared(): Promise<void> {
    const { clock } = this.#deps
    const untilMs = clock.monotonicMs() + settleMsMax
    for (;;) {
      const waiting = await this.#waiting()
      if (waiting === undefined) return
      if (clock.monotonicMs() > untilMs) throw new NotComparable(waiting)
      await clock.sleep(settlePollMs)
    }
  }

  async #waiting(): Promise<string | undefined> {
    const { engine } = this.#deps
    const peers = this.#deps.peers()
    const own = { region: engine.region.name, known: peers.map(({ name }) => name), ...absences({ engine, peers }) }
    const others = this.#peers.map(async ({ region, questions }) => {
      const { cursors, left = [], owed = [] } = await told(region, questions.places())
      return { region, known: cursors.map((cursor) => cursor.region), left, owed }
    })
    const all = [own, ...(await Promise.all(others))]
    const left = all.flatMap((each) => each.left.map(({ region }) => region))
    for (const { region, known, owed } of all) {
      const lacks =
        owed.find(({ peer }) => this.#replicas.includes(peer))?.region ?? known.find((name) => left.includes(name))
      if (lacks !== undefined) return `${region} has not taken over yet what others have of ${lacks}`
    }
    return this.#lateWord(peers.map(({ name }) => name))
  }

  /** Of a replica that was removed: a region that is not known to have its last word. */
  #lateWord(peers: readonly string[]): string | undefined {
    for (const { key, row } of this.#deps.engine.registers(this.#table)) {
      const origin = peers.find((name) => replicaRegister(name) === key.toString('utf8'))
      if (origin === undefined || !isTombstone(row)) continue
      const lacks = this.#replicas.find((here) =>
        isAfter(readStamp(row, 1), this.#deps.seen(here, origin, this.#table) ?? clockZero),
      )
      if (lacks !== undefined)
        return `${lacks} may not have all yet that was written in ${origin} while that had a replica`
    }
    return undefined
  }

  #verdict(rows: ReadonlyMap<string, Buffer | undefined>): 'same' | 'different' | 'in motion' {
    const all = this.#replicas.map((region) => rows.get(region))
    if (all.some((row) => row !== undefined && this.#isInMotion(row))) return 'in motion'
    const shown = all.map((row) => (row === undefined || isTombstone(row) ? undefined : row))
    const [one, ...others] = shown
    return others.every((row) => (row === undefined || one === undefined ? row === one : isSameRow(row, one)))
      ? 'same'
      : 'different'
  }

  /** A stamp that no clock can have given yet is damage, not news. */
  #isInMotion(row: Buffer): boolean {
    const wallMs = this.#deps.clock.wallMs() + stampAheadMsMax
    return isLater(row, this.#watermark) && !isLater(row, { wallMs, counter: 0 })
  }

  async #allRows(range: KeyRange): Promise<readonly Difference[]> {
    const found = new Map<string, Map<string, Buffer>>()
    const note = (region: string, { key, row }: KeyedRow): void => {
      const name = key.toString('latin1')
      const rows = found.get(name) ?? new Map<string, Buffer>()
      found.set(name, rows.set(region, row))
    }
    await Promise.all(this.#peers.map((peer) => this.#peerRows(peer, range, (row) => note(peer.region, row))))
    for (const row of rowsOfRange(this.#deps.engine, this.#table, range)) note(this.#deps.engine.region.name, row)
    return [...found].map(([name, rows]) => ({ key: Buffer.from(name, 'latin1'), rows }))
  }

  async #peerRows(
    { region, questions }: Peer,
    { after, upTo }: KeyRange,
    note: (row: KeyedRow) => void,
  ): Promise<void> {
    const next = (from: Buffer | undefined): Promise<Rows> =>
      told(region, questions.rowsAsTheyAre(this.#table, from, inspectRangeRowsMax * 2))
    for await (const { rows } of walkRows(next, after))
      for (const row of rows) {
        if (upTo !== undefined && row.key.compare(upTo) > 0) return
        note(row)
      }
  }
}
