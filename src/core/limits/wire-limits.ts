/** Limits of what comes and goes by HTTP: replies, handshakes, requests that wait for a position, other services at the same port. All others are in limits.ts. */

/** Memory in which replies stand until they are written, and the blocks of it that are kept for the next ones. */
export const replyBlockBytes = 256 * 1024
export const replyBlocksMax = 8

/** A handshake of TLS may take so long. */
export const handshakeMsMax = 10_000
/** The first line of a connection between two processes of a region. */
export const admissionBytesMax = 1024

/** Places in logs that one request waits for (docs/coding/position.md). */
export const positionsAwaitedMax = 16
export const positionWaitMsUsual = 5000
export const positionWaitMsMax = 30_000
/** Requests that wait at once. */
export const positionWaitsMax = 1000

/** Of one request to a service beside DynamoDB, as of the smallest services of AWS; policies and metrics are smaller. */
export const serviceRequestBytesMax = 1024 * 1024
/** How deep its values may lie within each other; metrics, alarms and policies nest a third of that. */
export const serviceDepthMax = 32
/** Values in it: 1,000 metrics, each with 150 values and how often each was seen. */
export const serviceValuesMax = 350_000
/** Lists and objects among them: 1,000 metrics of 30 dimensions. To a parser they cost far more than numbers. */
export const serviceContainersMax = 40_000
/** Parameters of one request in the Query protocol. */
export const queryParametersMax = 50_000
/** Parts of a parameter's name, such as `Metrics.member.1.Name`. */
export const queryPathPartsMax = 24
/** Parts that parameters have not in common with others: each becomes an object. */
export const queryPartsMax = 100_000
export const queryListIndexMax = 10_000

// Connections that wait (http/connection-slots.ts)
/** One part in so many of a port's connections ends together to make room. */
export const slotsFreedPart = 128
/** A connection that was never answered ends before others do once it is so old. */
export const slotYoungMsMax = 2000
/** How long a reply may wait for a client that reads a little of it now and then; of one that reads nothing: replyStalledMsMax. */
export const replyMsMax = 300_000
