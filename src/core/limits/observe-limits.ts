/** Limits of the log of slow requests, and of what is exported by OpenTelemetry's protocol. */

/** Lines a second; what is beyond is counted in the next line. */
export const slowLinesPerSecondMax = 10
/** Spans that wait to be sent; further ones are dropped and counted. */
export const otlpSpansWaitingMax = 4096
export const otlpSpansAtOnceMax = 512
export const otlpPointsAtOnceMax = 2000
export const otlpFlushMs = 2000
export const otlpMetricsEveryMs = 30_000
export const otlpAnswerMsMax = 5000
/** Tries of one batch, with a pause between them that doubles. */
export const otlpTriesMax = 3
export const otlpPauseMs = 500
/** At the end of a process. */
export const otlpFarewellMsMax = 2000
/** Spans of applied commits of one batch of a peer. */
export const appliedSpansMax = 256
/** Of an answer of the collector, only so much is read. */
export const otlpAnswerBytesMax = 64 * 1024
/** Commits of one request that get a span. */
export const writeSpansMax = 100
