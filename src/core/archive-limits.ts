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
/** Items of a restore that are written together, and about their bytes. */
export const restoredAtOnceMax = 100
export const restoredBytesAtOnceMax = 512 * 1024
