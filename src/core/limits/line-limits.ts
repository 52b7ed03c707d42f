/** Bounds of what belongs together in several messages, or is under way before what came before it has arrived; all other bounds are in limits.ts. */
import { messageSizeBytesMax, snapshotTargetBytes } from './limits.ts'

/** Parts that are asked of one peer ahead, about: over a line that is long as well as wide (5 Mbit/s and 2 s hold 2 MB). */
export const aheadBytesUnderWayMax = 16 * snapshotTargetBytes
/** Of these, parts of one table. */
export const aheadPartsMax = 32
/** Series of parts of tables that a region remembers, of all peers: of each the key at which it goes on. */
export const rowSeriesMax = 512
export const seriesNameLengthMax = 64
/**
 * Messages that one transaction may come in, when it is larger than a message may be: 4 MB of items are at most some seven times as much as JSON
 * (a list of NULL). A receiver holds all of them before it applies the first.
 */
export const transactionPartsMax = 8
/** Changes that are made together, at most: so far may a part of the log reach beyond what was asked for. */
export const groupChangesMax = 1024
/** What the parts of a transaction come to, at most: while one is not whole, so much more is let in. */
export const transactionBytesMax = transactionPartsMax * messageSizeBytesMax
