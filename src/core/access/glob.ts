/**
 * Patterns with `*` and `?`, as tokens: a character's code, or one of the wildcards. Matching takes time in proportion to pattern times text
 * at most, whatever the pattern.
 */

/** Any characters. */
export const anyText = -1
/** Any one character. */
export const anyOne = -2
/** Any characters but a colon: a `*` within a segment of an ARN. */
export const anyInSegment = -3

export type Glob = readonly number[]

export function globMatches(glob: Glob, text: string): boolean {
  return glob.includes(anyInSegment) ? everyWay(glob, text) : greedy(glob, text)
}

/** With one kind of `*` only the last one has to be tried again. */
function greedy(glob: Glob, text: string): boolean {
  let at = 0
  let token = 0
  let star = -1
  let starAt = 0
  while (at < text.length) {
    const wanted = glob[token]
    if (wanted === anyText) {
      star = token++
      starAt = at
    } else if (wanted === anyOne || wanted === text.charCodeAt(at)) {
      token++
      at++
    } else if (star >= 0) {
      token = star + 1
      at = ++starAt
    } else return false
  }
  while (glob[token] === anyText) token++
  return token === glob.length
}

const isStar = (token: number | undefined): boolean => token === anyText || token === anyInSegment

const colon = ':'.charCodeAt(0)

/** All places of the pattern that the text so far can have led to. */
function everyWay(glob: Glob, text: string): boolean {
  let places = reached(glob, [0])
  for (let at = 0; at < text.length && places.length > 0; at++) {
    const code = text.charCodeAt(at)
    const next: number[] = []
    for (const place of places) {
      const token = glob[place]
      if (token === anyText || (token === anyInSegment && code !== colon)) next.push(place)
      else if (token === anyOne || token === code) next.push(place + 1)
    }
    places = reached(glob, next)
  }
  return places.includes(glob.length)
}

/** With the places behind each `*`, which may stand for nothing; each once, in order. */
function reached(glob: Glob, places: readonly number[]): readonly number[] {
  const all = new Set<number>()
  for (const place of places) {
    let each = place
    all.add(each)
    while (isStar(glob[each])) all.add(++each)
  }
  return [...all]
}
