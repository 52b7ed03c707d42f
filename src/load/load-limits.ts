/** Limits of `longitude load` and `longitude dump`, by name. */
/** Of a file that is one JSON document. */
export const documentBytesMax = 256 * 1024 * 1024
/** Batches that travel at the same time, and about their bytes. */
export const batchesAtOnceMax = 16
export const sentBytesMax = 8 * 1024 * 1024
/** Between two notes of how far it has come. */
export const notedEveryMs = 200
/** Of one BatchWriteItem, about: DynamoDB takes 16 MB. */
export const batchBytesMax = 2 * 1024 * 1024
/** Problems that are kept and named one by one; others are only counted. */
export const namedProblemsMax = 1000
/** A file of a folder, and folders within each other. */
export const filesMax = 100_000
export const foldersDeepMax = 8
/** Items of one file of a dump, and about their bytes. */
export const dumpedItemsMax = 50_000
export const dumpedBytesMax = 64 * 1024 * 1024
