/** What JSON.parse makes of `{…}`. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * JSON.parse, but half of a surrogate pair, which only an escape can smuggle in, becomes a question mark as it does when
 * Java writes it in UTF-8. Left as it is, two different keys would be stored under the same bytes.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return surrogateEscape.test(text) ? mendStrings([value])[0] : value
}

/**
 * The text with every number that was written with a fraction as one that has a fraction: 1.0 as 0.5. For finding what is wrong
 * with a body: AWS's parser tells the two kinds of numbers apart by how they are written.
 */
export function withPlainFractions(text: string): string {
  return text.replaceAll(stringOrFraction, (found) => (found.startsWith('"') ? found : '0.5'))
}

const stringOrFraction = /"(?:[^"\\]|\\.)*"|-?\d+\.\d+(?:[eE][+-]?\d+)?/g

const surrogateEscape = /\\u[dD][89a-fA-F]/
const halves = /\p{Surrogate}/gu

/** In place; a stack instead of recursion, as a request nests as deep as it likes. */
function mendStrings(root: unknown[]): unknown[] {
  const left: object[] = [root]
  for (let holder = left.pop(); holder !== undefined; holder = left.pop()) {
    const fields = holder as Record<string, unknown>
    for (const key of Object.keys(fields)) {
      const value = fields[key]
      if (typeof value === 'object' && value !== null) left.push(value)
      const mended = typeof value === 'string' ? value.replace(halves, '?') : value
      const name = key.replace(halves, '?')
      if (name !== key) Reflect.deleteProperty(fields, key)
      if (name !== key || mended !== value)
        Object.defineProperty(fields, name, { value: mended, enumerable: true, configurable: true, writable: true })
    }
  }
  return root
}
