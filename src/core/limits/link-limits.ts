/** The limits of links between regions; all others are in limits.ts. */

/**
 * Bounds what waits for its turn in one direction of a connection over a link: so many milliseconds of its bandwidth, within a least and a
 * most number of bytes. More only hides from TCP that the link is full.
 */
export const linkWaitingMax = { least: 2 * 1024, ms: 250, most: 256 * 1024 } as const
/** Bytes that a socket of a link may have waiting to be written before the link waits for it. */
export const linkUnwrittenBytesMax = 256 * 1024
/** Bytes on their way in one direction of a connection, beside what the distance itself holds at half a gigabyte a second. */
export const linkInFlightBytesMax = { least: 512 * 1024, perMs: 512 * 1024, most: 32 * 1024 * 1024 } as const
/** Of all connections over the links of a process; beyond these each direction of one may hold no more than a share. */
export const linkHeldBytesMax = 256 * 1024 * 1024
export const linkShareBytes = { waiting: 16 * 1024, inFlight: 64 * 1024 } as const
/** Of one listening port of a link: a peer's node needs a few. */
export const linkConnectionsMax = 256
/** Laid over one direction of a link at once. */
export const linkFaultsMax = 64
