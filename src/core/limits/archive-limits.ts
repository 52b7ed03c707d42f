/** Limits of backups, restores and the archive of the log, by name. */
/** Of one blob, about: what is in memory of a backup or a restore while it is written or read. */
export const blobTargetBytes = 4 * 1024 * 1024
/** Of one blob that is read: one item, however large as JSON, may lie on top of the target. */
export const blobSizeBytesMax = 64 * 1024 * 1024
export const blobNameBytesMax = 512
/** Names that one listing of blobs returns. */
export const blobNamesMax = 1000
/** Backups that a region remembers. AWS has no such limit. */
export const backupsMax = 10_000
export const listedBackupsMax = 100
/** Snapshots of one table that are being copied at the same time. Each write of the table looks at each of them. */
export const snapshotsMax = 50
/** Tables that are being restored at the same time: DynamoDB's own limit. */
export const restoresMax = 50
/** A backup that the system makes of a deleted table with point-in-time recovery is kept for so long. */
export const systemBackupMs = 35 * 24 * 60 * 60 * 1000
export const recoveryDaysMax = 35
/** A segment of the log is archived once it has grown to a blob, or after so long. */
export const archiveEveryMs = 300_000
/** Between two looks of the archiver at the log. */
export const archiveLookMs = 1000
/** What the log is held for the archive at most. Beyond it the history of point-in-time recovery begins again. */
export const archiveHeldBytesMax = 4 * 1024 * 1024 * 1024
/** A base is followed by the next once the changes since then are as large as it, and at least so large; or after so long, if there are any. */
export const baseChangesBytesMin = 16 * 1024 * 1024
export const baseAgeMsMax = 7 * 24 * 60 * 60 * 1000
/** Changes of the log that are looked at in one turn, and about their bytes. */
export const archivedAtOnceMax = 500
export const archivedBytesAtOnceMax = 1024 * 1024
/** Batches of a restore or an import that are decided and not durable yet. */
export const copiedBatchesMax = 4
/** Items of a restore that are written together, and about their bytes. */
export const restoredAtOnceMax = 100
export const restoredBytesAtOnceMax = 512 * 1024
/** Files of the archive that a copy of a region holds. */
export const regionCopyFilesMax = 500_000
/** Records of a store that are read in one turn while a region is copied, and written together while it is restored. */
export const copiedRecordsMax = 1000
