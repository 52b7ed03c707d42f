/** Whether a request is one that a fault is aimed at, and which of its keys. */
import type { Aim } from './fault.ts'

/** A key that a request touches; its hash from 0 to 1. */
export type TouchedKey = { readonly text: string; readonly hash: number }

/** One table of a request, or one action of a transaction. */
export type TouchedPart = {
  readonly table?: string | undefined
  /** The index that is read, and the indexes that a write may change. */
  readonly indexes: readonly string[]
  /** One entry for each item; undefined where the key is missing or wrong. Undefined where the request is not limited to keys. */
  readonly keys?: readonly (TouchedKey | undefined)[] | undefined
}

export type AskedRequest = { readonly operation: string; readonly parts: readonly TouchedPart[] }

/** By part, and for each of its keys, whether it is meant; one entry for a part without keys. Undefined when nothing is. */
export function meant(aim: Aim, { operation, parts }: AskedRequest): readonly (readonly boolean[])[] | undefined {
  if (aim.operations?.includes(operation) === false) return undefined
  if (parts.length === 0) return aimsAtParts(aim) ? undefined : []
  const found = parts.map((part) => meantOf(aim, part))
  return found.some((each) => each.includes(true)) ? found : undefined
}

function meantOf(aim: Aim, { table, indexes, keys }: TouchedPart): readonly boolean[] {
  const isMeant =
    (aim.tables === undefined || (table !== undefined && aim.tables.includes(table))) &&
    (aim.indexes === undefined || indexes.some((index) => aim.indexes?.includes(index)))
  if (keys === undefined) return [isMeant && !aimsAtKeys(aim)]
  return keys.map((key) => isMeant && isKeyMeant(aim, key))
}

function isKeyMeant(aim: Aim, key: TouchedKey | undefined): boolean {
  if (!aimsAtKeys(aim)) return true
  if (key === undefined) return false
  const { keyPrefix = '', hashes: [from, to] = [0, 1] } = aim
  return key.text.startsWith(keyPrefix) && key.hash >= from && key.hash < to
}

/** A scan, which is limited to no key, is not meant by a fault of some keys. */
const aimsAtKeys = ({ keyPrefix, hashes }: Aim): boolean => keyPrefix !== undefined || hashes !== undefined
const aimsAtParts = (aim: Aim): boolean => aim.tables !== undefined || aim.indexes !== undefined || aimsAtKeys(aim)
