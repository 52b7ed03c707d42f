/** What lies in the data folder of a region's node. */
export const storeFolderName = 'store'
/** Backups and the archive of the log, where `--backups` names no other place. */
export const archiveFolderName = 'archive'
/** A restore of the whole region that is not finished. */
export const restoringName = 'restoring'
