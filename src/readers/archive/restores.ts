/**
 * Fills tables from backups. Every item is an ordinary write of the new table, so indexes, counts and the log follow. How far a table has come is
 * noted after each segment; a segment that is written twice leaves the same table.
 */
import { blobSizeBytesMax, restoredAtOnceMax, restoredBytesAtOnceMax } from '../../core/archive-limits.ts'
import { type Backup, manifestName, segmentName } from '../../core/archive/backup.ts'
import { framesIn } from '../../core/archive/frames.ts'
import { BlobUnusable, openBlob } from '../../core/archive/sealed-blob.ts'
import { decodeItem } from '../../core/item/item-bytes.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../core/key/primary-key.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import type { RestoreSource, Table } from '../../core/table/table.ts'
import type { Write } from '../../core/write/write.ts'
import type { EachResult } from '../../engine/commands/command.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { type ArchiveJob, Jobs } from './jobs.ts'

type RestoresEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter'>
type RestoresEngine = Pick<
  Engine,
  'tables' | 'tableWithId' | 'tableChanges' | 'define' | 'commitEach' | 'note' | 'setNote' | 'onFlushed'
>

/** What a table has by now: all segments before this one. */
type Note = { readonly segment: number }

export class Restores implements Service {
  readonly #env: RestoresEnv
  readonly #engine: RestoresEngine
  readonly #jobs: Jobs
  #seen = -1

  constructor(env: RestoresEnv, engine: RestoresEngine) {
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

  #hasChanged(): boolean {
    const { count } = this.#engine.tableChanges
    const before = this.#seen
    this.#seen = count
    return before !== count
  }

  #owed(): readonly ArchiveJob[] {
    return this.#engine
      .tables()
      .filter(({ restore }) => restore !== undefined && restore.isDone !== true)
      .map(({ id, name }) => ({ name, run: (isStopped: () => boolean) => this.#run(id, isStopped) }))
  }

  async #run(id: string, isStopped: () => boolean): Promise<void> {
    const table = this.#engine.tableWithId(id)
    const source = table?.restore
    if (table === undefined || source === undefined || source.isDone === true) return
    try {
      await this.#fill(table, source, isStopped)
    } catch (error) {
      if (!(error instanceof BlobUnusable)) throw error
      await this.#giveUp(table, error)
    }
  }

  async #fill(table: Table, source: RestoreSource, isStopped: () => boolean): Promise<void> {
    const backup = JSON.parse((await this.#open(manifestName(source.backup))).toString()) as Backup
    const noteName = `restore/${table.id}`
    const from = (this.#engine.note(noteName) as Note | undefined)?.segment ?? 0
    for (let segment = from; segment < backup.progress.segments; segment++) {
      for (const writes of batches(table, await this.#open(segmentName(source.backup, segment)))) {
        if (isStopped() || this.#engine.tableWithId(table.id) === undefined) return
        const results = await this.#engine.commitEach(writes, 'restore')
        for (const result of results) if (!result.accepted) throw problemOf(result, segmentName(source.backup, segment))
        await this.#env.clock.sleep(0)
      }
      await this.#engine.setNote(noteName, { segment: segment + 1 } satisfies Note)
    }
    const done: RegisterValues['local/restore'] = { ...source, isDone: true }
    await this.#engine.define(table.id, [{ register: 'local/restore', value: done }])
    await this.#engine.setNote(noteName, undefined)
    this.#env.log.info('table restored', { table: table.name, items: backup.progress.items })
  }

  /** A blob that is gone is as unusable as one that is torn. Rejects with BlobUnusable. */
  async #open(name: string): Promise<Buffer> {
    const bytes = await this.#env.blobs.get(name, { from: 0, to: blobSizeBytesMax })
    if (bytes === undefined) throw new BlobUnusable(name, 'it is not there')
    return openBlob(name, bytes)
  }

  /** The table would be CREATING for ever, and no client can delete it then. */
  async #giveUp({ id, name }: Table, error: BlobUnusable): Promise<void> {
    this.#env.log.error('a restore is given up, and its table removed', { table: name, error: error.message })
    this.#env.meter.count('longitude_restores_failed_total')
    const value: RegisterValues['local/status'] = { status: 'DELETING', sinceMs: this.#env.clock.wallMs() }
    await this.#engine.define(id, [{ register: 'local/status', value }])
    await this.#engine.setNote(`restore/${id}`, undefined)
  }
}

function problemOf(result: Exclude<EachResult, { readonly accepted: true }>, blob: string): unknown {
  if ('failed' in result) return result.failed
  const [refusal] = result.refusals
  return new BlobUnusable(blob, `an item in it is refused: ${refusal?.message}`)
}

function* batches(table: Table, segment: Buffer): Generator<readonly Write[]> {
  let writes: Write[] = []
  let bytes = 0
  for (const frame of framesIn(segment)) {
    writes.push(putOf(table, frame))
    bytes += frame.length
    if (writes.length < restoredAtOnceMax && bytes < restoredBytesAtOnceMax) continue
    yield writes
    writes = []
    bytes = 0
  }
  if (writes.length > 0) yield writes
}

function putOf(table: Table, body: Buffer): Write {
  const item = decodeItem(body)
  const key = encodePrimaryKey(table.key, item)
  return { kind: 'put', table: table.id, key, keyAttributes: keyAttributesOf(table.key, item), item }
}
