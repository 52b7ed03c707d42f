/**
 * Fills tables from backups, and from the archive up to a moment. Every item is an ordinary write of the new table, so indexes, counts and the log
 * follow. How far a table has come is noted after each blob; a blob that is applied twice, with all that follow, leaves the same table.
 */
import { restoredAtOnceMax, restoredBytesAtOnceMax } from '../../core/limits/archive-limits.ts'
import { type Backup, manifestName, segmentName } from '../../core/archive/backup.ts'
import { framesIn } from '../../core/archive/length-frames.ts'
import { lentMs } from '../../core/archive/archive-question.ts'
import type { ArchiveCursor, Base } from '../../core/archive/recovery.ts'
import { BlobUnusable } from '../../core/archive/sealed-blob.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { RestoreSource, Table } from '../../core/table/table.ts'
import { itemOfBody, keyOfCopied } from '../../core/write/put-of.ts'
import type { Write } from '../../core/write/write.ts'
import type { EachResult } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Blobs } from '../../ports/blobs.ts'
import type { Env } from '../../ports/env.ts'
import type { PeerArchives } from '../../ports/peer-archives.ts'
import type { Service } from '../../ports/service.ts'
import { ChangesUntil, isToRead, readBlob, readyFor, segmentsAfter } from './archived.ts'
import { type ArchiveJob, Jobs } from './archive-jobs.ts'
import { PacedWrites } from './paced-writes.ts'
import { PeerBlobs } from './peer-blobs.ts'

type RestoresEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter'>
type RestoresEngine = Pick<
  Engine,
  | 'archive'
  | 'tables'
  | 'tableWithId'
  | 'tableChanges'
  | 'define'
  | 'commitEach'
  | 'note'
  | 'setNote'
  | 'onFlushed'
  | 'pace'
>

/** What a table has by now: all segments of the base before this one, and the log up to `position`. */
type Progress = { readonly base: string; readonly segment: number; readonly position: number }

type Beginning = { readonly base: Base; readonly cursor: ArchiveCursor }

/** A backup is read without the log. */
const noCursor: ArchiveCursor = { archive: '', position: 0, segmentsTo: 0, coveredMs: 0 }
/** Between two questions whether a peer's archive has come so far. */
const peerReadyMs = 500
/** Between two questions that keep what is restored from another region. */
const lentAgainMs = lentMs / 6

type Filling = { readonly table: Table; readonly source: RestoreSource; readonly isStopped: () => boolean }

export class Restores implements Service {
  readonly #env: RestoresEnv
  readonly #engine: RestoresEngine
  readonly #archives: PeerArchives | undefined
  readonly #jobs: Jobs
  #seen = -1

  /** `archives`: of other regions. */
  /** When another region was asked last for what is restored from it: those of the last minutes. */
  readonly #askedMs = new Map<string, number>()

  constructor(env: RestoresEnv, engine: RestoresEngine, archives?: PeerArchives) {
    this.#archives = archives
    this.#env = env
    this.#engine = engine
    this.#jobs = new Jobs({
      env,
      work: 'restore',
      hasChanged: () => this.#hasChanged(),
      jobs: () => this.#owed(),
      onFlushed: (listener) => engine.onFlushed(listener),
    })
  }

  start(): void {
    this.#jobs.start()
  }

  async stop(): Promise<void> {
    await this.#jobs.stop()
  }

  /** A restore that waits for the archive looks at every flush. */
  #hasChanged(): boolean {
    const { count } = this.#engine.tableChanges
    const before = this.#seen
    this.#seen = count
    return before !== count || this.#pending().length > 0
  }

  #pending(): readonly Table[] {
    return this.#engine
      .tables()
      .filter(({ restore }) => restore !== undefined && restore.importOf === undefined && restore.isDone !== true)
  }

  #owed(): readonly ArchiveJob[] {
    return this.#pending()
      .filter(({ restore }) => restore !== undefined && this.#isReady(restore))
      .map(({ id, name }) => ({ name, run: (isStopped: () => boolean) => this.#run(id, isStopped) }))
  }

  /** Everything up to its moment is archived, and its base is copied. */
  #isReady({ logOf, after = 0, atMs, shared, region }: RestoreSource): boolean {
    // Another region is asked by the job itself.
    return logOf === undefined || region !== undefined || isToRead(this.#engine, { of: logOf, after, atMs, shared })
  }

  async #run(id: string, isStopped: () => boolean): Promise<void> {
    const table = this.#engine.tableWithId(id)
    const source = table?.restore
    if (table === undefined || source === undefined || source.isDone === true) return
    try {
      await this.#fill({ table, source, isStopped })
    } catch (error) {
      if (!(error instanceof BlobUnusable)) throw error
      await this.#giveUp(table, error)
    }
  }

  async #fill({ table, source, isStopped }: Filling): Promise<void> {
    const filling = { table, source, isStopped: () => isStopped() || this.#engine.tableWithId(table.id) === undefined }
    const from = await this.#beginning(filling)
    if (from === undefined) return
    await this.#fillFromBackup(filling, from)
    if (source.logOf !== undefined) await this.#fillFromLog(filling, from)
    if (filling.isStopped()) return
    const done: RegisterValues['local/restore'] = { ...source, isDone: true }
    await this.#engine.define(table.id, [{ register: 'local/restore', value: done }])
    await this.#engine.setNote(noteName(table), undefined)
    this.#env.log.info('table restored', { table: table.name })
  }

  /** Where the archive begins; undefined once it is stopped. */
  async #beginning({ source, isStopped }: Filling): Promise<Beginning | undefined> {
    const { logOf, after = 0, atMs, shared, backup, region } = source
    if (logOf === undefined) return { base: { id: backup ?? '', position: 0, atMs }, cursor: noCursor }
    if (region === undefined) return readyFor(this.#engine, { of: logOf, after, atMs, shared })
    while (!isStopped()) {
      const { base, cursor, lost } = await this.#peers.ask(region, { ask: 'ready', of: logOf, after, atMs, shared })
      if (lost !== undefined) throw new BlobUnusable(`of ${region}`, lost)
      if (base !== undefined && cursor !== undefined) return { base, cursor }
      await this.#env.clock.sleep(peerReadyMs)
    }
    return undefined
  }

  /** Another region keeps only for a while what it is asked for: a restore may take longer. */
  async #keepLent({ logOf: of, after = 0, atMs, shared, region }: RestoreSource): Promise<void> {
    if (of === undefined || region === undefined) return
    const nowMs = this.#env.clock.monotonicMs()
    const name = `${region}/${of}/${atMs}`
    if (nowMs - (this.#askedMs.get(name) ?? -Infinity) < lentAgainMs) return
    await this.#peers.ask(region, { ask: 'ready', of, after, atMs, shared })
    for (const [each, askedMs] of this.#askedMs) if (nowMs - askedMs >= lentAgainMs) this.#askedMs.delete(each)
    this.#askedMs.set(name, nowMs)
  }

  get #peers(): PeerArchives {
    if (this.#archives === undefined) throw new Error('other regions cannot be asked')
    return this.#archives
  }

  #blobsOf({ region }: RestoreSource): Pick<Blobs, 'get' | 'list'> {
    return region === undefined ? this.#env.blobs : new PeerBlobs(this.#peers, region)
  }

  async #fillFromBackup({ table, source, isStopped }: Filling, begins: Beginning): Promise<void> {
    const { base, segment: from, position } = this.#progress(table, begins)
    const blobs = this.#blobsOf(source)
    const manifest = JSON.parse((await readBlob(blobs, manifestName(base))).toString()) as Backup
    for (let segment = from; segment < manifest.progress.segments; segment++) {
      await this.#keepLent(source)
      const name = segmentName(base, segment)
      const content = await readBlob(blobs, name)
      await this.#apply(putsOf(table, content), name, isStopped)
      if (isStopped()) return
      await this.#note(table, { base, segment: segment + 1, position })
    }
  }

  async #fillFromLog({ table, source, isStopped }: Filling, begins: Beginning): Promise<void> {
    const blobs = this.#blobsOf(source)
    const { base, segment, position } = this.#progress(table, begins)
    const { cursor } = begins
    for await (const { name, last } of segmentsAfter(blobs, cursor, position)) {
      await this.#keepLent(source)
      const of = { table: source.logOf ?? '', atMs: source.atMs }
      const changes = new ChangesUntil(await readBlob(blobs, name), of)
      await this.#apply(writesOf(table, changes), name, isStopped)
      if (isStopped()) return
      if (changes.isLast) break
      await this.#note(table, { base, segment, position: last })
    }
  }

  #progress(table: Table, { base }: Beginning): Progress {
    const noted = this.#engine.note(noteName(table)) as Progress | undefined
    return noted ?? { base: base.id, segment: 0, position: base.position }
  }

  /** In the order of the writes. All of them are durable when it resolves. */
  async #apply(writes: Iterable<Sized>, blob: string, isStopped: () => boolean): Promise<void> {
    const paced = new PacedWrites({
      engine: this.#engine,
      cause: 'restore',
      onResults: (results) => {
        for (const result of results) if (!result.accepted) throw problemOf(result, blob)
      },
    })
    const all = batches(writes)
    while (!isStopped() && (await paced.write(() => nextOf(all))));
    await paced.drain()
  }

  async #note(table: Table, progress: Progress): Promise<void> {
    await this.#engine.setNote(noteName(table), progress)
  }

  /** The table would be CREATING for ever, and no client can delete it then. */
  async #giveUp(table: Table, error: BlobUnusable): Promise<void> {
    const { id, name } = table
    this.#env.log.error('a restore is given up, and its table removed', { table: name, error: error.message })
    this.#env.meter.count('longitude_restores_failed_total')
    const value: RegisterValues['local/status'] = { status: 'DELETING', sinceMs: this.#env.clock.wallMs() }
    await this.#engine.define(id, [{ register: 'local/status', value }])
    await this.#engine.setNote(noteName(table), undefined)
  }
}

const noteName = ({ id }: Table): string => `restore/${id}`

function problemOf(result: Exclude<EachResult, { readonly accepted: true }>, blob: string): unknown {
  if ('failed' in result) return result.failed
  const [refusal] = result.refusals
  return new BlobUnusable(blob, `an item in it is refused: ${refusal?.message}`)
}

const nextOf = <One>(steps: Iterator<One, undefined>): One | undefined => steps.next().value

/** Bounded in items and in bytes. */
function* batches(writes: Iterable<Sized>): Generator<readonly Write[], undefined> {
  let batch: Write[] = []
  let bytes = 0
  for (const { write, sizeBytes } of writes) {
    batch.push(write)
    bytes += sizeBytes
    if (batch.length < restoredAtOnceMax && bytes < restoredBytesAtOnceMax) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
  return undefined
}

type Sized = { readonly write: Write; readonly sizeBytes: number }
type Body = { readonly isDelete: boolean; readonly body: Buffer }

function* writesOf(table: Table, changes: Iterable<Body>): Generator<Sized> {
  for (const { isDelete, body } of changes) yield writeOf(table, body, isDelete)
}

function* putsOf(table: Table, segment: Buffer): Generator<Sized> {
  for (const body of framesIn(segment)) yield writeOf(table, body, false)
}

function writeOf({ id, key }: Table, body: Buffer, isDelete: boolean): Sized {
  const item = itemOfBody(body)
  const of = keyOfCopied(key, item)
  const write: Write = isDelete
    ? { kind: 'delete', table: id, key: of.key, keyAttributes: of.keyAttributes }
    : { kind: 'put', table: id, key: of.key, keyAttributes: of.keyAttributes, item }
  return { write, sizeBytes: body.length }
}
