/** Maxima of an order that several regions share (engine/order/quorum-order.ts). */

/** A command that has not come back by then is refused, and the client may try again. */
export const quorumWaitMsMax = 6000

/** Commands of an entry, together; a larger one is refused. A nats-server takes 2 MiB, and sealing adds little. */
export const quorumEntryBytesMax = 1_900_000
export const quorumEntryCommandsMax = 256

/** What is appended while so many entries of this member have no place yet waits, and goes together. */
export const quorumEntriesInFlightMax = 8

/** Commands that wait for an entry; further ones are refused at once. */
export const quorumQueuedBytesMax = 32 * 1024 * 1024
export const quorumQueuedCommandsMax = 20_000

/** Members whose runs are remembered. */
export const quorumMembersMax = 16

/** Digests of a member's own state, by the entry after which it had them. */
export const quorumDigestsMax = 4096

/** A member that appends nothing tells its digest and its durable place this often, when something was decided meanwhile. */
export const quorumReportMs = 60_000

export const quorumRetryMsMin = 50
export const quorumRetryMsMax = 1000

/** After a failure of the store the order is followed from the last durable entry again. */
export const quorumFollowAgainMs = 1000

/** The stream is trimmed in steps of at least so many entries. */
export const quorumTrimStep = 1024
/** Where nothing was decided, a place that is as far behind is made durable, looked at after so many entries. */
export const quorumKeepStep = 256
/** A replica that is further behind is not waited for: it starts from the state of another one. */
export const quorumEntriesKeptMax = 500_000

/** Tables of a replica whose state another one starts from, those remembered too. */
export const quorumTablesTakenMax = 20_000
