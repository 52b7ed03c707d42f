/**
 * The words of an expression. Nothing is refused here: a character that belongs to no word becomes a token of its own,
 * so that the parser meets mistakes in reading order and can name each with the words around it, as DynamoDB does.
 */
export type TokenKind = 'word' | 'name' | 'value' | 'number' | 'symbol' | 'unknown' | 'end'

export type Token = {
  readonly kind: TokenKind
  readonly text: string
  readonly start: number
  readonly end: number
}

/** In the order of the groups: space, word, #name, :value, number, symbol. */
const words =
  /([ \t\r\n\f]+)|([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([0-9]+)|(<>|<=|>=|[()[\].,=<>+-])|([^])/gu

const kinds: readonly TokenKind[] = ['word', 'name', 'value', 'number', 'symbol', 'unknown']

export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = []
  for (const match of text.matchAll(words)) {
    if (match[1] !== undefined) continue
    const kind = kinds.find((_, n) => match[n + 2] !== undefined) ?? 'unknown'
    tokens.push({ kind, text: match[0], start: match.index, end: match.index + match[0].length })
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: text.length, end: text.length })
  return tokens
}

/** The text from the word before `at` to the word after it, spaces as they were written. */
export function nearby(text: string, tokens: readonly Token[], at: number): string {
  const first = tokens[Math.max(0, at - 1)]
  const last = tokens.slice(at, at + 2).findLast((token) => token.kind !== 'end') ?? first
  return text.slice(first?.start, last?.end)
}
