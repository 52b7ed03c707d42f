/** Limits of what the command line keeps and reads of deployments on this machine. */

/** Records of running deployments that are looked at, of one user. */
export const deploymentRecordsMax = 256
/** A larger record is none of ours. */
export const deploymentRecordBytesMax = 16 * 1024
/** Names that are tried for a deployment whose own name is taken. */
export const deploymentNamesTriedMax = 100

/** Characters of the log that `longitude up` remembers, and of one line. */
export const recentLinesCharsMax = 512 * 1024
export const recentLineCharsMax = 4096
/** Characters of one file of a diagnosis: its end is kept. */
export const diagnosisFileCharsMax = 4 * 1024 * 1024
/** Files of secrets that a diagnosis is cleaned of, and the size of one. */
export const secretFilesMax = 4096
export const secretFileBytesMax = 16 * 1024 * 1024
