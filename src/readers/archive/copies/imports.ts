/**
 * Makes tables of objects in buckets. Every item is an ordinary write of the new table. How far an object is read is noted with the counts, so a process
 * that goes on after another writes some items again and counts none twice.
 */
import {
  type CopyFailure,
  type ImportJob,
  type ImportProgress,
  importsUnderWay,
} from '../../../core/copies/copy-job.ts'
import { rowReader } from '../../../core/copies/import-rows.ts'
import { importNotedEvery, loggedProblemsMax } from '../../../core/limits/copy-limits.ts'
import { blobNamesMax } from '../../../core/limits/archive-limits.ts'
import { tablesMax } from '../../../core/limits/limits.ts'
import type { RegisterValues } from '../../../core/table/registers.ts'
import type { Table } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'
import { oneAtATime, withinTables } from '../../../engine/one-at-a-time.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import { BucketRefused, type Buckets } from '../../../ports/buckets.ts'
import type { Env } from '../../../ports/env.ts'
import type { Packing } from '../../../ports/packing.ts'
import type { Service } from '../../../ports/service.ts'
import { ImportWriter } from './import-writer.ts'
import type { ArchiveJob, Jobs } from '../archive-jobs.ts'
import { bucketNamed, copyJobs } from './copy-jobs.ts'
import { objectRows } from './object-rows.ts'
import { pacedSteps } from './paced-steps.ts'

export type ImportsDeps = {
  readonly env: Pick<Env, 'clock' | 'log' | 'meter'>
  readonly engine: Pick<
    Engine,
    | 'archive'
    | 'tables'
    | 'tableChanges'
    | 'tableNamed'
    | 'tableWithId'
    | 'define'
    | 'commitEach'
    | 'onFlushed'
    | 'pace'
  >
  readonly buckets: Buckets
  readonly packing: Packing
}

type Stopped = () => boolean

/** The import has failed, for a reason that AWS has a code for. */
class ImportFailed extends Error {
  readonly failure: CopyFailure

  constructor(failure: CopyFailure) {
    super(failure.message)
    this.failure = failure
  }
}

export class Imports implements Service {
  readonly #deps: ImportsDeps
  readonly #jobs: Jobs

  constructor(deps: ImportsDeps) {
    this.#deps = deps
    const { env, engine } = deps
    this.#jobs = copyJobs({ env, engine, work: 'import', underWay: importsUnderWay, jobs: () => this.#owed() })
  }

  start(): void {
    this.#jobs.start()
  }

  async stop(): Promise<void> {
    await this.#jobs.stop()
  }

  #owed(): readonly ArchiveJob[] {
    return importsUnderWay(this.#deps.engine.archive.copies())
      .filter((job) => job.progress.isRead !== true || this.#tableOf(job)?.status !== 'CREATING')
      .map(({ id }) => ({ name: id, run: (isStopped: Stopped) => this.#run(id, isStopped) }))
  }

  #tableOf({ table }: ImportJob): Table | undefined {
    return this.#deps.engine.tableWithId(table)
  }

  async #run(id: string, isStopped: Stopped): Promise<void> {
    const job = this.#jobOf(id)
    if (job?.status !== 'IN_PROGRESS') return
    try {
      if (job.progress.isRead === true) await this.#end(job, failureIn(job))
      else await this.#import(job, isStopped)
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      await this.#giveUp(this.#jobOf(id) ?? job, failure)
    }
  }

  #jobOf(id: string): ImportJob | undefined {
    const job = this.#deps.engine.archive.copy(id)
    return job?.kind === 'import' ? job : undefined
  }

  async #import(job: ImportJob, isStopped: Stopped): Promise<void> {
    const bucket = bucketNamed(this.#deps.buckets, job.bucket)
    // Also where nothing is in it: a bucket that cannot be read makes no table.
    let names = await bucket.list(job.prefix ?? '', job.progress.object, blobNamesMax)
    const table = await this.#makeTable(job)
    let now = this.#jobOf(job.id) ?? job
    if (now.progress.object !== '') now = await this.#object(now, { bucket, table, isStopped })
    for (; names.length > 0; names = await bucket.list(job.prefix ?? '', names.at(-1) ?? '', blobNamesMax)) {
      for (const object of names) {
        if (isStopped()) return
        now = await this.#object(this.#at(now, { object, line: 0 }), { bucket, table, isStopped })
      }
    }
    if (!isStopped()) await this.#finish(this.#at(now, { isRead: true }))
  }

  #at(job: ImportJob, progress: Partial<ImportProgress>): ImportJob {
    return { ...job, progress: { ...job.progress, ...progress } }
  }

  async #makeTable(job: ImportJob): Promise<Table> {
    const { engine, env } = this.#deps
    const known = this.#tableOf(job)
    if (known !== undefined) return known
    await oneAtATime(engine, job.name, async () => {
      if (engine.tableNamed(job.name) !== undefined) throw new ImportFailed(taken(job.name))
      const value: RegisterValues['local/restore'] = { importOf: job.id, tableArn: '', atMs: env.clock.wallMs() }
      const edits = [...job.registers, { register: 'local/restore', value }]
      const isMade = await withinTables(engine, tablesMax, async () => {
        await engine.define(job.table, edits)
        return true
      })
      if (isMade !== true)
        throw new ImportFailed({ code: 'LimitExceededException', message: 'There are too many tables' })
    })
    const made = this.#tableOf(job)
    if (made === undefined) throw new Error('the table was removed while it was made')
    return made
  }

  async #object(job: ImportJob, { bucket, table, isStopped }: Reading): Promise<ImportJob> {
    const { engine, packing } = this.#deps
    const { object, line: skipped } = job.progress
    if (skipped === allLines) return job
    const writer = new ImportWriter({ engine }, table, (problem) => this.#log(job, problem))
    let now = job
    let bytes = 0
    let noted = skipped
    const rows = objectRows(bucket, {
      object,
      format: job.format,
      unpack: unpackerOf(job, packing),
      read: rowReader(job, table),
      skipped,
      onBytes: (count) => (bytes = count),
    })
    for await (const some of pacedSteps(engine.pace, rows))
      for (const { row, line } of some) {
        const written = writer.add(row)
        if (written !== undefined) await written
        if (isStopped()) return now
        if (line - noted < importNotedEvery) continue
        now = await this.#note(now, writer, { object, line })
        noted = line
      }
    return await this.#note(now, writer, { object, line: allLines, bytes: job.progress.bytes + bytes })
  }

  async #note(job: ImportJob, writer: ImportWriter, progress: Partial<ImportProgress>): Promise<ImportJob> {
    await writer.flush()
    const { imported, errors } = writer.take()
    const { progress: before } = job
    const next = this.#at(job, {
      ...progress,
      imported: before.imported + imported,
      errors: before.errors + errors,
    })
    await this.#deps.engine.archive.putCopy(next)
    return next
  }

  #log({ id, name, progress }: ImportJob, problem: string): void {
    if (progress.errors < loggedProblemsMax)
      this.#deps.env.log.warn('an item is not imported', { import: id, table: name, object: progress.object, problem })
  }

  async #finish(job: ImportJob): Promise<void> {
    await this.#deps.engine.archive.putCopy(job)
    await this.#fillDone(job)
  }

  /** The table may become ACTIVE; then the import ends. */
  async #fillDone(job: ImportJob): Promise<void> {
    const table = this.#tableOf(job)
    if (table?.restore === undefined || table.restore.isDone === true) return
    const value: RegisterValues['local/restore'] = { ...table.restore, isDone: true }
    await this.#deps.engine.define(table.id, [{ register: 'local/restore', value }])
  }

  /** Of a table that is there already, the rows stay. */
  async #giveUp(job: ImportJob, failure: CopyFailure): Promise<void> {
    await this.#fillDone(job)
    await this.#end(job, failure)
  }

  async #end(job: ImportJob, failure: CopyFailure | undefined): Promise<void> {
    const { env, engine } = this.#deps
    const { id, name, progress } = job
    // A process that ended before the table was told.
    await this.#fillDone(job)
    const ended = { endedMs: env.clock.wallMs(), status: failure === undefined ? 'COMPLETED' : 'FAILED' } as const
    await engine.archive.putCopy({ ...job, ...ended, ...(failure === undefined ? {} : { failure }) })
    const counts = { import: id, table: name, imported: progress.imported, errors: progress.errors }
    if (failure === undefined) env.log.info('table imported', counts)
    else env.log.error('an import has failed', { ...counts, ...failure })
  }
}

/** The object is read. */
const allLines = -1

type Reading = { readonly bucket: Blobs; readonly table: Table; readonly isStopped: Stopped }

const unpackerOf = ({ compression }: ImportJob, packing: Packing) =>
  compression === 'NONE' ? undefined : packing.unpacker(compression)

const taken = (name: string): CopyFailure => ({ code: 'TableAlreadyExists', message: `Table already exists: ${name}` })

const failureIn = ({ progress }: ImportJob): CopyFailure | undefined =>
  progress.errors === 0
    ? undefined
    : {
        code: 'ItemValidationError',
        message:
          'Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.',
      }

function failureOf(error: unknown): CopyFailure | undefined {
  if (error instanceof BucketRefused) return { code: error.code, message: error.message }
  return error instanceof ImportFailed ? error.failure : undefined
}
