/** Figures of DynamoDB's capacity, from its developer guide (burst and adaptive capacity, on-demand capacity mode, quotas). */

/** Unused provisioned throughput that is kept for a burst. */
export const burstSecondsMax = 300
/** A partition, and so an item collection, serves no more a second. */
export const partitionUnitsMax = { read: 3000, write: 1000 } as const
/** A new on-demand table serves so much a second. */
export const onDemandUnitsMin = { read: 12_000, write: 4000 } as const
/** The quota of an on-demand table. */
export const tableUnitsMax = { read: 40_000, write: 40_000 } as const
/** An on-demand table’s peak counts once it is so old. */
export const peakAgeMinutes = 30
/** A partition that was refused for so long without a pause is split. */
export const splitAfterMs = 60_000
/** Refusals so far apart are not without a pause. */
export const splitPauseMs = 10_000
/** Of a table or index. */
export const partitionsMax = 256
/** Tables whose capacity is counted; beyond it those that are not there any more are forgotten. */
export const countedTablesMax = 4096
