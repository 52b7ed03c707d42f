/**
 * Takes changes of the archive's tables out of the log, and publishes them in segments. What has been gathered is in memory only; the durable
 * cursor says where the next process begins.
 */
import { archivedAtOnceMax, archivedBytesAtOnceMax, blobTargetBytes } from '../../core/limits/archive-limits.ts'
import { FrameWriter } from '../../core/archive/length-frames.ts'
import {
  type ArchiveCursor,
  type Base,
  cursorNote,
  encodeArchived,
  logSegmentName,
  noArchive,
  type TableArchive,
  tableNote,
} from '../../core/archive/recovery.ts'
import { sealBlob } from '../../core/archive/sealed-blob.ts'
import type { Change, Position } from '../../core/change/change.ts'
import { decodeRow } from '../../core/item/row.ts'
import { type ReplicaRegister, replicaRegister, snapshotRegister } from '../../core/table/registers.ts'
import type { SnapshotRegister, TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'

export type GathererDeps = {
  readonly env: Pick<Env, 'blobs' | 'clock'>
  readonly engine: Pick<Engine, 'region' | 'archive' | 'readLog' | 'flushed' | 'clock' | 'note' | 'setNote'>
}

export class LogGatherer {
  readonly #deps: GathererDeps
  readonly #frames = new FrameWriter()
  /** Bytes of each table among the frames. */
  #bytes = new Map<TableId, number>()
  #cursor: ArchiveCursor
  #read: Position
  /** Everything that is committed after what was read is later than this. */
  #readMs: number
  #publishedMs: number
  /** A segment that failed is published under the same name, before more is read: what the failure has left there is replaced. */
  #attempt: Pick<ArchiveCursor, 'position' | 'coveredMs'> | undefined

  constructor(deps: GathererDeps, cursor: ArchiveCursor) {
    this.#deps = deps
    this.#cursor = cursor
    this.#read = cursor.position
    this.#readMs = cursor.coveredMs
    this.#publishedMs = deps.env.clock.monotonicMs()
  }

  get cursor(): ArchiveCursor {
    return this.#cursor
  }

  /** How long ago the last segment was published, by this process. */
  get ageMs(): number {
    return this.#deps.env.clock.monotonicMs() - this.#publishedMs
  }

  get hasRead(): boolean {
    return this.#read > this.#cursor.position
  }

  /** Reads to the end of the log, in slices; publishes what has grown to a segment. */
  async readOn(wanted: () => ReadonlySet<TableId>, isStopped: () => boolean): Promise<void> {
    const { engine, env } = this.#deps
    while (!isStopped()) {
      if (this.#attempt !== undefined || this.#frames.sizeBytes >= blobTargetBytes) await this.publish()
      const end = { position: engine.flushed(), ms: engine.clock().wallMs - 1 }
      if (this.#read >= end.position) {
        this.#readMs = Math.max(this.#readMs, end.ms)
        return
      }
      const changes = engine.readLog(this.#read, archivedAtOnceMax, archivedBytesAtOnceMax)
      // Of tables as they are now, which is at the end of the slice or later.
      const tables = wanted()
      for (const change of changes) if (isOfItem(change) && tables.has(change.table)) this.#add(change)
      for (const change of changes) if (!isOfItem(change)) await this.#meet(change)
      const last = changes.at(-1)
      this.#read = last?.position ?? this.#read
      this.#readMs = Math.max(this.#readMs, (last?.at ?? 0) - 1)
      await env.clock.sleep(0)
    }
  }

  /** Of a log that goes on only with its commands: what is committed after all that was read is later than this. */
  settle(ms: number): void {
    this.#readMs = Math.max(this.#readMs, ms)
  }

  /** What was read is archived once this resolves. After a failure it is tried again with the next call. */
  async publish(): Promise<void> {
    const { env, engine } = this.#deps
    const { segmentsTo } = this.#cursor
    const isSegment = this.#frames.sizeBytes > 0
    const { position, coveredMs } = (this.#attempt ??= { position: this.#read, coveredMs: this.#readMs })
    if (isSegment) {
      const name = logSegmentName(this.#cursor.archive, segmentsTo + 1, position)
      await env.blobs.put(name, sealBlob(name, this.#frames.parts))
      for (const [table, bytes] of this.#bytes) await this.#count(table, bytes)
    }
    const next: ArchiveCursor = {
      ...this.#cursor,
      position,
      segmentsTo: isSegment ? position : segmentsTo,
      coveredMs,
    }
    await engine.setNote(cursorNote, next)
    this.#cursor = next
    this.#attempt = undefined
    this.#frames.take()
    this.#bytes = new Map()
    this.#publishedMs = env.clock.monotonicMs()
  }

  #add(change: Change): void {
    const frame = encodeArchived(change)
    this.#frames.add(frame)
    this.#bytes.set(change.table, (this.#bytes.get(change.table) ?? 0) + frame.length)
  }

  /** Registers: a base has begun, or the replica is being filled from a peer, which the log does not tell row by row. */
  async #meet({ table, key, row, position, at }: Change): Promise<void> {
    const { engine } = this.#deps
    const register = key.toString('utf8')
    const isBase = register.startsWith(snapshotRegister(''))
    if (!isBase && register !== replicaRegister(engine.region.name)) return
    const { tombstone, body } = decodeRow(row)
    if (tombstone) return
    const value = JSON.parse(body.toString()) as Partial<SnapshotRegister & ReplicaRegister>
    if (!isBase && value.status === 'CREATING' && engine.note(tableNote(table)) !== undefined)
      await engine.setNote(tableNote(table), noArchive)
    const { backup = '', of, going } = value
    if (isBase && going !== true && of === table && engine.archive.backup(backup)?.type === 'BASE')
      await this.#noteBase(table, { id: backup, position, atMs: at })
  }

  async #noteBase(table: TableId, base: Base): Promise<void> {
    const { bases } = this.#archiveOf(table)
    if (bases.some(({ id }) => id === base.id)) return
    const next: TableArchive = { bases: [...bases, base], changesBytes: 0 }
    await this.#deps.engine.setNote(tableNote(table), next)
  }

  async #count(table: TableId, bytes: number): Promise<void> {
    const { bases, changesBytes } = this.#archiveOf(table)
    await this.#deps.engine.setNote(tableNote(table), { bases, changesBytes: changesBytes + bytes })
  }

  #archiveOf(table: TableId): TableArchive {
    return (this.#deps.engine.note(tableNote(table)) as TableArchive | undefined) ?? noArchive
  }
}

const isOfItem = ({ cause }: Change): boolean => cause !== 'table' && cause !== 'replica-table'
