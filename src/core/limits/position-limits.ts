/** The limits of requests that wait for what another region has written (docs/coding/position.md); all others are in limits.ts. */

/** Places in logs that one request waits for. */
export const positionsAwaitedMax = 16
export const positionWaitMsUsual = 5000
export const positionWaitMsMax = 30_000
/** Requests that wait at once. */
export const positionWaitsMax = 1000
