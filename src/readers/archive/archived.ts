/** Reads what the archive has, and checks that it is whole. Everything rejects with BlobUnusable where it is not. */
import { blobNamesMax, blobSizeBytesMax } from '../../core/limits/archive-limits.ts'
import { lentMax, lentMs } from '../../core/archive/archive-question.ts'
import { framesIn } from '../../core/archive/length-frames.ts'
import {
  type ArchiveCursor,
  type ArchivedChange,
  archiveNote,
  type Base,
  baseFor,
  cursorNote,
  decodeArchived,
  logFolder,
  logSegment,
  logSegmentName,
  type LogSegment,
  noArchive,
  type PastSource,
  type TableArchive,
  tableNote,
} from '../../core/archive/recovery.ts'
import { BlobUnusable, openBlob } from '../../core/archive/sealed-blob.ts'
import type { Position } from '../../core/change/change.ts'
import type { RestoreSource, SharedLog, TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import { exportsUnderWay } from '../../core/copies/copy-job.ts'
import type { Blobs } from '../../ports/blobs.ts'

/** Where restores and exports are remembered. */
export type Sources = Pick<Engine, 'archive' | 'tables' | 'note'>

/** What another region restores from here, until a time of the wall clock. */
type Lent = PastSource & { readonly untilMs: number }

/** Durable: a process that starts must not end the history, nor pass over a part of it, before the other region asks again. */
const lentNote = 'archive/lent'

const lentBy = (engine: Pick<Engine, 'note'>, nowMs: number): readonly Lent[] =>
  ((engine.note(lentNote) ?? []) as readonly Lent[]).filter(({ untilMs }) => untilMs > nowMs)

/** Resolves when the source is kept for a while, also through a restart. Of one region's questions one is answered after the other. */
export async function lend(engine: Pick<Engine, 'note' | 'setNote'>, source: PastSource, nowMs: number): Promise<void> {
  const all = lentBy(engine, nowMs)
  const isIt = ({ of, after, atMs, shared }: Lent): boolean =>
    of === source.of && after === source.after && atMs === source.atMs && shared?.log === source.shared?.log
  if (all.some((each) => isIt(each) && each.untilMs > nowMs + lentMs / 2)) return
  const next = [...all.filter((each) => !isIt(each)), { ...source, untilMs: nowMs + lentMs }]
  await engine.setNote(lentNote, next.slice(-lentMax))
}

export function sourcesUnderWay(engine: Sources, nowMs: number): readonly PastSource[] {
  const restored = engine.tables().flatMap(({ restore }) => (restore === undefined ? [] : (sourceOf(restore) ?? [])))
  const exported = exportsUnderWay(engine.archive.copies()).map(({ of, after, atMs, shared }) => ({
    of,
    after,
    atMs,
    shared,
  }))
  return [...restored, ...exported, ...lentBy(engine, nowMs)]
}

/** Undefined for one that is done, of a backup, and of another region's history. */
function sourceOf({ logOf, after = 0, atMs, shared, isDone, region }: RestoreSource): PastSource | undefined {
  return logOf === undefined || region !== undefined || isDone === true ? undefined : { of: logOf, after, atMs, shared }
}

type Noted = Pick<Engine, 'archive' | 'note'>

/**
 * The archive, once it has everything up to the moment and the last base before it is copied. Throws BlobUnusable where it never will, as the log that
 * it was to come from is lost.
 */
export function readyFor(
  engine: Noted,
  source: PastSource,
): { readonly cursor: ArchiveCursor; readonly base: Base } | undefined {
  const { shared } = source
  const cursor = engine.note(archiveNote(cursorNote, shared?.group)) as ArchiveCursor | undefined
  if (shared !== undefined && cursor !== undefined && cursor.log !== shared.log) throw lostLog(shared)
  const base = baseOf(engine, source)
  return cursor === undefined || base === undefined || cursor.coveredMs < source.atMs ? undefined : { cursor, base }
}

/** Whether there is something to do: to read what is there, or to give up. */
export function isToRead(engine: Noted, source: PastSource): boolean {
  try {
    return readyFor(engine, source) !== undefined
  } catch (error) {
    if (error instanceof BlobUnusable) return true
    throw error
  }
}

const lostLog = ({ group, log }: SharedLog): BlobUnusable =>
  new BlobUnusable(
    logFolder(log),
    `this replica of ${group} has taken the state of another region, and its history has begun again`,
  )

function baseOf(engine: Noted, { of, after, atMs, shared }: PastSource): Base | undefined {
  const noted = engine.note(archiveNote(tableNote(of), shared?.group)) as TableArchive | undefined
  const { bases } = noted ?? noArchive
  const sinceThen = bases.filter(({ position }) => position > after)
  const base = baseFor(sinceThen, atMs)
  return base !== undefined && engine.archive.backup(base.id)?.status === 'AVAILABLE' ? base : undefined
}

/** The content of a blob. One that is gone is as unusable as one that is torn. */
export async function readBlob(blobs: Pick<Blobs, 'get'>, name: string): Promise<Buffer> {
  const bytes = await blobs.get(name, { from: 0, to: blobSizeBytesMax })
  if (bytes === undefined) throw new BlobUnusable(name, 'it is not there')
  return openBlob(name, bytes)
}

/** The segments that have the log after a position, in order and without a gap, to the end of the archive. */
export async function* segmentsAfter(
  blobs: Pick<Blobs, 'list'>,
  { archive, segmentsTo }: ArchiveCursor,
  position: Position,
): AsyncGenerator<LogSegment> {
  const missing = (first: Position): BlobUnusable =>
    new BlobUnusable(logSegmentName(archive, first, segmentsTo), 'it is not there')
  let next = position + 1
  for (let after = ''; next <= segmentsTo;) {
    const names = await blobs.list(logFolder(archive), after, blobNamesMax)
    after = names.at(-1) ?? ''
    if (after === '') throw missing(next)
    for (const name of names) {
      const segment = logSegment(name)
      if (segment === undefined || segment.last < next || next > segmentsTo) continue
      if (segment.first > next) throw missing(next)
      yield segment
      next = segment.last + 1
    }
  }
}

export type UntilTime = { readonly table: TableId; readonly atMs: number }

/** The changes of a table in a segment, up to a time, read as they are asked for. */
export class ChangesUntil implements Iterable<ArchivedChange> {
  readonly #segment: Buffer
  readonly #of: UntilTime
  /** The segment goes beyond that time. Known once all of them were asked for. */
  isLast = false

  constructor(segment: Buffer, of: UntilTime) {
    this.#segment = segment
    this.#of = of
  }

  *[Symbol.iterator](): Generator<ArchivedChange> {
    const { table, atMs } = this.#of
    for (const frame of framesIn(this.#segment)) {
      const change = decodeArchived(frame)
      this.isLast = change.atMs > atMs
      if (this.isLast) return
      if (change.table === table) yield change
    }
  }
}
