/** What conditions, updates and projections have in common: document paths, values and function calls. */
import type { CallSyntax, OperandSyntax, PathStep, PathSyntax, ValueSyntax } from './syntax.ts'
import type { TokenStream } from './token-stream.ts'

export function parsePath(tokens: TokenStream, keywords: ReadonlySet<string>): PathSyntax {
  const steps: PathStep[] = [parseName(tokens, keywords)]
  for (;;) {
    if (tokens.takeSymbol('.')) steps.push(parseName(tokens, keywords))
    else if (tokens.takeSymbol('[')) steps.push(parseIndex(tokens))
    else return { node: 'path', steps }
  }
}

export function parseValue(tokens: TokenStream): ValueSyntax {
  if (tokens.current.kind !== 'value') throw tokens.syntaxError()
  return { node: 'value', placeholder: tokens.take().text }
}

export function parseOperand(tokens: TokenStream, keywords: ReadonlySet<string>): OperandSyntax {
  if (tokens.current.kind === 'value') return parseValue(tokens)
  const isCall = tokens.current.kind === 'word' && tokens.following.text === '('
  if (isCall && !isKeyword(tokens, keywords)) return parseCall(tokens, keywords)
  return parsePath(tokens, keywords)
}

function parseCall(tokens: TokenStream, keywords: ReadonlySet<string>): CallSyntax {
  const name = tokens.take().text
  tokens.operators++
  return { node: 'call', name, operands: tokens.nested(() => parseOperands(tokens, keywords)) }
}

/** The parenthesised operands of a function or of IN: at least one. */
export function parseOperands(tokens: TokenStream, keywords: ReadonlySet<string>): readonly OperandSyntax[] {
  tokens.expectSymbol('(')
  const operands = [parseOperand(tokens, keywords)]
  while (tokens.takeSymbol(',')) operands.push(parseOperand(tokens, keywords))
  tokens.expectSymbol(')')
  return operands
}

function parseName(tokens: TokenStream, keywords: ReadonlySet<string>): PathStep {
  const { kind, text } = tokens.current
  if (kind === 'name') {
    tokens.take()
    return { placeholder: text }
  }
  if (kind !== 'word' || isKeyword(tokens, keywords)) throw tokens.syntaxError()
  tokens.take()
  return { word: text }
}

function parseIndex(tokens: TokenStream): PathStep {
  if (tokens.current.kind !== 'number') throw tokens.syntaxError()
  const index = tokens.take().text
  tokens.expectSymbol(']')
  return { index }
}

function isKeyword(tokens: TokenStream, keywords: ReadonlySet<string>): boolean {
  return tokens.current.kind === 'word' && keywords.has(tokens.current.text.toUpperCase())
}
