/** PartiQL text to tokens. Keywords are told from names by the parser (keywords.ts). */
import { validationError } from '../errors.ts'

export type Token = {
  /** `other` is a character that begins no token, as an opening quote without its closing one. */
  readonly kind: 'name' | 'quoted' | 'string' | 'number' | 'symbol' | 'other' | 'end'
  /** Names as written; quoted names and strings without their quotes, escapes undone. */
  readonly text: string
  /** `line:column:length`, each from 1 on, as AWS's messages name a place. */
  readonly place: string
}

const pattern =
  /(?<space>\s+|--[^\n]*|\/\*[^]*?\*\/)|(?<name>[A-Za-z_$][\w$]*)|"(?<quoted>(?:[^"]|"")*)"|'(?<string>(?:[^']|'')*)'|(?<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?<symbol><<|>>|<>|!=|<=|>=|\|\||[-+*/%=<>()[\]{},.:;?])|(?<other>[^])/y

export function lex(text: string): readonly Token[] {
  const tokens: Token[] = []
  let line = 1
  let lineStart = 0
  for (const match of text.matchAll(new RegExp(pattern, 'gy'))) {
    const [whole] = match
    const place = `${line}:${match.index - lineStart + 1}:${whole.length}`
    const token = tokenOf(match.groups ?? {}, place)
    if (token) tokens.push(token)
    for (let at = whole.indexOf('\n'); at >= 0; at = whole.indexOf('\n', at + 1)) {
      line++
      lineStart = match.index + at + 1
    }
  }
  tokens.push({ kind: 'end', text: '', place: `${line}:${text.length - lineStart + 1}:0` })
  return tokens
}

function tokenOf(groups: Record<string, string | undefined>, place: string): Token | undefined {
  const { name, quoted, string, number, symbol, other } = groups
  if (name !== undefined) return { kind: 'name', text: name, place }
  if (quoted !== undefined) return { kind: 'quoted', text: quoted.replaceAll('""', '"'), place }
  if (string !== undefined) return { kind: 'string', text: string.replaceAll("''", "'"), place }
  if (number !== undefined) return { kind: 'number', text: number, place }
  if (symbol !== undefined) return { kind: 'symbol', text: symbol, place }
  return other === undefined ? undefined : { kind: 'other', text: other, place }
}

export function malformed(reason: MalformedReason): Error {
  return validationError(`Statement wasn't well formed, can't be processed: ${reason}`)
}

/** What DynamoDB says of a statement that it cannot read: measured, or the words of AWS's own PartiQL parser. */
export type MalformedReason =
  | 'Expected data manipulation'
  | "Expected '='"
  | 'Expected FROM after DELETE'
  | 'Expected FROM after SELECT list'
  | 'Expected expression after AND'
  | 'Expected identifier for simple path'
  | 'Expected type name'
  | 'Invalid path dot component'
  | 'Missing right-hand side expression of infix operator'
  | 'Unexpected keyword'
  | 'Unexpected operator'
  | 'Unexpected term'
  | 'Unexpected token after expression'
