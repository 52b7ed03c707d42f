/**
 * How far a node has come in the order of its region: a record of its store, written in one batch with the edits up to there. What is
 * under `ownKeys` is the node's alone, and in no entry and no copy.
 */
import type { Range, Store } from '../../../ports/store.ts'
import { checksum } from '../../../core/checksum.ts'
import { catalogKey, headKey, identityKey } from '../../../engine/store/keys.ts'

export type NodePlace = {
  /** The last entry that was looked at. */
  readonly sequence: number
  readonly term: number
  /** The last accepted number of the term. */
  readonly n: number
  /** The entry that was accepted last, of those that the leading node places. */
  readonly placed: number
  /** Over all accepted edits. */
  readonly digest: number
  /** The leading node of the term, and its process; undefined before the first term. */
  readonly leader?: { readonly node: string; readonly address: string; readonly run: string } | undefined
  readonly isResigned: boolean
  /** The store is a copy whose rows are of different moments before this entry, and nothing is served from it. */
  readonly wholeFrom?: number | undefined
}

export const firstPlace: NodePlace = { sequence: 0, term: 0, n: 0, placed: 0, digest: 0, isResigned: false }

/** Beside the kinds of the engine (engine/store/keys.ts). */
const ownKind = 0x90
const placeKey = Buffer.from([ownKind, ...Buffer.from('place')])
/** There while rows are being copied. */
const copyingKey = Buffer.from([ownKind, ...Buffer.from('copying')])
const ownKeys: Range = { from: Buffer.of(ownKind), to: Buffer.of(ownKind + 1) }

/** All keys that nodes have in common. */
export const sharedKeys: readonly Range[] = [
  { from: Buffer.of(0), to: ownKeys.from },
  { from: ownKeys.to, to: Buffer.of(0xff) },
]

export const placeEdit = (place: NodePlace): { readonly key: Buffer; readonly value: Buffer } => {
  return { key: placeKey, value: placeBytes(place) }
}
export const copyingEdit = (isCopying: boolean): { readonly key: Buffer; readonly value: Buffer | undefined } => {
  return { key: copyingKey, value: isCopying ? Buffer.of(1) : undefined }
}

/** `copying`: the store has to be filled from another one, as its rows are partly copied or its record is damaged. */
export function placeOf(store: Pick<Store, 'get' | 'keys'>): NodePlace | 'copying' {
  if (store.get(copyingKey) !== undefined) return 'copying'
  const bytes = store.get(placeKey)
  return bytes === undefined ? { ...firstPlace, digest: basisOf(store) } : (placeIn(bytes) ?? 'copying')
}

/** What the store may be copied at; undefined while its rows are of different moments. */
export function wholePlaceOf(store: Pick<Store, 'get' | 'keys'>): NodePlace | undefined {
  const place = placeOf(store)
  return place === 'copying' || place.wholeFrom !== undefined ? undefined : place
}

export function hasRows(store: Pick<Store, 'keys'>): boolean {
  return sharedKeys.some((range) => [...store.keys({ ...range, limit: 1 })].length > 0)
}

/** 0 for an empty store. Nodes that begin with copies of one store have the same digest. */
function basisOf(store: Pick<Store, 'get' | 'keys'>): number {
  const records = [identityKey, headKey, catalogKey].map((key) => store.get(key) ?? Buffer.alloc(0))
  return records.reduce((sum, record) => checksum(record, 0, record.length, sum), hasRows(store) ? 1 : 0)
}

/** JSON under its checksum. */
export function placeBytes(place: NodePlace): Buffer {
  const text = Buffer.from(JSON.stringify(place))
  const bytes = Buffer.alloc(4 + text.length)
  text.copy(bytes, 4)
  bytes.writeUInt32BE(checksum(text, 0, text.length), 0)
  return bytes
}

export function placeIn(bytes: Buffer): NodePlace | undefined {
  if (bytes.length < 5 || bytes.readUInt32BE(0) !== checksum(bytes, 4, bytes.length)) return undefined
  return JSON.parse(bytes.toString('utf8', 4)) as NodePlace
}
