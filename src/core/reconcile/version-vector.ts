/**
 * Version vectors: of each region the latest write seen. An entry of `everyRegion` stands for all writes of all
 * regions up to its moment (tombstones forgotten since, see reconcile.ts). In the order of region numbers, so that
 * equal vectors are equal bytes.
 */
import { compareStamps, everyRegion, type RegionNumber, type Stamp } from '../hybrid-logical-clock/stamp.ts'
import type { VersionVector } from '../item/row.ts'

export function sawStamp(vector: VersionVector, stamp: Stamp): boolean {
  return vector.some(
    (seen) => (seen.region === stamp.region || seen.region === everyRegion) && compareStamps(seen, stamp) >= 0,
  )
}

/**
 * The pointwise maximum, less what the entry of all regions stands for already: one region may have forgotten a tombstone
 * that another still has, and rows that have seen the same must be the same bytes.
 */
export function mergeVectors(a: VersionVector, b: VersionVector): VersionVector {
  const latest = new Map<RegionNumber, Stamp>()
  for (const stamp of [...a, ...b]) {
    const known = latest.get(stamp.region)
    if (known === undefined || compareStamps(stamp, known) > 0) latest.set(stamp.region, stamp)
  }
  const forgotten = latest.get(everyRegion)
  const entries = [...latest.values()]
  const kept = forgotten === undefined ? entries : entries.filter((stamp) => compareStamps(stamp, forgotten) >= 0)
  return kept.toSorted((x, y) => x.region - y.region)
}

/** `merged` is the merge of `vector` with something. */
export function sameVector(merged: VersionVector, vector: VersionVector): boolean {
  return (
    merged.length === vector.length &&
    merged.every((stamp) => vector.some((known) => known.region === stamp.region && compareStamps(known, stamp) === 0))
  )
}
