/** The smallest parts of Ion text: what stands between values, texts in quotes, and their escapes. */

/** The text is no Ion, or holds what DynamoDB has no type for. */
export class IonProblem extends Error {
  override readonly name = 'IonProblem'
}

/** Words that are no symbols. */
export const ionKeywords: ReadonlySet<string> = new Set(['null', 'true', 'false', 'nan'])

const blanks = new Set([' ', '\t', '\n', '\r', '\v', '\f', '\0'])

/** The first place that is neither blank nor part of a comment. Undefined where a comment does not end. */
export function afterBlanks(text: string, from: number): number | undefined {
  for (let at = from; ;) {
    const one = text[at]
    if (one !== undefined && blanks.has(one)) at++
    else if (text.startsWith('//', at)) {
      const end = text.indexOf('\n', at)
      if (end < 0) return text.length
      at = end + 1
    } else if (text.startsWith('/*', at)) {
      const end = text.indexOf('*/', at + 2)
      if (end < 0) return undefined
      at = end + 2
    } else return at
  }
}

/** The place behind what is quoted from here; undefined where the quote does not end. */
export function afterQuoted(text: string, from: number): number | undefined {
  const quote = text.startsWith("'''", from) ? "'''" : (text[from] ?? '')
  for (let at = from + quote.length; at < text.length; at++) {
    if (text[at] === '\\') at++
    else if (text.startsWith(quote, at)) return at + quote.length
  }
  return undefined
}

const single: Readonly<Record<string, string>> = {
  '0': '\0',
  a: '\u0007',
  b: '\b',
  t: '\t',
  n: '\n',
  f: '\f',
  r: '\r',
  v: '\v',
  '"': '"',
  "'": "'",
  '?': '?',
  '/': '/',
  '\\': '\\',
  '\n': '',
}
const digitsOf: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 }

/** What is between the quotes, without escapes. */
export function unescaped(text: string): string {
  if (!text.includes('\\')) return text
  let plain = ''
  for (let at = 0; at < text.length; at++) {
    const one = text[at] ?? ''
    if (one !== '\\') {
      plain += one
      continue
    }
    const kind = text[++at] ?? ''
    const digits = digitsOf[kind]
    if (digits !== undefined) {
      plain += codePoint(text.slice(at + 1, at + 1 + digits), digits)
      at += digits
    } else if (Object.hasOwn(single, kind)) plain += single[kind] ?? ''
    else throw new IonProblem(`\\${kind} is no escape of Ion`)
  }
  return plain
}

const codePointMax = 0x10ffff

function codePoint(hex: string, digits: number): string {
  const code = new RegExp(`^[0-9a-fA-F]{${digits}}$`).test(hex) ? Number.parseInt(hex, 16) : Infinity
  if (code > codePointMax) throw new IonProblem(`${hex} is no character`)
  return digits === 4 ? String.fromCharCode(code) : String.fromCodePoint(code)
}
