/** Limits of change streams, by name. */
/** Of one table. */
export const streamSlicesMax = 256
/** Generations of one stream: with so many its shards go on until the oldest are over. Those that a new epoch of the log begins come on top. */
export const streamGenerationsMax = 500
/** Streams that are kept: those that are disabled are readable for a day. The oldest of them go first. */
export const changeStreamsMax = 10_000
export const streamRetentionMs = 24 * 60 * 60 * 1000
export const streamRollMs = 4 * 60 * 60 * 1000
/** What the log is held for streams at most; the alarm comes at a share of it. */
export const streamRetentionBytes = 4 * 1024 * 1024 * 1024
export const streamAlarmShare = 0.8
/** Bytes of the log from one mark of its size to the next. */
export const logMarkBytes = 1024 * 1024
export const listStreamsMax = 100
export const describedShardsMax = 100
/** Of one GetRecords. */
export const streamRecordsMax = 1000
export const streamPageBytesMax = 1024 * 1024
/** Records of it that are read in one turn. */
export const streamTurnRecordsMax = 250
export const shardIteratorMsMax = 15 * 60 * 1000
/** Records of streams whose time is over, removed in one step. */
export const streamRecordsRemovedAtOnceMax = 1000
