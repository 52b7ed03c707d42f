/** Limits of the console: what its process keeps, and what one request to it may be. */

/** Keys of items whose rows are asked of a region at a time. */
export const itemKeysShownMax = 100

/** Samples of each direction between two regions; one each second. */
export const historySamplesMax = 900
/** Directions of which samples are kept: those between 32 regions. */
export const historyDirectionsMax = 32 * 31

/** Notes (faults, actions, regions that come and go) that are kept for pages that come back. */
export const consoleNotesMax = 1000
/** Pages that follow at a time, and what may wait for one of them. */
export const consoleStreamsMax = 32
export const consoleStreamBytesMax = 8 * 1024 * 1024

export const consoleConnectionsMax = 128
/** An item has at most 400 KB, and its JSON may be a few times as long. */
export const consoleBodyBytesMax = 4 * 1024 * 1024
/** Requests of pages that are carried out at a time. */
export const consoleRequestsMax = 32
/** Conflicts told at a time, of all regions together. */
export const consoleConflictsMax = 500

/** Shards of a change stream that a reader keeps in mind; those of four hours are followed at a time, and those of a day are listed. */
export const streamShardsShownMax = 10_000
/** Lines of a drill that runs, and the characters of one. */
export const drillLinesMax = 2000
export const drillLineCharactersMax = 1000
/** A drill's file. */
export const drillCharactersMax = 200_000
/** Reports of drills that are listed, and the bytes of one. */
export const reportsShownMax = 200
export const reportBytesMax = 64 * 1024 * 1024
/** Tickets for reports, and how long each is good. */
export const reportTicketsMax = 100
export const reportTicketMs = 5 * 60_000
/** Users and roles, and findings about policies, that are shown. */
export const identitiesShownMax = 500
export const deniedShownMax = 200
/** Tables and indexes whose capacity is told, metrics that are asked for at a time, and pages of them. */
export const capacityRowsMax = 1000
/** Parts of an estimate of costs that are told, the dearest first. */
export const costLinesMax = 200
export const metricQueriesMax = 500
export const capacityPagesMax = 20
/** Records that are read of a shard for a page at a time. */
export const streamRecordsShownMax = 100
