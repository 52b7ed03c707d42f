/** Bounds of what is under way over a line before what came before it has arrived; all other bounds are in limits.ts. */
import { snapshotTargetBytes } from './limits.ts'

/** Parts that are asked of one peer ahead, about: over a line that is long as well as wide (5 Mbit/s and 2 s hold 2 MB). */
export const aheadBytesUnderWayMax = 16 * snapshotTargetBytes
/** Of these, parts of one table. */
export const aheadPartsMax = 32
/** Series of parts of tables that a region remembers, of all peers: of each the key at which it goes on. */
export const rowSeriesMax = 512
export const seriesNameLengthMax = 64
