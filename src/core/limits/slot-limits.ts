/** Limits of the connections of a port that wait (http/connection-slots.ts), and of replies that are read slowly. */

/** One part in so many of a port's connections ends together to make room. */
export const slotsFreedPart = 128
/** A connection that was never answered ends before others do once it is so old. */
export const slotYoungMsMax = 2000
/** How long a reply may wait for a client that reads a little of it now and then; of one that reads nothing: replyStalledMsMax. */
export const replyMsMax = 300_000
