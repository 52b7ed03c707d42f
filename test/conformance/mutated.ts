/**
 * The one engine of mutations for the fuzz: requests grown from the service model with junk in them (malformed.ts), requests that would do
 * something with a few places changed (nearly-right.ts), and of these the text twisted: members twice, lists and texts grown, other
 * encodings, blanks, other headers. A seed gives the same request again.
 */
import { chance, damaged, damageHeaders, encoded, malformedRequest, pick, type Random } from './malformed.ts'
import { nearlyRight } from './nearly-right.ts'
import { apiHeaders, type RawRequest } from './raw-request.ts'

export type Tables = { readonly table: string; readonly simple: string }

export function mutatedRequest(random: Random, endpoint: string, { table, simple }: Tables): RawRequest {
  if (chance(random, 0.4)) return malformedRequest(random, endpoint, [table, simple])
  const { operation, body } = nearlyRight(random, table, simple)
  let text = body
  for (let twists = Math.floor(random() * 3); twists > 0; twists--) text = pick(random, ways)(text, random)
  const headers: Record<string, string> = { ...apiHeaders(operation) }
  const bytes = chance(random, 0.1) ? damaged(random, text) : Buffer.from(text)
  if (chance(random, 0.1)) damageHeaders(random, headers)
  return { endpoint, headers, body: encoded(random, bytes, headers) }
}

type Twist = (text: string, random: Random) => string

const sizes = [3, 10, 30, 100, 300, 1000, 1000, 4000, 40_000, 410_000]

/** At a random one of the places where the pattern stands; as it is where there is none. */
function at(text: string, pattern: RegExp, random: Random, put: (found: string) => string): string {
  const places = [...text.matchAll(pattern)]
  if (places.length === 0) return text
  const { index, 0: found } = pick(random, places)
  return text.slice(0, index) + put(found) + text.slice(index + found.length)
}

const member = /"[^"\\]*":/g
const string = /"[^"\\]+"(?!:)/g
const scalarValue = /\{"[SNB]":"[^"\\]*"\}/g

const ways: readonly Twist[] = [
  // A member twice, with another value the first time.
  (text, random) =>
    at(text, member, random, (name) => `${name}${pick(random, ['null', '{}', '[]', '"a"', '1'])},${name}`),
  (text, random) => at(text, /[,:[\]{}]/g, random, (found) => found + ' '.repeat(pick(random, sizes))),
  (text, random) =>
    at(text, string, random, (found) => `"\\u00${found.charCodeAt(1).toString(16).padStart(2, '0')}${found.slice(2)}`),
  (text, random) =>
    at(text, string, random, (found) => `"${found.slice(1, -1).repeat(1 + pick(random, sizes) / found.length)}"`),
  (text, random) =>
    at(text, string, random, () =>
      pick(random, ['"\\ud800"', '"\\u0000"', '"é"', '1e400', '-0', 'NaN', '"9"', 'true']),
    ),
  (text, random) =>
    at(text, scalarValue, random, (found) => `{"L":[${found}${`,${found}`.repeat(pick(random, sizes) / 10)}]}`),
  (text, random) => {
    const levels = pick(random, [5, 31, 33, 60, 70, 140])
    return at(text, scalarValue, random, (found) => '{"L":['.repeat(levels) + found + ']}'.repeat(levels))
  },
  (text, random) =>
    at(
      text,
      scalarValue,
      random,
      (found) =>
        `{"M":{${Array.from({ length: pick(random, [0, 3, 3000]) }, (_, n) => `"k${n}":${found}`).join(',')}}}`,
    ),
  (text, random) => at(text, /\[/g, random, (found) => found + '{},'.repeat(pick(random, sizes))),
  (text, random) =>
    at(text, member, random, (name) => `"${pick(random, ['x', '__proto__', 'constructor', 'toString'])}":1,${name}`),
]
