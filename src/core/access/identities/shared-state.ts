/**
 * Identities that regions share, as a set of things that merges in any order of arrival. A user, a key, an attached policy or the mark that a key is
 * inactive is a thing with an id of its own. A thing that was deleted stays deleted: that wins over every change of it, whatever the clocks say.
 * Of two changes the later one counts. Something made again under the same name is another thing.
 */
import { clockDriftMsMax } from '../../limits/limits.ts'
import { sharedThingBytesMax } from '../../limits/access-limits.ts'
import { uuidFrom } from '../../uuid-from.ts'
import { isObject } from '../../wire/json.ts'
import { isSharedValue } from './shared-values.ts'

export type ThingId = string

export type Thing = {
  /** `user/ann`, and of what belongs to another thing `keys/AKIA…`. */
  readonly name: string
  /** The things that it belongs to, the outermost first: it is gone with each of them. */
  readonly of: readonly ThingId[]
  readonly made: SharedStamp
  readonly changed: SharedStamp
  readonly value: unknown
}

/** Of a thing that is gone only what it belonged to is kept. */
export type Gone = { readonly of: readonly ThingId[]; readonly gone: true }

/** Milliseconds with leading zeros, and random letters: texts compare as moments do. */
export type SharedStamp = string

export type SharedState = ReadonlyMap<ThingId, Thing | Gone>

export const noSharedThings: SharedState = new Map()

export const isGone = (thing: Thing | Gone): thing is Gone => 'gone' in thing

const millisecondsOf = (stamp: SharedStamp): number => Number(stamp.slice(0, millisecondsLength))
const millisecondsLength = 15

/** Later than every stamp of the state, also where the clock is behind. `random`: four bytes. */
export function nextStamp(state: SharedState, nowMs: number, random: Buffer): SharedStamp {
  let last = 0
  for (const thing of state.values()) if (!isGone(thing)) last = Math.max(last, millisecondsOf(thing.changed))
  const ms = Math.max(Math.floor(nowMs), last + 1)
  return `${String(ms).padStart(millisecondsLength, '0')}.${random.toString('hex')}`
}

/** The same state, as the same object, where nothing is new. */
export function mergeShared(state: SharedState, arrived: Iterable<readonly [ThingId, Thing | Gone]>): SharedState {
  let merged: Map<ThingId, Thing | Gone> | undefined
  for (const [id, thing] of arrived) {
    const known = (merged ?? state).get(id)
    if (known !== undefined && !isLater(thing, known)) continue
    merged ??= new Map(state)
    merged.set(id, thing)
  }
  return merged === undefined ? state : withoutOwned(state, merged)
}

function isLater(thing: Thing | Gone, known: Thing | Gone): boolean {
  if (isGone(known) !== isGone(thing)) return isGone(thing)
  if (!isGone(thing) && !isGone(known) && thing.changed !== known.changed) return thing.changed > known.changed
  return JSON.stringify(thing) > JSON.stringify(known)
}

/** What belongs to a thing that is gone needs no place of its own: it could not come back. */
function withoutOwned(before: SharedState, merged: Map<ThingId, Thing | Gone>): SharedState {
  for (const [id, thing] of merged) if (thing.of.some((owner) => isGoneIn(merged, owner))) merged.delete(id)
  const isSame = merged.size === before.size && [...merged].every(([id, thing]) => before.get(id) === thing)
  return isSame ? before : merged
}

function isGoneIn(state: SharedState, id: ThingId): boolean {
  const thing = state.get(id)
  return thing !== undefined && isGone(thing)
}

/** The ids of a state lie in so many parts, by their first digit. */
const partsCount = 16
const partOf = (id: ThingId): number => Number.parseInt(id.charAt(0), 16)

/** A digest of each part: regions whose digests are equal know the same. */
export function partDigests(state: SharedState): readonly string[] {
  const known = digests.get(state) ?? digestsOf(state)
  digests.set(state, known)
  return known
}

const digests = new WeakMap<SharedState, readonly string[]>()

function digestsOf(state: SharedState): readonly string[] {
  const parts = Array.from({ length: partsCount }, (): string[] => [])
  for (const [id, thing] of state) parts[partOf(id)]?.push(`${id} ${JSON.stringify(thing)}`)
  return parts.map((lines) => uuidFrom(lines.toSorted().join('\n')))
}

export type SharedPart = {
  readonly things: readonly (readonly [ThingId, Thing | Gone])[]
  /** Where the next part begins; absent in the last. */
  readonly after?: ThingId
}

/** Of the parts whose digests are not `theirs`, in the order of ids after one, about so many bytes. */
export function sharedPart(
  state: SharedState,
  theirs: readonly string[],
  { after = '', bytesMax }: { readonly after?: ThingId | undefined; readonly bytesMax: number },
): SharedPart {
  const differs = partDigests(state).map((digest, part) => digest !== theirs[part])
  const ids = [...state.keys()].filter((id) => id > after && differs[partOf(id)] === true).toSorted()
  const things: [ThingId, Thing | Gone][] = []
  let bytes = 0
  for (const id of ids) {
    const thing = state.get(id) as Thing | Gone
    bytes += JSON.stringify(thing).length
    if (bytes > bytesMax && things.length > 0) return { things, after: things.at(-1)?.[0] ?? '' }
    things.push([id, thing])
  }
  return { things }
}

const idForm = /^[0-9a-f]{24}$/
const stampForm = /^[0-9]{15}\.[0-9a-f]{8}$/
const ownersMax = 2

/** What a peer or a file says to be a thing, with its id; undefined for what is none, or has a stamp too far ahead of the clock. */
export function sharedThingOf(given: unknown, nowMs: number): readonly [ThingId, Thing | Gone] | undefined {
  if (!Array.isArray(given) || given.length !== 2) return undefined
  const [id, thing] = given as readonly unknown[]
  if (typeof id !== 'string' || !idForm.test(id) || !isObject(thing)) return undefined
  const { of, gone, name, made, changed, value } = thing
  if (!Array.isArray(of) || of.length > ownersMax || !of.every((owner) => idForm.test(String(owner)))) return undefined
  const owners = of as readonly ThingId[]
  if (gone === true) return [id, { of: owners, gone }]
  if (typeof name !== 'string' || !isStamp(made) || !isStamp(changed)) return undefined
  // A deletion counts whatever the clocks say; a change waits until its moment has come.
  if (millisecondsOf(changed) > nowMs + clockDriftMsMax) return undefined
  if (JSON.stringify(thing).length > sharedThingBytesMax || !isSharedValue(name, owners.length, value)) return undefined
  return [id, { name, of: owners, made, changed, value }]
}

const isStamp = (value: unknown): value is SharedStamp => typeof value === 'string' && stampForm.test(value)
