/**
 * Puts items of buckets into tables that are there, as ordinary writes: they replicate, fill indexes and show in streams. How far an object is read is noted
 * with the counts, after the reports up to there are written. A process that goes on after another puts some items again.
 */
import { blobNamesMax } from '../../../core/limits/archive-limits.ts'
import { bulkRowReader } from '../../../core/copies/bulk-rows.ts'
import {
  type BulkJob,
  type BulkProgress,
  type BulkReport,
  bulksUnderWay,
  type CopyFailure,
} from '../../../core/copies/copy-job.ts'
import { bulkKey } from '../../../core/copies/export-files.ts'
import { bulkNotedEvery } from '../../../core/limits/copy-limits.ts'
import { ServiceError } from '../../../core/errors.ts'
import type { Table } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import { oneAtATime } from '../../../engine/one-at-a-time.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import { BucketRefused, type Buckets } from '../../../ports/buckets.ts'
import type { Env } from '../../../ports/env.ts'
import type { Packing } from '../../../ports/packing.ts'
import type { Service } from '../../../ports/service.ts'
import { BulkWriter } from './bulk-writer.ts'
import { bucketNamed, copyJobs } from './copy-jobs.ts'
import type { ArchiveJob, Jobs } from '../archive-jobs.ts'
import { objectRows } from './object-rows.ts'
import { pacedSteps } from './paced-steps.ts'

type BulkPutsDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly engine: Pick<
    Engine,
    | 'archive'
    | 'tables'
    | 'tableChanges'
    | 'tableNamed'
    | 'tableWithId'
    | 'commitEach'
    | 'onFlushed'
    | 'region'
    | 'pace'
  >
  readonly buckets: Buckets
  readonly packing: Packing
}

type Stopped = () => boolean

/** The object is read. */
const allLines = -1

class BulkFailed extends Error {
  readonly failure: CopyFailure

  constructor(code: string, message: string) {
    super(message)
    this.failure = { code, message }
  }
}

export class BulkPuts implements Service {
  readonly #deps: BulkPutsDeps
  readonly #jobs: Jobs

  constructor(deps: BulkPutsDeps) {
    this.#deps = deps
    const { env, engine } = deps
    this.#jobs = copyJobs({ env, engine, work: 'bulk put', underWay: bulksUnderWay, jobs: () => this.#owed() })
  }

  start(): void {
    this.#jobs.start()
  }

  async stop(): Promise<void> {
    await this.#jobs.stop()
  }

  #owed(): readonly ArchiveJob[] {
    return bulksUnderWay(this.#deps.engine.archive.copies()).map(({ id }) => ({
      name: id,
      run: (isStopped: Stopped) => this.#run(id, isStopped),
    }))
  }

  #jobOf(id: string): BulkJob | undefined {
    const job = this.#deps.engine.archive.copy(id)
    return job?.kind === 'bulk' ? job : undefined
  }

  async #run(id: string, isStopped: Stopped): Promise<void> {
    const job = this.#jobOf(id)
    if (job === undefined) return
    try {
      await new Run(this.#deps, job, isStopped).all()
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      await this.#fail(id, failure)
    }
  }

  async #fail(id: string, failure: CopyFailure): Promise<void> {
    const { env, engine } = this.#deps
    const job = this.#jobOf(id)
    if (job === undefined) return
    env.log.error('a bulk put has failed', { bulkPut: id, table: job.name, ...failure })
    await engine.archive.putCopy({ ...job, status: 'FAILED', endedMs: env.clock.wallMs(), failure })
  }
}

class Run {
  readonly #deps: BulkPutsDeps
  readonly #table: Table
  readonly #input: Blobs
  readonly #output: Blobs
  readonly #writer: BulkWriter
  readonly #isStopped: Stopped
  #job: BulkJob

  constructor(deps: BulkPutsDeps, job: BulkJob, isStopped: Stopped) {
    const { engine, env, buckets } = deps
    const table = engine.tableWithId(job.table)
    if (table === undefined) throw new BulkFailed('ResourceNotFoundException', `Table: ${job.name} not found`)
    const writers = table.settings.writers
    if (writers !== undefined && !writers.includes(engine.region.name))
      throw new BulkFailed('AccessDeniedException', `Table ${job.name} is written in ${writers.join(', ')} only`)
    this.#deps = deps
    this.#job = job
    this.#table = table
    this.#isStopped = isStopped
    this.#input = bucketNamed(buckets, job.bucket)
    this.#output = bucketNamed(buckets, job.output.bucket)
    const of = { engine, clock: env.clock, types: job.output.types, unitsMax: job.unitsMax }
    this.#writer = new BulkWriter(of, table)
  }

  get #isOver(): boolean {
    const { engine } = this.#deps
    return this.#isStopped() || engine.archive.copy(this.#job.id)?.status === 'CANCELLING'
  }

  async all(): Promise<void> {
    const { prefix = '' } = this.#job
    const { object, line } = this.#job.progress
    if (object !== '' && line !== allLines) await this.#object(object, line)
    for (let names = await this.#list(prefix, object); names.length > 0;) {
      for (const name of names) {
        if (this.#isOver) break
        await this.#object(name, 0)
      }
      if (this.#isOver) break
      names = await this.#list(prefix, names.at(-1) ?? '')
    }
    if (!this.#isStopped()) await this.#end()
  }

  async #list(prefix: string, after: string): Promise<readonly string[]> {
    return await this.#input.list(prefix, after, blobNamesMax)
  }

  async #object(object: string, skipped: number): Promise<void> {
    const { packing } = this.#deps
    const { compression, format, progress } = this.#job
    let [bytes, noted] = [0, skipped]
    const rows = objectRows(this.#input, {
      object,
      format,
      unpack: compression === 'NONE' ? undefined : packing.unpacker(compression),
      read: bulkRowReader(this.#job, this.#table),
      skipped,
      onBytes: (count) => (bytes = count),
    })
    for await (const some of pacedSteps(this.#deps.engine.pace, rows))
      for (const at of some) {
        if (this.#isOver) return await this.#note({ object, line: Math.max(skipped, at.line - 1) })
        await this.#writer.add(object, at)
        if (at.line - noted < bulkNotedEvery && !this.#writer.isFull) continue
        await this.#note({ object, line: at.line })
        noted = at.line
      }
    await this.#note({ object, line: allLines, bytes: progress.bytes + bytes })
  }

  async #note(place: Pick<BulkProgress, 'object' | 'line'> & Partial<BulkProgress>): Promise<void> {
    await this.#writer.flush()
    const reports = await this.#report()
    const { written, failed, refused, writtenBytes } = this.#writer.take()
    const { progress } = this.#job
    await this.#put({
      progress: {
        ...progress,
        ...place,
        reports,
        written: progress.written + written,
        failed: progress.failed + failed,
        refused: progress.refused + refused,
        writtenBytes: progress.writtenBytes + writtenBytes,
      },
    })
  }

  /** A cancellation that came meanwhile stays. */
  async #put(change: Partial<BulkJob>): Promise<void> {
    const { engine } = this.#deps
    await oneAtATime(engine, `bulk ${this.#job.id}`, async () => {
      const now = engine.archive.copy(this.#job.id)
      const status = now?.kind === 'bulk' ? now.status : this.#job.status
      this.#job = { ...this.#job, status, ...change }
      await engine.archive.putCopy(this.#job)
    })
  }

  async #report(): Promise<BulkProgress['reports']> {
    const lines = this.#writer.takeLines()
    let { reports } = this.#job.progress
    for (const type of ['ERROR', 'CONDITION_CHECK_FAILURE'] as const) {
      if (lines[type].length === 0) continue
      await this.#output.put(reportKey(this.#job, type, reports[type]), Buffer.concat(lines[type]))
      reports = { ...reports, [type]: reports[type] + 1 }
    }
    return reports
  }

  async #end(): Promise<void> {
    const { env, engine } = this.#deps
    const isCancelled = engine.archive.copy(this.#job.id)?.status === 'CANCELLING'
    const { failed } = this.#job.progress
    const status = isCancelled ? 'CANCELLED' : failed > 0 ? 'COMPLETED_WITH_ERRORS' : 'COMPLETED'
    const ended = { ...this.#job, status, endedMs: env.clock.wallMs() } as const
    await this.#output.put(bulkKey(ended, 'manifest.json'), Buffer.from(manifestOf(ended)))
    const cancelled = { code: 'OperationCancelled', message: 'The bulk operation was cancelled' }
    await this.#put({ status, endedMs: ended.endedMs, ...(isCancelled ? { failure: cancelled } : {}) })
    const { written, refused } = this.#job.progress
    env.log.info('a bulk put has ended', {
      bulkPut: this.#job.id,
      table: this.#job.name,
      status,
      written,
      failed,
      refused,
    })
  }
}

const folders = { ERROR: 'errors', CONDITION_CHECK_FAILURE: 'condition-check-failures' } as const

const reportKey = (job: BulkJob, type: BulkReport, number: number): string =>
  bulkKey(job, `${folders[type]}/${String(number).padStart(8, '0')}.json`)

function manifestOf(job: BulkJob): string {
  const { id, name, status, startedMs, endedMs = 0, progress } = job
  const { written, failed, refused, reports } = progress
  const files = (['ERROR', 'CONDITION_CHECK_FAILURE'] as const).flatMap((type) =>
    Array.from({ length: reports[type] }, (_, number) => ({ outputType: type, s3Key: reportKey(job, type, number) })),
  )
  return JSON.stringify({
    bulkOperationId: id,
    tableName: name,
    status,
    startTime: new Date(startedMs).toISOString(),
    endTime: new Date(endedMs).toISOString(),
    processedItemCount: written + failed + refused,
    failedItemCount: failed,
    conditionCheckFailureCount: refused,
    files,
  })
}

function failureOf(error: unknown): CopyFailure | undefined {
  if (error instanceof BucketRefused) return { code: error.code, message: error.message }
  if (error instanceof BulkFailed) return error.failure
  const isGone = error instanceof ServiceError && error.code === 'ResourceNotFoundException'
  return isGone ? { code: error.code, message: error.message } : undefined
}
