/** Limits of metrics and alarms: CloudWatch's own (API reference and quotas), then ours. */

// CloudWatch
export const metricQueriesMax = 500
/** Points of one answer of GetMetricData. */
export const metricDataPointsMax = 100_800
export const metricStatisticsPointsMax = 1440
export const listedMetricsMax = 500
export const metricDataMax = 1000
export const metricValuesMax = 150
export const periodSecondsMax = 86_400
export const alarmsMax = 5000
export const alarmMetricsMax = 10
export const alarmEvaluationSecondsMax = 86_400
/** Where the period is an hour or more. */
export const longAlarmEvaluationSecondsMax = 604_800
export const describedAlarmsMax = 100
export const alarmTagsMax = 50
/** A value's magnitude, in powers of two. */
export const metricValueExponentMax = 360
export const recentlyActiveMs = 3 * 60 * 60 * 1000
export const alarmHistoryMs = 14 * 24 * 60 * 60 * 1000
/** How far from now the time of a point may be. */
export const metricPastMs = 14 * 24 * 60 * 60 * 1000
export const metricFutureMs = 2 * 60 * 60 * 1000

// Ours
/** One point each. */
export const metricResolutionMs = 60_000
export const metricRetentionMs = 15 * 24 * 60 * 60 * 1000
/** Metrics that a region keeps points of at a time; further ones are not kept, and the log says so once an hour. */
export const metricSeriesMax = 2000
/** Hours of points that are in memory; those before are read from their blocks. */
export const metricHoursInMemory = 3
/** An hour of points of all metrics. Beyond it, percentiles are dropped first, and then whole metrics. */
export const metricBlockBytesMax = 2 * 1024 * 1024
/** Series of one metric that are found without making a text of their labels. */
export const labelledRememberedMax = 1000
/** Buckets of a sketch, from which percentiles are taken. */
export const sketchBucketsMax = 100
/** How exact a percentile is, as a part of its value. */
export const sketchAccuracy = 0.025
export const mathExpressionLengthMax = 2048
export const mathDepthMax = 50
/** Points that the expressions of one request go through. */
export const mathPointsMax = 2_000_000
/** Points of all metrics of one request, as its periods ask for. */
export const metricRequestPointsMax = 1_000_000
export const alarmHistoryItemsMax = 10_000
export const alarmActionTriesMax = 5
export const alarmActionsUnderWayMax = 16
/** Actions that wait for their turn or their next try. */
export const alarmActionsWaitingMax = 1000
/** Points of all metrics in memory, with which a region that writes no blocks makes do too: about 100 bytes each. */
export const metricPointsInMemoryMax = 400_000
/** Between two writings of the hours that have changed: a crash costs so much of the metrics at most. */
export const metricFlushMs = 5 * 60_000
/** Metrics whose present minute is found at once. */
export const recentMetricsMax = 1000
/** Combinations of the labels of one metric, of which it is remembered what they are in CloudWatch. */
export const collectedLabelsMax = 20_000
/** Tables and global indexes of which minutes without requests are points of 0; of further ones they are no points. */
export const idleResourcesMax = 250
/** A replication metric sample and a table's settings are taken so often. */
export const starredMetricMs = 5 * 60_000
