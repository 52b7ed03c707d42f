/** Maxima and times of a region of several nodes (region/nodes/). */

/** Of an entry in the stream; a larger batch goes in parts. A nats-server takes 2 MiB. */
export const nodeEntryBytesMax = 1_800_000
/** A batch as a whole. A flush group is refused more from 256 MiB on, and one command adds a bounded amount. */
export const nodeBatchBytesMax = 512 * 1024 * 1024
/** Batches that wait for entries, together. */
export const nodeQueuedBytesMax = 2 * nodeBatchBytesMax

/** Entries of the leading node that have no place yet. */
export const nodeEntriesInFlightMax = 8
export const nodeBytesInFlightMax = 8 * 1024 * 1024
/** Beats among them: the reads that come while so many are in flight share the next one. */
export const nodeBeatsInFlightMax = 2
/** Other nodes are given so long to say which term they know. Until one has answered, the reads that come are proved by the order. */
export const nodeRoundMsMax = 100
/** Barriers that wait; further ones are refused at once. */
export const nodeBarriersMax = 50_000

/** Entries that wait for the node's disk are applied in one batch, up to so many bytes; the stream gives no more while so many wait. */
export const nodeApplyBytesMax = 8 * 1024 * 1024
/** A node that follows lets so much time pass between two batches: eventual reads there are older by so much, and flushes fewer. */
export const nodeApplyRestMs = 20
export const nodeUnappliedBytesMax = 32 * 1024 * 1024
/** Where nothing is written, the place is made durable all the same after so many entries. */
export const nodePlaceStep = 1024

/** The leading node places an entry at least this often. */
export const nodeBeatMs = 500
/** A node that hears nothing of the leading node for so long, and up to half as long more by chance, takes over. */
export const nodeLeadSilentMs = 2000
/** The same where the leading node is known to lead no more: it has resigned, or was a former process of this node. */
export const nodeLeadVacantMs = 100
/** Silence may be that of a stream without a leader: once that places entries again, the node that leads has so long to be heard. */
export const nodeLeadProvedMs = 400
/** A leading node of which nothing comes back for so long gives up: longer than the stream takes to elect a leader. */
export const nodeLeadLostMs = 6000
/** A node that stops waits so long for others to know that it leads no more. */
export const nodeResignMs = 2000
/** How often a node looks whether time is over. */
export const nodeWatchMs = 100
/** After a failure of its store a node leads no sooner, and applies from its durable place again. */
export const nodeStoreRetryMs = 1000
export const nodeStoreRecoverMs = 10_000

/** The leading node appends again at least this often, so that it is heard first when the stream places entries again. */
export const nodeAppendRetryMsMax = 200
/** From then on also while earlier appends of the same entry have no answer. */
export const nodeAppendAgainMs = 1000
export const nodeRetryMsMin = 50
export const nodeRetryMsMax = 1000

/** How often a node tells its durable place, when that has moved on. */
export const nodeNoteMs = 5000
/** The stream is trimmed in steps of at least so many entries. */
export const nodeTrimStep = 1024
/** A node that is further behind, in entries or in bytes of them, is not waited for: it copies the store of another one. */
export const nodeEntriesKeptMax = 500_000
export const nodeEntriesKeptBytesMax = 2 * 1024 * 1024 * 1024
/** Places of which it is known how many bytes lie before them. */
export const nodeBytePlacesMax = 4096

/** A page of a store that another node copies: rows until so many bytes, at least one. */
export const nodeCopyPageBytesMax = 2 * 1024 * 1024
export const nodeCopyPageRowsMax = 10_000
/** Of a key that a page of such a copy goes on after: LMDB takes 4,026 at pages of 8 KB. */
export const nodeCopyKeyBytesMax = 4026
/** Rows that are removed in one batch when a store is made empty. */
export const nodeClearRowsMax = 5000

export const nodeNamesMax = 7
export const nodeNameLengthMax = 100
export const nodeAddressLengthMax = 300
