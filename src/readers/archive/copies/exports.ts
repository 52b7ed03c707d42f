/**
 * Exports tables to buckets. The table is read as it was at a moment, from the archive of point-in-time recovery (past-rows.ts). A data file is noted
 * once it is written, with the last key in it; the manifests come last. A process that goes on after another begins after that key, and writes files
 * of the same names again.
 */
import { BlobUnusable } from '../../../core/archive/sealed-blob.ts'
import { type CopyFailure, type ExportJob, exportsUnderWay } from '../../../core/copies/copy-job.ts'
import { dataFileLine, dataKey, exportKey, summaryKey, summaryText } from '../../../core/copies/export-files.ts'
import { exportFilter, type ItemFilter } from '../../../core/copies/export-filter.ts'
import { filteredRow, fullLine, incrementalLine, type PastRow } from '../../../core/copies/export-lines.ts'
import { exportFileBytes, packedAtOnceBytes } from '../../../core/limits/copy-limits.ts'
import type { Engine } from '../../../engine/engine.ts'
import type { Blobs } from '../../../ports/blobs.ts'
import { BucketRefused, type Buckets } from '../../../ports/buckets.ts'
import type { Env } from '../../../ports/env.ts'
import type { Packing } from '../../../ports/packing.ts'
import type { Service } from '../../../ports/service.ts'
import { isToRead, readyFor } from '../archived.ts'
import type { ArchiveJob, Jobs } from '../archive-jobs.ts'
import { bucketNamed, copyJobs } from './copy-jobs.ts'
import { pastRows } from '../past-rows.ts'

export type ExportArns = (job: ExportJob) => { readonly exportArn: string; readonly tableArn: string }

export type ExportsDeps = {
  readonly env: Pick<Env, 'blobs' | 'clock' | 'log' | 'meter'>
  readonly engine: Pick<Engine, 'archive' | 'note' | 'setNote' | 'onFlushed' | 'pace'>
  readonly buckets: Buckets
  readonly packing: Packing
  readonly arnsOf: ExportArns
}

type Stopped = () => boolean

export class Exports implements Service {
  readonly #deps: ExportsDeps
  readonly #jobs: Jobs

  constructor(deps: ExportsDeps) {
    this.#deps = deps
    const { env, engine } = deps
    this.#jobs = copyJobs({ env, engine, work: 'export', underWay: exportsUnderWay, jobs: () => this.#owed() })
  }

  start(): void {
    this.#jobs.start()
  }

  async stop(): Promise<void> {
    await this.#jobs.stop()
  }

  #owed(): readonly ArchiveJob[] {
    return exportsUnderWay(this.#deps.engine.archive.copies())
      .filter((job) => isToRead(this.#deps.engine, job) || this.#bucketOf(job) === undefined)
      .map(({ id }) => ({ name: id, run: (isStopped: Stopped) => this.#run(id, isStopped) }))
  }

  #bucketOf({ bucket }: ExportJob): Blobs | undefined {
    return this.#deps.buckets.bucket(bucket)
  }

  async #run(id: string, isStopped: Stopped): Promise<void> {
    const job = this.#deps.engine.archive.copy(id)
    if (job?.kind !== 'export' || job.status !== 'IN_PROGRESS') return
    try {
      await this.#export(job, bucketNamed(this.#deps.buckets, job.bucket), isStopped)
    } catch (error) {
      const failure = failureOf(error)
      if (failure === undefined) throw error
      await this.#fail(job, failure)
    }
  }

  async #export(job: ExportJob, bucket: Blobs, isStopped: Stopped): Promise<void> {
    if (job.progress.files === 0) await bucket.put(exportKey(job, '_started'), Buffer.alloc(0))
    const file = new DataFile(job, this.#deps.packing)
    const { pace } = this.#deps.engine
    const rows = this.#rows(job)
    let now = job
    while (await pace.turn(() => this.#addSome(file, rows))) {
      if (isStopped()) return void (await rows.return(undefined))
      if (file.isFull) now = await pace.turn(() => this.#publish(now, file, bucket))
    }
    if (isStopped()) return
    // An export has a file at least, also where nothing is in it.
    if (file.items > 0 || now.progress.files === 0) now = await this.#publish(now, file, bucket)
    await this.#finish(now, bucket)
  }

  /** One step; false where nothing follows. */
  async #addSome(file: DataFile, rows: AsyncIterator<readonly PastRow[]>): Promise<boolean> {
    const { value: some, done: isOver } = await rows.next()
    if (isOver === true) return false
    await file.add(some)
    if (this.#deps.engine.pace.isShared) await file.packed()
    return true
  }

  #rows(job: ExportJob): AsyncGenerator<readonly PastRow[]> {
    const ready = readyFor(this.#deps.engine, job)
    if (ready === undefined) throw new Error('the archive has not come so far')
    const { after, base, segment } = job.progress
    const place = {
      after: after === undefined ? undefined : Buffer.from(after, 'base64'),
      segment: base === ready.base.id ? segment : 0,
    }
    const { of, table, atMs, window } = job
    return pastRows(this.#deps.env, { ...ready, of, key: table.key, atMs, fromMs: window?.fromMs ?? 0 }, place)
  }

  async #publish(job: ExportJob, file: DataFile, bucket: Blobs): Promise<ExportJob> {
    const { packing, engine } = this.#deps
    const { files, items, bytes } = job.progress
    const name = packing.md5(Buffer.from(`${job.id}/${files}`)).toString('hex')
    const key = dataKey(job, name)
    const { content, last } = await file.take()
    await bucket.put(key, content)
    const line = dataFileLine({ items: file.takenItems, md5: packing.md5(content), key })
    await engine.setNote(fileNote(job, files), line)
    const base = readyFor(engine, job)?.base.id
    const next: ExportJob = {
      ...job,
      progress: {
        files: files + 1,
        items: items + file.takenItems,
        bytes: bytes + file.takenBytes,
        segment: last?.segment ?? 0,
        ...(last === undefined ? {} : { after: last.key().toString('base64') }),
        ...(base === undefined ? {} : { base }),
      },
    }
    await engine.archive.putCopy(next)
    return next
  }

  async #finish(job: ExportJob, bucket: Blobs): Promise<void> {
    const { env, engine } = this.#deps
    const lines = Array.from({ length: job.progress.files }, (_, at) => `${String(engine.note(fileNote(job, at)))}\n`)
    const endedMs = env.clock.wallMs()
    await this.#putWithSum(bucket, exportKey(job, 'manifest-files'), lines.join(''))
    await this.#putWithSum(
      bucket,
      summaryKey(job).replace(/\.json$/, ''),
      summaryText(job, this.#deps.arnsOf(job), endedMs),
    )
    await engine.archive.putCopy({ ...job, status: 'COMPLETED', endedMs })
    await this.#forgetFiles(job)
    env.log.info('table exported', { export: job.id, table: job.table.name, items: job.progress.items })
  }

  async #putWithSum(bucket: Blobs, key: string, text: string): Promise<void> {
    const content = Buffer.from(text)
    await bucket.put(`${key}.json`, content)
    await bucket.put(`${key}.md5`, Buffer.from(this.#deps.packing.md5(content).toString('base64')))
  }

  async #fail(job: ExportJob, failure: CopyFailure): Promise<void> {
    const { env, engine } = this.#deps
    const now = engine.archive.copy(job.id)
    const last = now?.kind === 'export' ? now : job
    env.log.error('an export has failed', { export: job.id, table: job.table.name, ...failure })
    await engine.archive.putCopy({ ...last, status: 'FAILED', endedMs: env.clock.wallMs(), failure })
    await this.#forgetFiles(last)
  }

  async #forgetFiles(job: ExportJob): Promise<void> {
    for (let at = 0; at < job.progress.files; at++) await this.#deps.engine.setNote(fileNote(job, at), undefined)
  }
}

const fileNote = ({ id }: ExportJob, file: number): string => `copies/${id}/${file}`

function failureOf(error: unknown): CopyFailure | undefined {
  if (error instanceof BucketRefused) return { code: error.code, message: error.message }
  if (error instanceof BlobUnusable) return { code: 'InternalServerError', message: error.message }
  return undefined
}

/** Lines of a data file, packed as they come: one part is being packed while the next is gathered. */
class DataFile {
  readonly #job: ExportJob
  readonly #packing: Packing
  readonly #filter: ItemFilter | undefined
  #members: Buffer[] = []
  #parts: Buffer[] = []
  #partBytes = 0
  #bytes = 0
  #items = 0
  #last: PastRow | undefined
  #underWay: Promise<void> = Promise.resolve()
  takenItems = 0
  takenBytes = 0

  constructor(job: ExportJob, packing: Packing) {
    this.#job = job
    this.#packing = packing
    this.#filter = job.filter === undefined ? undefined : exportFilter(job.filter, job.table.key)
  }

  get items(): number {
    return this.#items
  }

  get isFull(): boolean {
    return this.#bytes >= exportFileBytes
  }

  async add(rows: readonly PastRow[]): Promise<void> {
    for (const row of rows) this.#addRow(row)
    if (this.#partBytes >= packedAtOnceBytes) await this.#pack()
  }

  /** Nothing is being packed. */
  async packed(): Promise<void> {
    await this.#underWay
  }

  async take(): Promise<{ readonly content: Buffer; readonly last: PastRow | undefined }> {
    await this.packed()
    if (this.#partBytes > 0 || this.#members.length === 0) await this.#pack()
    await this.packed()
    const content = Buffer.concat(this.#members)
    this.takenItems = this.#items
    this.takenBytes = this.#bytes
    this.#members = []
    this.#bytes = 0
    this.#items = 0
    return { content, last: this.#last }
  }

  #addRow(row: PastRow): void {
    this.#last = row
    const parts = this.#lineOf(row)
    if (parts === undefined) return
    this.#items++
    for (const part of parts) {
      this.#parts.push(part)
      this.#partBytes += part.length
      this.#bytes += part.length
    }
  }

  /** Begins once the part before is packed. */
  async #pack(): Promise<void> {
    await this.packed()
    const parts = this.#parts
    this.#parts = []
    this.#partBytes = 0
    this.#underWay = this.#packing.gzip(parts).then((member) => void this.#members.push(member))
    // `packed` throws it.
    this.#underWay.catch(() => undefined)
  }

  #lineOf(whole: PastRow): readonly Buffer[] | undefined {
    const { window, table, format } = this.#job
    const row = this.#filter === undefined ? whole : filteredRow(whole, this.#filter)
    if (window !== undefined) return incrementalLine(row, { key: table.key, view: window.view, format })
    return row.now === undefined ? undefined : fullLine(row.now, format)
  }
}
