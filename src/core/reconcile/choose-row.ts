/**
 * Which of several replicas' rows under one key is the one to keep, decided alike by whoever has the same rows before him. The
 * greatest stamp wins, as ever; a row wins over none. Two rows of the same stamp can only differ by damage: then the one
 * that more replicas hold, and among as many the one that is greater byte by byte. What is no valid row never wins.
 */
import { compareStamps } from '../hybrid-logical-clock/stamp.ts'
import { bodyOffset, decodeRow, encodeRow, identitySizeBytes, type Row, vectorOf, writeIdentity } from '../item/row.ts'
import { isSameRow } from './digest.ts'
import { mergeVectors } from './version-vector.ts'

export type Replicated = {
  /** Undefined where the replica has nothing under the key. */
  readonly row: Buffer | undefined
  /** A row that an honest region could have written under this key. */
  readonly isValid: boolean
}

/** `none`: nothing belongs under the key. 'unknown': no replica has a valid row, nor has any of them nothing. */
export type Chosen = { readonly chosen: 'row'; readonly row: Buffer } | { readonly chosen: 'none' | 'unknown' }

export function chooseRow(replicas: readonly Replicated[]): Chosen {
  const valid = replicas.flatMap(({ row, isValid }) => (row !== undefined && isValid ? [row] : []))
  if (valid.length === 0) return { chosen: replicas.some(({ row }) => row === undefined) ? 'none' : 'unknown' }
  const best = valid.reduce((one, other) => (comesBefore(other, one, valid) ? other : one))
  return { chosen: 'row', row: withAllSeen(decodeRow(best), valid.map(decodeRow)) }
}

function comesBefore(a: Buffer, b: Buffer, all: readonly Buffer[]): boolean {
  const byStamp = compareStamps(decodeRow(a).stamp, decodeRow(b).stamp)
  if (byStamp !== 0) return byStamp > 0
  const byHolders = holders(a, all) - holders(b, all)
  if (byHolders !== 0) return byHolders > 0
  return comparable(a).compare(comparable(b)) > 0
}

function holders(row: Buffer, all: readonly Buffer[]): number {
  return all.filter((other) => isSameRow(other, row)).length
}

/** Without what it has seen. */
function comparable(row: Buffer): Buffer {
  const identity = Buffer.alloc(identitySizeBytes)
  writeIdentity(identity, row)
  return Buffer.concat([identity, row.subarray(bodyOffset(row))])
}

/** What any of them has seen, the kept row has: nobody of those that it wins against comes back. */
function withAllSeen(row: Row, all: readonly Row[]): Buffer {
  const vector = all.map(vectorOf).reduce(mergeVectors)
  return encodeRow({ ...row, seen: vector.filter((stamp) => stamp.region !== row.stamp.region) })
}
