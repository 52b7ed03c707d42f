/**
 * A node's store, lent to another one that has lost its own: question and answer as bytes, for whatever carries them between nodes.
 *
 *   question   kind u8 (place, or page) · page: the last key of the page before
 *   place      kind u8 · place
 *   page       kind u8 · isLast u8 · edits
 *   refusal    kind u8
 *
 * Pages are of different moments. Each is of a moment between the place that is asked for before them and the one asked for after them.
 */
import type { Edit, Store } from '../../../ports/store.ts'
import { nodeCopyKeyBytesMax, nodeCopyPageBytesMax, nodeCopyPageRowsMax } from '../../../core/limits/nodes-limits.ts'
import { decodeEdits, encodeEdits, readOrNone } from '../node-entry.ts'
import { type NodePlace, placeBytes, placeIn, sharedKeys } from './node-place.ts'

const kinds = { refusal: 0, place: 1, page: 2 }

export type StorePage = { readonly edits: readonly Edit[]; readonly isLast: boolean }
export type LendAnswer = { readonly place: NodePlace } | { readonly page: StorePage } | 'refused'

export const placeQuestion = Buffer.of(kinds.place)
export const pageQuestion = (after: Uint8Array): Buffer => Buffer.concat([Buffer.of(kinds.page), after])

/** `place`: what the store is up to, durably; undefined while its rows are not all of one moment. */
export function answerTo(
  question: Buffer,
  store: Store,
  {
    place,
    rowsMax = nodeCopyPageRowsMax,
  }: { readonly place: NodePlace | undefined; readonly rowsMax?: number | undefined },
): Buffer {
  if (place === undefined || question.length === 0) return Buffer.of(kinds.refusal)
  if (question[0] === kinds.place) return Buffer.concat([Buffer.of(kinds.place), placeBytes(place)])
  // No store has a longer key, and one of LMDB cannot be asked for it.
  if (question[0] !== kinds.page || question.length > 1 + nodeCopyKeyBytesMax) return Buffer.of(kinds.refusal)
  const { edits, isLast } = pageAfter(store, question.subarray(1), rowsMax)
  return Buffer.concat([Buffer.of(kinds.page, isLast ? 1 : 0), encodeEdits(edits)])
}

/** Undefined for bytes that are no answer. */
export function lendAnswerIn(bytes: Buffer): LendAnswer | undefined {
  return readOrNone(bytes, (reader) => {
    const kind = reader.u8()
    if (kind === kinds.refusal) return 'refused'
    if (kind === kinds.place) return placeAnswer(reader.bytes(reader.left))
    if (kind !== kinds.page) return undefined
    const isLast = reader.u8() === 1
    const edits = decodeEdits(reader.bytes(reader.left))
    return edits === undefined ? undefined : { page: { edits, isLast } }
  })
}

function placeAnswer(bytes: Buffer): LendAnswer | undefined {
  const place = placeIn(bytes)
  return place === undefined ? undefined : { place }
}

function pageAfter(store: Store, after: Buffer, rowsMax: number): StorePage {
  const edits: Edit[] = []
  let bytes = 0
  for (const { from, to } of sharedKeys) {
    if (Buffer.compare(after, to) >= 0) continue
    const first = Buffer.compare(after, from) < 0 ? from : Buffer.concat([after, Buffer.of(0)])
    for (const { key, value } of store.entries({ from: first, to })) {
      if (bytes >= nodeCopyPageBytesMax || edits.length >= rowsMax) return { edits, isLast: false }
      edits.push({ key, value })
      bytes += key.length + value.length
    }
  }
  return { edits, isLast: true }
}
