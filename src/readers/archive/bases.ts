/** Bases of point-in-time recovery: copies of a table from which its archived log goes on. Older ones go when the window has moved on. */
import { baseAgeMsMax, baseChangesBytesMin, blobNamesMax } from '../../core/limits/archive-limits.ts'
import { type Backup, backupId, newBackup, snapshotEdit } from '../../core/archive/backup.ts'
import {
  type ArchiveCursor,
  logFolder,
  logSegment,
  noArchive,
  type PastSource,
  type TableArchive,
  tableNote,
  windowOf,
} from '../../core/archive/recovery.ts'
import type { Position } from '../../core/change/change.ts'
import type { RegisterValues } from '../../core/table/registers.ts'
import { isGoing, type Recovery, type Table, type TableId } from '../../core/table/table.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'

type BasesDeps = {
  readonly env: Pick<Env, 'blobs' | 'clock' | 'random'>
  readonly engine: Pick<
    Engine,
    'archive' | 'tables' | 'tableWithId' | 'define' | 'size' | 'note' | 'setNote' | 'flushed'
  >
  /** Of the region's own log, or of the group's, whichever is archived. */
  readonly sources: () => readonly PastSource[]
  /** The group of regions whose tables the engine has. */
  readonly group: string | undefined
}

export type Recovering = Table & { readonly recovery: Recovery }

/** A base is noted when the archiver comes by its beginning in the log. */
const notedWithinMs = 60 * 60 * 1000

export class Bases {
  readonly #deps: BasesDeps

  constructor(deps: BasesDeps) {
    this.#deps = deps
  }

  /** Tables whose history is kept: those with recovery, and sources of restores and exports that are under way. */
  wanted(): ReadonlySet<TableId> {
    return new Set([...this.recovering().map(({ id }) => id), ...this.#deps.sources().map(({ of }) => of)])
  }

  recovering(): readonly Recovering[] {
    return this.#deps.engine.tables().filter((table): table is Recovering => table.recovery !== undefined)
  }

  /** Begins those that are due. The log has been read to its end before, so every base that has begun is noted. */
  async begin(): Promise<void> {
    const pending = this.#pending()
    for (const table of this.recovering()) {
      if (isGoing(table) || table.status === 'CREATING' || pending.has(table.id)) continue
      const archive = this.#archiveOf(table.id)
      const valid = archive.bases.filter(({ position }) => position > table.recovery.after)
      if (valid.length === 0) await this.restart(table)
      else if (this.#isDue(archive)) await this.#beginBase(table, [])
    }
  }

  /** The history of the table begins again, now. */
  async restart({ id, recovery }: Recovering): Promise<void> {
    const { engine, env } = this.#deps
    const table = engine.tableWithId(id)
    if (table === undefined) return
    const value: RegisterValues['local/recovery'] = {
      ...recovery,
      sinceMs: env.clock.wallMs(),
      after: engine.flushed(),
    }
    await this.#beginBase(table, [{ register: 'local/recovery', value }])
  }

  /** Removes bases of tables without recovery, and those that no moment of the window needs. */
  async dropBases(): Promise<void> {
    const { engine } = this.#deps
    const wanted = this.wanted()
    for (const base of this.#all())
      if (!wanted.has(base.of)) await this.#remove(base)
      else if (this.#isForgotten(base)) await this.#end(base)
    for (const table of this.recovering()) {
      const archive = this.#archiveOf(table.id)
      const from = this.#firstNeeded(table, archive)
      if (from === 0) continue
      for (const { id } of archive.bases.slice(0, from)) {
        const base = engine.archive.backup(id)
        if (base !== undefined) await this.#end(base)
      }
      await engine.setNote(tableNote(table.id), { ...archive, bases: archive.bases.slice(from) })
    }
  }

  /** The log is lost: no moment can be restored any more, from whichever base. */
  async forget(): Promise<void> {
    for (const base of this.#all()) await this.#remove(base)
    for (const { id } of this.recovering()) await this.#deps.engine.setNote(tableNote(id), undefined)
  }

  /** Removes segments of the log that come before every base. */
  async dropSegments({ archive, position }: ArchiveCursor): Promise<void> {
    const needed = [...this.wanted()].flatMap((table) => this.#archiveOf(table).bases.map((base) => base.position))
    await this.#removeSegments(archive, ({ last }) => last <= Math.min(position, ...needed))
  }

  /** Removes segments that a process published and did not live to note. */
  async dropUnnoted({ archive, segmentsTo }: ArchiveCursor): Promise<void> {
    await this.#removeSegments(archive, ({ first }) => first > segmentsTo)
  }

  async #removeSegments(
    archive: string,
    goes: (segment: { readonly first: Position; readonly last: Position }) => boolean,
  ): Promise<void> {
    const { blobs } = this.#deps.env
    for (let after = ''; ;) {
      const names = await blobs.list(logFolder(archive), after, blobNamesMax)
      const last = names.at(-1)
      if (last === undefined) return
      for (const name of names) {
        const segment = logSegment(name)
        if (segment !== undefined && goes(segment)) await blobs.delete(name)
      }
      after = last
    }
  }

  async #beginBase(table: Table, edits: Parameters<Engine['define']>[1]): Promise<void> {
    const { engine, env } = this.#deps
    const createdMs = env.clock.wallMs()
    const id = backupId(createdMs, env.random.bytes(4).toString('hex'))
    const base = newBackup(table, { id, name: 'base', type: 'BASE', createdMs }, engine.size(table))
    await engine.archive.putBackup(base)
    const now = engine.tableWithId(table.id)
    if (now === undefined || isGoing(now)) return
    await engine.define(table.id, [...edits, snapshotEdit(now, base)])
  }

  /** Tables whose next base has begun, and is not copied yet. */
  #pending(): ReadonlySet<TableId> {
    return new Set(this.#all().flatMap(({ of, status }) => (status === 'CREATING' ? [of] : [])))
  }

  #all(): readonly Backup[] {
    const { engine, group } = this.#deps
    const isOwn = (backup: Backup): boolean => backup.type === 'BASE' && backup.group === group
    return engine.archive.backups().filter((backup) => isOwn(backup) && backup.status !== 'DELETED')
  }

  #isDue({ bases, changesBytes }: TableArchive): boolean {
    const last = bases.at(-1)
    if (last === undefined || changesBytes === 0) return false
    const { engine, env } = this.#deps
    const size = engine.archive.backup(last.id)?.progress.bytes ?? 0
    return changesBytes >= Math.max(baseChangesBytesMin, size) || env.clock.wallMs() - last.atMs >= baseAgeMsMax
  }

  /** The history of its table has begun again since. */
  #isForgotten({ id, of, status, createdMs }: Backup): boolean {
    if (status !== 'AVAILABLE' || createdMs > this.#deps.env.clock.wallMs() - notedWithinMs) return false
    return !this.#archiveOf(of).bases.some((base) => base.id === id)
  }

  #firstNeeded({ id, recovery }: Recovering, { bases }: TableArchive): number {
    const { engine, env } = this.#deps
    if (this.#deps.sources().some(({ of }) => of === id)) return 0
    const { earliestMs } = windowOf(recovery, env.clock.wallMs(), 0)
    const former = bases.filter(({ position }) => position <= recovery.after).length
    const isCopied = ({ id: base }: { readonly id: string }): boolean =>
      engine.archive.backup(base)?.status === 'AVAILABLE'
    const older = bases.findLastIndex((base) => base.atMs <= earliestMs && isCopied(base))
    return Math.max(former, older, 0)
  }

  async #remove(base: Backup): Promise<void> {
    await this.#end(base)
    await this.#deps.engine.setNote(tableNote(base.of), undefined)
  }

  async #end(base: Backup): Promise<void> {
    await this.#deps.engine.archive.putBackup({ ...base, status: 'DELETED' })
  }

  #archiveOf(table: TableId): TableArchive {
    return (this.#deps.engine.note(tableNote(table)) as TableArchive | undefined) ?? noArchive
  }
}
