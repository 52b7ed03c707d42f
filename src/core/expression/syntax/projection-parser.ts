/** ProjectionExpression: document paths separated by commas. */
import { parsePath } from './operand-parser.ts'
import type { PathSyntax, Syntax } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

const noKeywords: ReadonlySet<string> = new Set()

export function parseProjectionSyntax(text: string): Syntax<readonly PathSyntax[]> {
  const tokens = new TokenStream('ProjectionExpression', text)
  const paths = [parsePath(tokens, noKeywords)]
  while (tokens.takeSymbol(',')) paths.push(parsePath(tokens, noKeywords))
  tokens.expectEnd()
  return tokens.syntax(paths)
}
