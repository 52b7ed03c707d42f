/** Document paths in PartiQL: name, "quoted name", name.key, name['key'] and name[0]. */
import type { Path } from '../expression/path.ts'
import type { TokenStream } from './token-stream.ts'

/** Names that begin a clause and so cannot be a path without quotes. */
const clauses = new Set(['WHERE', 'FROM', 'SET', 'REMOVE', 'RETURNING', 'ORDER', 'AND', 'OR', 'NOT', 'VALUE', 'SELECT'])

export function parsePath(tokens: TokenStream): Path {
  const path: [string, ...(string | number)[]] = [parseName(tokens)]
  for (;;) {
    if (tokens.takeSymbol('.')) path.push(parseName(tokens))
    else if (tokens.takeSymbol('[')) {
      path.push(parseElement(tokens))
      tokens.expectSymbol(']')
    } else return path
  }
}

export function atName(tokens: TokenStream): boolean {
  const token = tokens.peek()
  return token.kind === 'quoted' || (token.kind === 'name' && !clauses.has(token.text.toUpperCase()))
}

export function parseName(tokens: TokenStream): string {
  if (!atName(tokens)) throw tokens.unexpected('an identifier')
  return tokens.take().text
}

function parseElement(tokens: TokenStream): string | number {
  const token = tokens.peek()
  if (token.kind === 'string') return tokens.take().text
  if (token.kind === 'number' && /^\d+$/.test(token.text)) return Number(tokens.take().text)
  throw tokens.unexpected('an index or a quoted key')
}
