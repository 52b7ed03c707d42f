/** The limits of drills: of an application's own probes, of schedules and of what is kept of runs. All others are in limits.ts. */

/** Of one probe. */
export const probeClientsMax = 32
/** Of one drill. */
export const probesMax = 8
/** Of what a command of a probe prints: more is not read. */
export const probeOutputBytesMax = 8192
/** Of one schedule. */
export const scheduledDrillsMax = 100
/** Runs that a schedule's history keeps, the newest. */
export const scheduleHistoryMax = 1000
/** Reports that a page of trends reads, the newest. */
export const trendReportsMax = 500
