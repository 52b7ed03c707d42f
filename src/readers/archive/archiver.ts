/**
 * Archives the log for point-in-time recovery. It reads the region's log with a durable cursor and holds the log until it is archived. A store of blobs
 * that fails for long makes the hold reach its cap; then the history of every table begins again, with a new base. While no table has recovery, and the
 * archive has noted so, nothing runs and nothing is held.
 */
import { archiveEveryMs, archiveHeldBytesMax, archiveLookMs } from '../../core/limits/archive-limits.ts'
import { type ArchiveCursor, cursorNote, type PastSource } from '../../core/archive/recovery.ts'
import type { SharedLog } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import { TooFarBehind } from '../../engine/log/hold.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import { type Sources, sourcesUnderWay } from './archived.ts'
import { Bases } from './bases.ts'
import { LogGatherer } from './log-gatherer.ts'

export type ArchiveSettings = {
  /** Between two looks at the log. */
  readonly everyMs: number
  /** After so long a segment is published, however small. */
  readonly segmentMs: number
  readonly heldBytesMax: number
}

const usualArchive: ArchiveSettings = {
  everyMs: archiveLookMs,
  segmentMs: archiveEveryMs,
  heldBytesMax: archiveHeldBytesMax,
}

type ArchiverEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter' | 'random'>
type ArchiverEngine = Pick<
  Engine,
  | 'archive'
  | 'clock'
  | 'define'
  | 'flushed'
  | 'note'
  | 'onFlushed'
  | 'readLog'
  | 'region'
  | 'retention'
  | 'setNote'
  | 'size'
  | 'tableChanges'
  | 'tables'
  | 'tableWithId'
>

export type ArchiverDeps = {
  readonly env: ArchiverEnv
  readonly engine: ArchiverEngine
  readonly settings?: ArchiveSettings | undefined
  /** Where the log is that of a group of regions with strong consistency. */
  readonly of?: OfGroup
}

export type OfGroup = {
  readonly shared: SharedLog
  /** The region's own engine remembers restores and exports. */
  readonly region: Sources
  /** A replica that takes the state of another region has rows of several moments at first. */
  readonly isWhole: () => boolean
  /** Resolves with a time: all that was committed up to it is in the log, and all that follows is later. Rejects where the others cannot be asked. */
  readonly settledMs: () => Promise<number>
}

/** Between two looks at what the window has left behind. */
const dropEveryMs = 10 * 60 * 1000

export class Archiver implements Service {
  readonly #env: ArchiverEnv
  readonly #engine: ArchiverEngine
  readonly #settings: ArchiveSettings
  readonly #of: OfGroup | undefined
  readonly #bases: Bases
  readonly #retries: Retries
  #gatherer: LogGatherer | undefined
  #running: Promise<void> | undefined
  #stopped = false
  #seen = -1
  #droppedMs = -Infinity
  #cancel = (): void => undefined
  #release = (): void => undefined
  #unsubscribe = (): void => undefined

  constructor({ env, engine, settings = usualArchive, of }: ArchiverDeps) {
    this.#env = env
    this.#engine = engine
    this.#settings = settings
    this.#of = of
    this.#bases = new Bases({ env, engine, sources: () => this.#sources(), group: of?.shared.group })
    this.#retries = new Retries(env)
  }

  start(): void {
    const { retention } = this.#engine
    this.#release = retention.hold({
      name: 'archive',
      needs: () => ({ after: this.#needs() }),
      caps: () => ({ bytesMax: this.#settings.heldBytesMax }),
    })
    this.#unsubscribe = this.#engine.onFlushed(() => {
      if (this.#engine.tableChanges.count !== this.#seen) this.#look()
    })
    this.#look()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#unsubscribe()
    this.#cancel()
    await this.#running
    longestOf(this.#of?.region ?? this.#engine, this, 0)
    this.#release()
  }

  #needs(): number {
    // Also once no table has recovery, until that is noted: one may have it again before, and the archive goes on from there. So it does from a
    // place that is not noted yet.
    const place = this.#ofThisLog(this.#noted()) ?? this.#gatherer?.cursor
    if (place !== undefined) return place.position
    if (this.#bases.wanted().size === 0) return this.#engine.flushed()
    return Math.min(...this.#bases.recovering().map(({ recovery }) => recovery.after))
  }

  #noted(): ArchiveCursor | undefined {
    return this.#engine.note(cursorNote) as ArchiveCursor | undefined
  }

  /** A replica that has taken the state of another region has a note of its former log, whose positions are others. */
  #ofThisLog(noted: ArchiveCursor | undefined): ArchiveCursor | undefined {
    return noted?.log === this.#of?.shared.log ? noted : undefined
  }

  #sources(): readonly PastSource[] {
    const all = sourcesUnderWay(this.#of?.region ?? this.#engine, this.#env.clock.wallMs())
    return all.filter(({ shared }) => shared?.group === this.#of?.shared.group)
  }

  #look(): void {
    if (this.#stopped || this.#running !== undefined) return
    this.#seen = this.#engine.tableChanges.count
    this.#cancel()
    if (!this.#hasWork()) return
    this.#running = this.#run()
      .catch((error: unknown) => {
        if (!this.#stopped) this.#retries.note('archive', error, 'the archive of the log waits')
      })
      .finally(() => {
        this.#running = undefined
        this.#measure()
        if (!this.#stopped) this.#cancel = this.#env.clock.after(this.#settings.everyMs, () => this.#look())
      })
  }

  /** Something to archive, or an archive to end: one that has begun without a note of it too. */
  #hasWork(): boolean {
    return this.#bases.wanted().size > 0 || this.#noted() !== undefined || this.#gatherer !== undefined
  }

  async #run(): Promise<void> {
    const isStopped = (): boolean => this.#stopped
    const wanted = this.#bases.wanted()
    if (this.#of?.isWhole() === false) return
    const gatherer = (this.#gatherer ??= await this.#begin())
    if (wanted.size === 0) return await this.#end(gatherer.cursor)
    if (!this.#goesOn(gatherer.cursor)) return await this.#beginAgain(gatherer.cursor)
    const settledMs = this.#isAwaited(gatherer) ? await this.#settled() : undefined
    await gatherer.readOn(() => this.#bases.wanted(), isStopped)
    if (isStopped()) return
    if (settledMs !== undefined) gatherer.settle(settledMs)
    if (this.#isDue(gatherer)) await gatherer.publish()
    await this.#bases.begin()
    await this.#drop(gatherer.cursor)
  }

  async #settled(): Promise<number | undefined> {
    try {
      return await this.#of?.settledMs()
    } catch (error) {
      if (!this.#stopped)
        this.#retries.note('archive', error, 'a restore or an export waits for the group of its table')
      return undefined
    }
  }

  /** Also after a failure: it is then that the lag grows. */
  #measure(): void {
    const gatherer = this.#gatherer
    const waits = gatherer?.hasRead === true && this.#bases.wanted().size > 0
    const longest = longestOf(this.#of?.region ?? this.#engine, this, waits ? gatherer.ageMs : 0)
    this.#env.meter.gauge('longitude_archive_lag_seconds', longest / 1000)
  }

  /** Where the last process has come to; at first, before the first base. */
  async #begin(): Promise<LogGatherer> {
    const deps = { env: this.#env, engine: this.#engine }
    const noted = this.#noted()
    if (noted === undefined) return new LogGatherer(deps, this.#first())
    if (this.#ofThisLog(noted) === undefined) return new LogGatherer(deps, await this.#forget(noted))
    await this.#bases.dropUnnoted(noted)
    return new LogGatherer(deps, noted)
  }

  /** What was archived goes on nowhere: the replica has another log, with other positions. */
  async #forget(cursor: ArchiveCursor): Promise<ArchiveCursor> {
    const { group = '' } = this.#of?.shared ?? {}
    const event = 'the log of a group of regions was lost with its replica: point-in-time recovery begins again'
    this.#env.log.error(event, { group })
    this.#env.meter.count('longitude_archive_behind_total')
    await this.#bases.forget()
    await this.#bases.dropSegments({ ...cursor, position: Infinity })
    const next = this.#first()
    await this.#engine.setNote(cursorNote, next)
    return next
  }

  #first(): ArchiveCursor {
    const position = Math.min(this.#engine.flushed(), ...this.#bases.recovering().map(({ recovery }) => recovery.after))
    const log = this.#of === undefined ? {} : { log: this.#of.shared.log }
    return { archive: this.#env.random.uuid(), position, segmentsTo: position, coveredMs: 0, ...log }
  }

  #goesOn({ position }: ArchiveCursor): boolean {
    try {
      this.#engine.retention.check('the archive', position)
      return true
    } catch (error) {
      if (!(error instanceof TooFarBehind)) throw error
      this.#env.log.error('the log was trimmed before it was archived: point-in-time recovery begins again', {
        error: error.message,
      })
      return false
    }
  }

  async #beginAgain(before: ArchiveCursor): Promise<void> {
    const position = this.#engine.flushed()
    this.#env.meter.count('longitude_archive_behind_total')
    for (const table of this.#bases.recovering()) await this.#bases.restart(table)
    const cursor: ArchiveCursor = { ...before, position, segmentsTo: position }
    await this.#engine.setNote(cursorNote, cursor)
    this.#gatherer = undefined
  }

  /** No table has recovery any more. */
  async #end(cursor: ArchiveCursor): Promise<void> {
    await this.#bases.dropBases()
    await this.#bases.dropSegments({ ...cursor, position: Infinity })
    await this.#engine.setNote(cursorNote, undefined)
    this.#gatherer = undefined
  }

  #isDue(gatherer: LogGatherer): boolean {
    const { segmentMs } = this.#settings
    return this.#isAwaited(gatherer) || (gatherer.hasRead && gatherer.ageMs >= segmentMs)
  }

  #isAwaited({ cursor }: LogGatherer): boolean {
    return this.#sources().some(({ atMs }) => atMs > cursor.coveredMs)
  }

  async #drop(cursor: ArchiveCursor): Promise<void> {
    const nowMs = this.#env.clock.monotonicMs()
    if (nowMs - this.#droppedMs < dropEveryMs) return
    await this.#bases.dropBases()
    await this.#bases.dropSegments(cursor)
    this.#droppedMs = nowMs
  }
}

/** Of one region: how long what each of its archivers has read waits to be archived. */
const waiting = new WeakMap<object, Map<object, number>>()

/** Those of groups have the same store of blobs, and one gauge. */
function longestOf(region: object, archiver: object, ageMs: number): number {
  const all = waiting.get(region) ?? new Map<object, number>()
  waiting.set(region, all)
  if (ageMs === 0) all.delete(archiver)
  else all.set(archiver, ageMs)
  return Math.max(0, ...all.values())
}
