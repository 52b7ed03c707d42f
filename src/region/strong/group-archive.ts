/**
 * What the readers of the archive see of a group of regions with strong consistency. Its tables, their snapshots and its log are in the group's engine. Backups and
 * notes are in the region's own, which keeps them when a replica of the group takes the state of another region, and loses its log.
 */
import { archiveNote } from '../../core/archive/recovery.ts'
import type { Engine } from '../../engine/engine.ts'
import type { ArchiverDeps } from '../../readers/archive/archiver.ts'
import type { Backups } from '../../readers/archive/backups.ts'

type GroupArchive = ArchiverDeps['engine'] & ConstructorParameters<typeof Backups>[1]

export function groupArchive(group: string, main: Engine, engine: Engine): GroupArchive {
  return {
    region: engine.region,
    retention: engine.retention,
    flushed: () => engine.flushed(),
    clock: () => engine.clock(),
    readLog: (after, changesMax, bytesMax) => engine.readLog(after, changesMax, bytesMax),
    size: (table, index) => engine.size(table, index),
    note: (name) => main.note(archiveNote(name, group)),
    setNote: (name, value) => main.setNote(archiveNote(name, group), value),
    archive: {
      backups: () => main.archive.backups(),
      backup: (id) => main.archive.backup(id),
      putBackup: (backup) => main.archive.putBackup(backup),
      removeBackup: (id) => main.archive.removeBackup(id),
      copies: () => main.archive.copies(),
      copy: (id) => main.archive.copy(id),
      putCopy: (copy) => main.archive.putCopy(copy),
      removeCopy: (id) => main.archive.removeCopy(id),
      snapshotRows: (table, snapshot, after) => engine.archive.snapshotRows(table, snapshot, after),
      removeImages: (table, snapshot) => engine.archive.removeImages(table, snapshot),
    },
    tables: () => engine.tables(),
    tableWithId: (id) => engine.tableWithId(id),
    tableChanges: engine.tableChanges,
    define: (id, edits) => engine.define(id, edits),
    onFlushed: (listener) => {
      const unsubscribe = [main.onFlushed(listener), engine.onFlushed(listener)]
      return () => {
        for (const each of unsubscribe) each()
      }
    },
    pace: main.pace,
  }
}
