/** Limits of the streams that several regions share: at their servers (deployment/secrets/nats/quorum-settings.ts) and in their clients (adapters/nats). */

/** An entry of a stream, without its headers. */
export const quorumEntryBytesMax = 2 * 1024 * 1024
/** What members have not trimmed yet; a stream that is full refuses entries. */
export const quorumStreamBytesMax = 1024 * 1024 * 1024
/** Streams of one deployment: one for each set of regions that has had a table. */
export const quorumStreamsMax = 16
/** What a quorum server may take of its disk. */
export const quorumFileBytesMax = 16 * quorumStreamBytesMax
/** Appends of a stream that are not answered yet; further ones are refused. */
export const quorumAppendsMax = 256
/** An append that is not answered within this time is ambiguous: two round trips, also where a link is slow. */
export const quorumAppendMsMax = 3000
/** How long the servers remember an id. */
export const quorumIdsMs = 120_000
export const quorumIdLengthMax = 200
/** Entries that are asked of the servers together, and about how many bytes of them; the size of those before tells how many that is. */
export const quorumFetchesMax = 64
export const quorumFetchBytesMax = 8 * 1024 * 1024
/** Entries that the leader has pushed and that are not taken yet: further ones are asked for when it is their turn. */
export const quorumPushedMax = 1024
export const quorumPushedBytesMax = 16 * 1024 * 1024
/** How long a push may take longer than the answer to an own append. */
export const quorumPushGraceMs = 20
export const quorumFetchMsMax = 2000
/** How often the next entry is asked for when none is known of: what tells of entries may be lost. */
export const quorumIdlePollMs = 1000
/** Between attempts to get an entry that is known to be placed: other copies have it a little later than the leader. */
export const quorumMissPollMs = { first: 2, most: 100 }
/** When no copy has given it for so long, the leader is asked. */
export const quorumMissMsMax = 1500
/** How often a member asks the leader who it reaches. */
export const quorumProbeMs = 1000
/** Without a word from a majority for so long, a member counts itself to the minority. */
export const quorumSilentMsMax = 4000
/** How long opening a stream waits for the servers to elect. */
export const quorumOpenMsMax = 20_000
export const quorumQuestionMsMax = 2500
