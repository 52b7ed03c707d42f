/** Reads what the archive has, and checks that it is whole. Everything rejects with BlobUnusable where it is not. */
import { blobNamesMax, blobSizeBytesMax } from '../../core/archive-limits.ts'
import { framesIn } from '../../core/archive/frames.ts'
import {
  type ArchiveCursor,
  type ArchivedChange,
  decodeArchived,
  logFolder,
  logSegment,
  logSegmentName,
  type LogSegment,
} from '../../core/archive/recovery.ts'
import { BlobUnusable, openBlob } from '../../core/archive/sealed-blob.ts'
import type { Position } from '../../core/change/change.ts'
import type { Blobs } from '../../ports/blobs.ts'

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

/** Of a table, up to a time; `isLast`: the segment goes beyond that time. */
export function changesUntil(
  segment: Buffer,
  { table, atMs }: { readonly table: string; readonly atMs: number },
): { readonly changes: readonly ArchivedChange[]; readonly isLast: boolean } {
  const changes: ArchivedChange[] = []
  for (const frame of framesIn(segment)) {
    const change = decodeArchived(frame)
    if (change.atMs > atMs) return { changes, isLast: true }
    if (change.table === table) changes.push(change)
  }
  return { changes, isLast: false }
}
