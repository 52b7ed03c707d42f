/** Limits of stores of blobs that speak S3, by name. */
/** Larger blobs travel in parts of this size, one after the other. S3 takes no less than 5 MiB, and at most 10,000 parts. */
export const partBytes = 8 * 1024 * 1024
export const partsMax = 10_000
/** A blob that is read as a whole. */
export const wholeBytesMax = 256 * 1024 * 1024
/** An answer that tells of blobs, or of an error. */
export const answerBytesMax = 4 * 1024 * 1024
export const triesMax = 5
export const backOffMs = 100
export const backOffMsMax = 3000
/** An endpoint that sends nothing for so long has failed. */
export const silenceMsMax = 30_000
export const connectionsMax = 8
/** Names that S3 returns in one answer. */
export const listedMax = 1000
