/** The limits of faults that are set on a region's API; all others are in limits.ts. */

/** Set on one region at once. */
export const apiFaultsMax = 64
/** Names of tables, of indexes or of operations that one fault is aimed at. */
export const faultNamesMax = 32
/** Nothing stays broken for longer. */
export const faultMsMax = 24 * 60 * 60 * 1000
export const faultMsUsual = 10 * 60 * 1000
/** How long a request may be delayed, or kept without an answer. */
export const heldMsMax = 5 * 60 * 1000
export const heldMsUsual = 30_000
/** Requests that wait at once because of faults; further ones are cut off, or go on, immediately. */
export const heldRequestsMax = 2000
export const percentilesMax = 16
/** How old an answer to an eventual read may be made, and how much of what was is kept for that. */
export const staleMsMax = 60 * 60 * 1000
export const staleMsUsual = 2000
export const formerRowsMax = 50_000
export const formerBytesMax = 64 * 1024 * 1024
