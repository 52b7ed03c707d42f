/**
 * Archives the log for point-in-time recovery. It reads the region's log with a durable cursor and holds the log until it is archived. A store of blobs
 * that fails for long makes the hold reach its cap; then the history of every table begins again, with a new base. While no table has recovery, and the
 * archive has noted so, nothing runs and nothing is held.
 */
import { archiveEveryMs, archiveHeldBytesMax, archiveLookMs } from '../../core/limits/archive-limits.ts'
import { type ArchiveCursor, cursorNote } from '../../core/archive/recovery.ts'
import type { Engine } from '../../engine/engine.ts'
import { TooFarBehind } from '../../engine/log/hold.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { Retries } from '../retries.ts'
import { sourcesUnderWay } from './archived.ts'
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

/** Between two looks at what the window has left behind. */
const dropEveryMs = 10 * 60 * 1000

export class Archiver implements Service {
  readonly #env: ArchiverEnv
  readonly #engine: Engine
  readonly #settings: ArchiveSettings
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

  constructor(env: ArchiverEnv, engine: Engine, settings: ArchiveSettings = usualArchive) {
    this.#env = env
    this.#engine = engine
    this.#settings = settings
    this.#bases = new Bases({ env, engine })
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
    this.#release()
  }

  #needs(): number {
    // Also once no table has recovery, until that is noted: one may have it again before, and the archive goes on from there. So it does from a
    // place that is not noted yet.
    const place = this.#noted() ?? this.#gatherer?.cursor
    if (place !== undefined) return place.position
    if (this.#bases.wanted().size === 0) return this.#engine.flushed()
    return Math.min(...this.#bases.recovering().map(({ recovery }) => recovery.after))
  }

  #noted(): ArchiveCursor | undefined {
    return this.#engine.note(cursorNote) as ArchiveCursor | undefined
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
    const gatherer = (this.#gatherer ??= await this.#begin())
    if (wanted.size === 0) return await this.#end(gatherer.cursor)
    if (!this.#goesOn(gatherer.cursor)) return await this.#beginAgain(gatherer.cursor)
    await gatherer.readOn(() => this.#bases.wanted(), isStopped)
    if (isStopped()) return
    if (this.#isDue(gatherer)) await gatherer.publish()
    await this.#bases.begin()
    await this.#drop(gatherer.cursor)
  }

  /** Also after a failure: it is then that the lag grows. */
  #measure(): void {
    const gatherer = this.#gatherer
    const waits = gatherer?.hasRead === true && this.#bases.wanted().size > 0
    this.#env.meter.gauge('longitude_archive_lag_seconds', waits ? gatherer.ageMs / 1000 : 0)
  }

  /** Where the last process has come to; at first, before the first base. */
  async #begin(): Promise<LogGatherer> {
    const noted = this.#noted()
    if (noted !== undefined) await this.#bases.dropUnnoted(noted)
    return new LogGatherer({ env: this.#env, engine: this.#engine }, noted ?? this.#first())
  }

  #first(): ArchiveCursor {
    const position = Math.min(this.#engine.flushed(), ...this.#bases.recovering().map(({ recovery }) => recovery.after))
    return { archive: this.#env.random.uuid(), position, segmentsTo: position, coveredMs: 0 }
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

  async #beginAgain({ archive, coveredMs }: ArchiveCursor): Promise<void> {
    const position = this.#engine.flushed()
    this.#env.meter.count('longitude_archive_behind_total')
    for (const table of this.#bases.recovering()) await this.#bases.restart(table)
    const cursor: ArchiveCursor = { archive, position, segmentsTo: position, coveredMs }
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
    const waits = sourcesUnderWay(this.#engine, this.#env.clock.wallMs()).some(
      ({ atMs }) => atMs > gatherer.cursor.coveredMs,
    )
    return waits || (gatherer.hasRead && gatherer.ageMs >= segmentMs)
  }

  async #drop(cursor: ArchiveCursor): Promise<void> {
    const nowMs = this.#env.clock.monotonicMs()
    if (nowMs - this.#droppedMs < dropEveryMs) return
    await this.#bases.dropBases()
    await this.#bases.dropSegments(cursor)
    this.#droppedMs = nowMs
  }
}
