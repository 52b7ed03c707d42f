/**
 * Reads a table as it was at a moment, in the order of its keys: the last base before it, with the archived changes since then in their place. Changes
 * are kept in bounded memory; where they are too many the log is gone over again, for the keys that follow.
 */
import type { Base, ArchiveCursor } from '../../core/archive/recovery.ts'
import { type Backup, manifestName, segmentName } from '../../core/archive/backup.ts'
import { framesIn } from '../../core/archive/length-frames.ts'
import type { PastRow } from '../../core/copies/export-lines.ts'
import { type KeyChange, KeyChanges } from '../../core/copies/key-changes.ts'
import { exportChangesBytesMax, pastBytesAtOnceMax, pastRowsAtOnceMax } from '../../core/limits/copy-limits.ts'
import type { KeySchema, TableId } from '../../core/table/table.ts'
import { itemOfBody, keyOfCopied } from '../../core/write/put-of.ts'
import type { Env } from '../../ports/env.ts'
import { ChangesUntil, readBlob, segmentsAfter } from './archived.ts'

export type Past = {
  readonly of: TableId
  readonly key: KeySchema
  readonly base: Base
  readonly cursor: ArchiveCursor
  /** The moment. */
  readonly atMs: number
  /** Changes from this time on are those of the window; all of them where there is none. */
  readonly fromMs: number
}

export type PastPlace = { readonly after: Buffer | undefined; readonly segment: number }

type PastEnv = Pick<Env, 'blobs'>

/** The rows of one step; none where it has gone on without coming to one. */
type Step = readonly PastRow[]

/** In steps, each of which takes a short turn. Rejects with BlobUnusable where the archive is not whole. */
export async function* pastRows({ blobs }: PastEnv, past: Past, from: PastPlace): AsyncGenerator<Step> {
  const { base, key } = past
  const manifest = JSON.parse((await readBlob(blobs, manifestName(base.id))).toString()) as Backup
  const { segments } = manifest.progress
  let { after, segment } = from
  for (;;) {
    const kept = new KeyChanges({ after, bytesMax: exportChangesBytesMax })
    yield* keepChanges(kept, blobs, past)
    const merge = new Merge(kept.sorted(), { key, after, upTo: kept.upTo })
    for (; segment < segments && !merge.isOver; segment += merge.isOver ? 0 : 1)
      yield* inSteps(merge.rowsOf(await readBlob(blobs, segmentName(base.id, segment)), segment))
    yield* inSteps(merge.rest(segment))
    if (kept.upTo === undefined) return
    after = kept.upTo
  }
}

/** No step has rows. */
async function* keepChanges(kept: KeyChanges, blobs: PastEnv['blobs'], past: Past): AsyncGenerator<Step> {
  for await (const { name } of segmentsAfter(blobs, past.cursor, past.base.position)) {
    const changes = new ChangesUntil(await readBlob(blobs, name), { table: past.of, atMs: past.atMs })
    let count = 0
    for (const change of changes) {
      kept.add(keyOfBody(past.key, change.body), change, change.atMs >= past.fromMs)
      if (++count % pastRowsAtOnceMax === 0) yield []
    }
    if (changes.isLast) return
    yield []
  }
}

/** Bounded in rows and in bytes. */
function* inSteps(rows: Iterable<PastRow>): Generator<Step> {
  let step: PastRow[] = []
  let bytes = 0
  for (const row of rows) {
    step.push(row)
    bytes += (row.now ?? row.before)?.length ?? 0
    if (step.length < pastRowsAtOnceMax && bytes < pastBytesAtOnceMax) continue
    yield step
    step = []
    bytes = 0
  }
  yield step
}

/** The keys that are merged. */
type Merged = { readonly key: KeySchema; readonly after: Buffer | undefined; readonly upTo: Buffer | undefined }

/** Changes among the rows of a base. */
class Merge {
  readonly #changes: readonly KeyChange[]
  readonly #merged: Merged
  #isBefore: boolean
  #next = 0
  /** A row beyond the last key was met. */
  isOver = false

  constructor(changes: readonly KeyChange[], merged: Merged) {
    this.#changes = changes
    this.#merged = merged
    this.#isBefore = merged.after !== undefined
  }

  /** The rows of a segment of the base, and what came between them. */
  *rowsOf(content: Buffer, segment: number): Generator<PastRow> {
    const { key, upTo } = this.#merged
    for (const body of framesIn(content)) {
      // Which row it is matters no more: it and all that follow are as they were.
      if (!this.#isBefore && upTo === undefined && this.#head() === undefined) {
        yield { key: () => keyOfBody(key, body), segment, before: body, now: body }
        continue
      }
      const rowKey = keyOfBody(key, body)
      if (this.#isPassed(rowKey)) continue
      this.isOver = upTo !== undefined && Buffer.compare(rowKey, upTo) > 0
      if (this.isOver) return
      yield* this.#before(rowKey, segment)
      yield this.#with(rowKey, body, segment)
    }
  }

  *rest(segment: number): Generator<PastRow> {
    for (let change = this.#head(); change !== undefined; change = this.#head())
      yield this.#take(change, undefined, segment)
  }

  /** It was returned before this pass. */
  #isPassed(key: Buffer): boolean {
    const { after } = this.#merged
    this.#isBefore &&= after !== undefined && Buffer.compare(key, after) <= 0
    return this.#isBefore
  }

  /** Items that came between the rows. */
  *#before(key: Buffer, segment: number): Generator<PastRow> {
    for (let change = this.#head(); change !== undefined && Buffer.compare(change.key, key) < 0; change = this.#head())
      yield this.#take(change, undefined, segment)
  }

  #with(key: Buffer, body: Buffer, segment: number): PastRow {
    const change = this.#head()
    if (change === undefined || Buffer.compare(change.key, key) !== 0)
      return { key: () => key, segment, before: body, now: body }
    return this.#take(change, body, segment)
  }

  #head(): KeyChange | undefined {
    return this.#changes[this.#next]
  }

  #take({ key, before, within }: KeyChange, base: Buffer | undefined, segment: number): PastRow {
    this.#next++
    const old = before === undefined ? base : bodyOf(before)
    const now = within === undefined ? old : bodyOf(within)
    return {
      key: () => key,
      segment,
      ...(old === undefined ? {} : { before: old }),
      ...(now === undefined ? {} : { now }),
      ...(within === undefined ? {} : { writtenMs: within.atMs }),
    }
  }
}

const keyOfBody = (key: KeySchema, body: Buffer): Buffer => keyOfCopied(key, itemOfBody(body)).key

const bodyOf = ({ isDelete, body }: NonNullable<KeyChange['within']>): Buffer | undefined =>
  isDelete ? undefined : body
