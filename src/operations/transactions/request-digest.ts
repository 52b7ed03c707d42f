/**
 * What tells two requests with one token apart. Their meaning counts and not their text: members of maps and of sets come in any
 * order, as some SDKs send them in a new one with each attempt.
 */
import { murmur3 } from '../../core/key/partition-hash.ts'
import { isObject } from '../../core/wire/json.ts'

export function digestOf(value: unknown): string {
  const bytes = Buffer.from(JSON.stringify(inOrder(value)))
  const hash = [1, 2, 3, 4].map((seed) => (murmur3(bytes, 0, bytes.length, seed) >>> 0).toString(16).padStart(8, '0'))
  return `${bytes.length}-${hash.join('')}`
}

const setTypes: ReadonlySet<string> = new Set(['SS', 'NS', 'BS'])

/** The depth of what a request holds is bounded by then. Pairs, since a member may be called __proto__. */
function inOrder(value: unknown): unknown {
  const plain = hasJson(value) ? value.toJSON() : value
  if (Array.isArray(plain)) return (plain as readonly unknown[]).map(inOrder)
  if (!isObject(plain)) return plain
  return {
    map: Object.keys(plain)
      .toSorted()
      .map((name) => [
        name,
        setTypes.has(name) && isTexts(plain[name]) ? plain[name].toSorted() : inOrder(plain[name]),
      ]),
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string')
}

function hasJson(value: unknown): value is { readonly toJSON: () => unknown } {
  return typeof value === 'object' && value !== null && 'toJSON' in value && typeof value.toJSON === 'function'
}
