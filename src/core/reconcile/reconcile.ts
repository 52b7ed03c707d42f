/**
 * Last writer wins, and says so. A row's version vector (its own stamp and those in `seen`) names the latest write
 * of each region that went into it, whether that write won or lost. It tells the cases apart:
 *
 * - the local vector has the incoming stamp: old news;
 * - the incoming vector has the local stamp: whoever wrote it had seen what is here, a causal overwrite;
 * - neither: the two writes knew nothing of each other. A conflict, won by the greater stamp.
 *
 * What is kept is always the row of the greatest stamp with the pointwise maximum of the vectors, and a row's stamp is
 * greater than all it has seen, because a region's clock is past everything that it has received. So merging is the
 * join of a semilattice: replicas that have merged the same rows, in whatever order and however often, hold the same
 * bytes. A conflict is reported by whoever merges the two rows first; a region that receives a later write made on
 * top of such a merge has nothing left to report.
 */
import { compareStamps, type RegionNumber, type Stamp } from '../hybrid-logical-clock/stamp.ts'
import { type Row, type VersionVector, vectorOf } from '../item/row.ts'
import { mergeVectors, sawStamp, sameVector } from './version-vector.ts'

export type Reconciled =
  /** Everything about the incoming row is here already. */
  | { readonly result: 'ignored' }
  /** The item stays; the incoming row only knew of more writes that it had won against. */
  | { readonly result: 'seen'; readonly row: Row }
  /** The incoming row takes the place of what it had seen. */
  | { readonly result: 'applied'; readonly row: Row }
  | { readonly result: 'conflict'; readonly row: Row; readonly winner: 'local' | 'incoming' }

/** The everyday case, one region alone having ever written the row, needs no vectors. */
export function reconcile(local: Row | undefined, incoming: Row): Reconciled {
  if (local === undefined) return { result: 'applied', row: incoming }
  if (local.seen.length === 0 && incoming.seen.length === 0 && local.stamp.region === incoming.stamp.region)
    return compareStamps(incoming.stamp, local.stamp) > 0 ? { result: 'applied', row: incoming } : { result: 'ignored' }
  const [localVector, incomingVector] = [vectorOf(local), vectorOf(incoming)]
  const vector = mergeVectors(localVector, incomingVector)
  if (sawStamp(localVector, incoming.stamp))
    return sameVector(vector, localVector) ? { result: 'ignored' } : { result: 'seen', row: rowWith(local, vector) }
  if (sawStamp(incomingVector, local.stamp)) return { result: 'applied', row: rowWith(incoming, vector) }
  const winner = compareStamps(incoming.stamp, local.stamp) > 0 ? 'incoming' : 'local'
  return { result: 'conflict', winner, row: rowWith(winner === 'incoming' ? incoming : local, vector) }
}

/**
 * What a region's own write has seen of others, given the row that it finds. Where it finds none, `horizon` says up to
 * when tombstones have been forgotten: the write came after those, although nothing here tells of them any more.
 */
export function seenBy(previous: Row | undefined, region: RegionNumber, horizon: Stamp | undefined): VersionVector {
  if (previous !== undefined)
    return vectorOf(previous)
      .filter((stamp) => stamp.region !== region)
      .toSorted(byRegion)
  return horizon === undefined ? [] : [horizon]
}

/** A peer's row must hold to this, or merging it could let an older write win. */
export function isCausal(row: Row): boolean {
  let last = -1
  for (const stamp of row.seen) {
    if (stamp.region <= last || stamp.region === row.stamp.region) return false
    if (stamp.wallMs > row.stamp.wallMs) return false
    if (stamp.wallMs === row.stamp.wallMs && stamp.counter > row.stamp.counter) return false
    last = stamp.region
  }
  return true
}

function rowWith(row: Row, vector: VersionVector): Row {
  return { ...row, seen: vector.filter((stamp) => stamp.region !== row.stamp.region) }
}

function byRegion(a: Stamp, b: Stamp): number {
  return a.region - b.region
}
