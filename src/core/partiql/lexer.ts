/** PartiQL text to tokens. Keywords are told from names by the parser, since most of them may also be names. */
import { validationError } from '../errors.ts'

export type Token = {
  readonly kind: 'name' | 'quoted' | 'string' | 'number' | 'symbol' | 'end'
  /** Names as written; quoted names and strings without their quotes, escapes undone. */
  readonly text: string
  readonly at: number
}

const pattern =
  /(?<space>\s+|--[^\n]*)|(?<name>[A-Za-z_$][\w$]*)|"(?<quoted>(?:[^"]|"")*)"|'(?<string>(?:[^']|'')*)'|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<symbol><<|>>|<>|!=|<=|>=|\|\||[-+*/%=<>()[\]{},.:;?])/y

export function lex(text: string): readonly Token[] {
  const tokens: Token[] = []
  pattern.lastIndex = 0
  let at = 0
  while (at < text.length) {
    const match = pattern.exec(text)
    if (!match) throw malformed(`Unexpected character at position ${at}`)
    const token = tokenOf(match.groups ?? {}, at)
    if (token) tokens.push(token)
    at = pattern.lastIndex
  }
  tokens.push({ kind: 'end', text: '', at: text.length })
  return tokens
}

function tokenOf(groups: Record<string, string | undefined>, at: number): Token | undefined {
  const { name, quoted, string, number, symbol } = groups
  if (name !== undefined) return { kind: 'name', text: name, at }
  if (quoted !== undefined) return { kind: 'quoted', text: quoted.replaceAll('""', '"'), at }
  if (string !== undefined) return { kind: 'string', text: string.replaceAll("''", "'"), at }
  if (number !== undefined) return { kind: 'number', text: number, at }
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, at }
  return undefined
}

export function malformed(reason: string): Error {
  return validationError(`Statement wasn't well formed, can't be processed: ${reason}`)
}
