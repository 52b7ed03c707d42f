/** What the region's own engine has for backups and restores. */
import type { Backup } from '../../core/archive/backup.ts'
import type { CopyJob } from '../../core/copies/copy-job.ts'
import type { Table } from '../../core/table/table.ts'
import type { Archive, SnapshotPart } from '../engine.ts'
import { inGroup, type State } from '../state.ts'
import { removeImages } from '../tables/jobs.ts'
import { readSnapshotRows } from './snapshot-rows.ts'

export class LocalArchive implements Archive {
  readonly #state: State

  constructor(state: State) {
    this.#state = state
  }

  backups(): readonly Backup[] {
    return this.#state.backups.all()
  }

  backup(id: string): Backup | undefined {
    return this.#state.backups.withId(id)
  }

  putBackup(backup: Backup): Promise<void> {
    return inGroup(this.#state, (group) => this.#state.backups.put(group, backup.id, backup))
  }

  removeBackup(id: string): Promise<void> {
    return inGroup(this.#state, (group) => this.#state.backups.put(group, id, undefined))
  }

  copies(): readonly CopyJob[] {
    return this.#state.copies.all()
  }

  copy(id: string): CopyJob | undefined {
    return this.#state.copies.withId(id)
  }

  putCopy(copy: CopyJob): Promise<void> {
    return inGroup(this.#state, (group) => this.#state.copies.put(group, copy.id, copy))
  }

  removeCopy(id: string): Promise<void> {
    return inGroup(this.#state, (group) => this.#state.copies.put(group, id, undefined))
  }

  snapshotRows(table: Table, snapshot: number, after: Buffer | undefined): SnapshotPart {
    return this.#state.damage.noting(() => readSnapshotRows(this.#state.store, { table, snapshot, after }))
  }

  removeImages(table: Table, snapshot: number): Promise<void> {
    return removeImages(this.#state, table, snapshot)
  }
}
