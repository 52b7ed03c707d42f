/** Limits of what the command line keeps and reads of deployments on this machine. */

/** Records of running deployments that are looked at, of one user. */
export const deploymentRecordsMax = 256
/** A larger record is none of ours. */
export const deploymentRecordBytesMax = 16 * 1024
/** Names that are tried for a deployment whose own name is taken. */
export const deploymentNamesTriedMax = 100
