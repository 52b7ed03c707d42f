/**
 * Copies tables to backups. CreateBackup has begun a snapshot of the table by then, so the rows are those of one position of the log, however long the
 * copying takes. They go to blobs in segments; a segment is noted once it is durable, and the manifest is written last. A backup that is deleted loses
 * its manifest first.
 */
import { blobNamesMax, blobTargetBytes } from '../../core/limits/archive-limits.ts'
import { type Backup, backupFolder, type BackupProgress, manifestName, segmentName } from '../../core/archive/backup.ts'
import { FrameWriter } from '../../core/archive/length-frames.ts'
import { sealBlob } from '../../core/archive/sealed-blob.ts'
import { bodyOffset, itemSizeOf } from '../../core/item/row.ts'
import { snapshotRegister } from '../../core/table/registers.ts'
import type { Snapshot, SnapshotRegister, Table } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { type ArchiveJob, Jobs } from './archive-jobs.ts'

type BackupsEnv = Pick<Env, 'blobs' | 'clock' | 'log' | 'meter'>
type BackupsEngine = Pick<
  Engine,
  'archive' | 'tables' | 'tableWithId' | 'tableChanges' | 'define' | 'onFlushed' | 'pace'
>

export class Backups implements Service {
  readonly #env: BackupsEnv
  readonly #engine: BackupsEngine
  readonly #group: string | undefined
  readonly #jobs: Jobs
  #cancelExpiry = (): void => undefined
  #seen: readonly [tables: number, backups: readonly Backup[]] | undefined

  /** `group`: of regions with strong consistency, whose tables the engine has. */
  constructor(env: BackupsEnv, engine: BackupsEngine, group?: string) {
    this.#env = env
    this.#engine = engine
    this.#group = group
    this.#jobs = new Jobs({
      env,
      work: 'backup',
      hasChanged: () => this.#hasChanged(),
      jobs: () => this.#owed(),
      onFlushed: (listener) => engine.onFlushed(listener),
    })
  }

  start(): void {
    this.#jobs.start()
    this.#awaitExpiry()
  }

  async stop(): Promise<void> {
    this.#cancelExpiry()
    await this.#jobs.stop()
  }

  #hasChanged(): boolean {
    const { tableChanges, archive } = this.#engine
    const now = [tableChanges.count, archive.backups()] as const
    const before = this.#seen
    if (before !== undefined && before[0] === now[0] && before[1] === now[1]) return false
    this.#seen = now
    if (before?.[1] !== now[1]) this.#awaitExpiry()
    return true
  }

  #owed(): readonly ArchiveJob[] {
    const nowMs = this.#env.clock.wallMs()
    const copies = this.#engine.tables().flatMap((table) =>
      (table.snapshots ?? []).map(({ number, backup }) => ({
        name: backup,
        run: (isStopped: () => boolean) => this.#advance({ table: table.id, number }, isStopped),
      })),
    )
    const copying = new Set(copies.map(({ name }) => name))
    const others = this.#own().flatMap((backup) => {
      if (copying.has(backup.id)) return []
      if (isForsaken(backup, nowMs)) return { name: backup.id, run: () => this.#end(backup) }
      if (backup.status === 'DELETED') return { name: backup.id, run: () => this.#remove(backup) }
      return isOver(backup, nowMs) ? { name: backup.id, run: () => this.#end(backup) } : []
    })
    return [...copies, ...others]
  }

  #own(): readonly Backup[] {
    return this.#engine.archive.backups().filter(({ group }) => group === this.#group)
  }

  async #advance(place: Place, isStopped: () => boolean): Promise<void> {
    while (!isStopped()) {
      const table = this.#engine.tableWithId(place.table)
      const snapshot = table?.snapshots?.find(({ number }) => number === place.number)
      if (table === undefined || snapshot === undefined) return
      const backup = this.#engine.archive.backup(snapshot.backup)
      if (backup?.status !== 'CREATING') return await this.#endSnapshot(table, snapshot)
      await this.#copySegment(backup, { table, snapshot })
    }
  }

  /** The backup is AVAILABLE with its last segment. */
  async #copySegment(backup: Backup, copied: Copied): Promise<void> {
    const { id, progress } = backup
    const { parts, after, ...counts } = await this.#gather(progress, copied)
    const segments = progress.segments + (parts.length === 0 ? 0 : 1)
    if (parts.length > 0) await this.#put(segmentName(id, progress.segments), parts)
    const next: BackupProgress = { segments, ...counts, ...(after === undefined ? {} : { after }) }
    if (after !== undefined) return await this.#engine.archive.putBackup({ ...backup, progress: next })
    const whole: Backup = { ...backup, status: 'AVAILABLE', progress: next }
    await this.#put(manifestName(id), [Buffer.from(JSON.stringify(whole))])
    await this.#engine.archive.putBackup(whole)
    this.#env.log.info('backup made', { backup: id, table: backup.table.name, items: next.items })
  }

  async #gather({ items, bytes, after }: BackupProgress, { table, snapshot }: Copied): Promise<Gathered> {
    const frames = new FrameWriter()
    let last: Buffer | undefined = after === undefined ? undefined : Buffer.from(after, 'base64')
    for (;;) {
      const from = last
      const part = await this.#engine.pace.turn(() => this.#addRows(frames, { table, snapshot }, from))
      items += part.items
      bytes += part.bytes
      last = part.last
      if (last === undefined || frames.sizeBytes >= blobTargetBytes) break
    }
    return { parts: frames.take(), items, bytes, after: last?.toString('base64') }
  }

  #addRows(frames: FrameWriter, { table, snapshot }: Copied, after: Buffer | undefined) {
    const { rows, last } = this.#engine.archive.snapshotRows(table, snapshot.number, after)
    let bytes = 0
    for (const { row } of rows) {
      frames.add(row.subarray(bodyOffset(row)))
      bytes += itemSizeOf(row)
    }
    return { items: rows.length, bytes, last }
  }

  async #put(name: string, parts: readonly Buffer[]): Promise<void> {
    await this.#engine.pace.turn(() => this.#env.blobs.put(name, sealBlob(name, parts)))
  }

  /** Writes of the table stop keeping rows for it before those that were kept are removed. */
  async #endSnapshot({ id }: Table, { number, backup }: Snapshot): Promise<void> {
    const register = snapshotRegister(number)
    const going: SnapshotRegister = { backup, going: true }
    await this.#engine.define(id, [{ register, value: going }])
    const table = this.#engine.tableWithId(id)
    if (table === undefined) return
    await this.#engine.archive.removeImages(table, number)
    await this.#engine.define(id, [{ register, value: undefined }])
  }

  async #end(backup: Backup): Promise<void> {
    if (backup.status === 'CREATING')
      this.#env.log.error('a backup is given up: its snapshot is gone', { backup: backup.id, table: backup.table.name })
    await this.#engine.archive.putBackup({ ...backup, status: 'DELETED' })
  }

  async #remove({ id }: Backup): Promise<void> {
    const { blobs } = this.#env
    await blobs.delete(manifestName(id))
    for (;;) {
      const names = await blobs.list(backupFolder(id), '', blobNamesMax)
      if (names.length === 0) break
      for (const name of names) await blobs.delete(name)
    }
    await this.#engine.archive.removeBackup(id)
  }

  /** Backups of the system end by themselves. */
  #awaitExpiry(): void {
    this.#cancelExpiry()
    this.#cancelExpiry = () => undefined
    const ends = this.#own().flatMap(({ expiresMs }) => expiresMs ?? [])
    if (ends.length === 0) return
    const restMs = Math.max(0, Math.min(...ends) - this.#env.clock.wallMs())
    this.#cancelExpiry = this.#env.clock.after(Math.min(restMs, lookMsMax), () => {
      this.#jobs.look()
      this.#awaitExpiry()
    })
  }
}

/** How long a request may take from noting a backup to beginning its snapshot. */
const beginMsMax = 60_000
/** A timer of Node takes no more than 24 days. */
const lookMsMax = 60 * 60 * 1000

type Place = { readonly table: string; readonly number: number }
type Copied = { readonly table: Table; readonly snapshot: Snapshot }
type Gathered = {
  readonly parts: readonly Buffer[]
  readonly items: number
  readonly bytes: number
  readonly after: string | undefined
}

/** Its snapshot never began, as the process ended between the two; or a replica of a group has lost it with its store. */
const isForsaken = ({ status, createdMs }: Backup, nowMs: number): boolean =>
  status === 'CREATING' && createdMs < nowMs - beginMsMax

const isOver = ({ status, expiresMs }: Backup, nowMs: number): boolean =>
  status === 'AVAILABLE' && expiresMs !== undefined && expiresMs <= nowMs
