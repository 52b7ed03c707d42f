/**
 * Reads a table as it was at a moment, in the order of its keys: the last base before it, with the archived changes since then in their place. Changes
 * are kept in bounded memory; where they are too many the log is gone over again, for the keys that follow.
 */
import type { Base, ArchiveCursor } from '../../core/archive/recovery.ts'
import { type Backup, manifestName, segmentName } from '../../core/archive/backup.ts'
import { framesIn } from '../../core/archive/length-frames.ts'
import type { PastRow } from '../../core/copies/export-lines.ts'
import { type KeyChange, KeyChanges } from '../../core/copies/key-changes.ts'
import { exportChangesBytesMax } from '../../core/limits/copy-limits.ts'
import type { KeySchema, TableId } from '../../core/table/table.ts'
import { itemOfBody, keyOfCopied } from '../../core/write/put-of.ts'
import type { Env } from '../../ports/env.ts'
import { changesUntil, readBlob, segmentsAfter } from './archived.ts'

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

type PastEnv = Pick<Env, 'blobs' | 'clock'>

/** Rejects with BlobUnusable where the archive is not whole. */
export async function* pastRows(env: PastEnv, past: Past, from: PastPlace): AsyncGenerator<PastRow> {
  const { base, key } = past
  const manifest = JSON.parse((await readBlob(env.blobs, manifestName(base.id))).toString()) as Backup
  const { segments } = manifest.progress
  let { after, segment } = from
  for (;;) {
    const kept = await changesAfter(env, past, after)
    const merge = new Merge(kept.sorted())
    for (let isOver = false; segment < segments && !isOver; segment += isOver ? 0 : 1) {
      const content = await readBlob(env.blobs, segmentName(base.id, segment))
      for (const body of framesIn(content)) {
        const rowKey = keyOfBody(key, body)
        if (after !== undefined && Buffer.compare(rowKey, after) <= 0) continue
        isOver = kept.upTo !== undefined && Buffer.compare(rowKey, kept.upTo) > 0
        if (isOver) break
        yield* merge.before(rowKey, segment)
        yield merge.with(rowKey, body, segment)
      }
    }
    yield* merge.rest(segment)
    if (kept.upTo === undefined) return
    after = kept.upTo
  }
}

async function changesAfter({ blobs, clock }: PastEnv, past: Past, after: Buffer | undefined): Promise<KeyChanges> {
  const kept = new KeyChanges({ after, bytesMax: exportChangesBytesMax })
  for await (const { name } of segmentsAfter(blobs, past.cursor, past.base.position)) {
    const { changes, isLast } = changesUntil(await readBlob(blobs, name), { table: past.of, atMs: past.atMs })
    for (const change of changes) kept.add(keyOfBody(past.key, change.body), change, change.atMs >= past.fromMs)
    await clock.sleep(0)
    if (isLast) break
  }
  return kept
}

/** Changes among the rows of a base. */
class Merge {
  readonly #changes: readonly KeyChange[]
  #next = 0

  constructor(changes: readonly KeyChange[]) {
    this.#changes = changes
  }

  /** Items that came between the rows. */
  *before(key: Buffer, segment: number): Generator<PastRow> {
    for (let change = this.#head(); change !== undefined && Buffer.compare(change.key, key) < 0; change = this.#head())
      yield this.#take(change, undefined, segment)
  }

  with(key: Buffer, body: Buffer, segment: number): PastRow {
    const change = this.#head()
    if (change === undefined || Buffer.compare(change.key, key) !== 0) return { key, segment, before: body, now: body }
    return this.#take(change, body, segment)
  }

  *rest(segment: number): Generator<PastRow> {
    for (let change = this.#head(); change !== undefined; change = this.#head())
      yield this.#take(change, undefined, segment)
  }

  #head(): KeyChange | undefined {
    return this.#changes[this.#next]
  }

  #take({ key, before, within }: KeyChange, base: Buffer | undefined, segment: number): PastRow {
    this.#next++
    const old = before === undefined ? base : bodyOf(before)
    const now = within === undefined ? old : bodyOf(within)
    return {
      key,
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
