/**
 * UpdateExpression: sections of actions separated by commas, each section introduced by its keyword.
 *
 *   SET    path = value, …     value := operand | operand + operand | operand - operand, parentheses allowed
 *   REMOVE path, …
 *   ADD    path :value, …
 *   DELETE path :value, …
 */
import { parseOperand, parsePath, parseValue } from './operand-parser.ts'
import type { ActionSyntax, ArithmeticSyntax, OperandSyntax, SectionName, SectionSyntax, Syntax } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

const sectionNames: readonly SectionName[] = ['SET', 'REMOVE', 'ADD', 'DELETE']
const keywords: ReadonlySet<string> = new Set(sectionNames)

export function parseUpdateSyntax(text: string): Syntax<readonly SectionSyntax[]> {
  const tokens = new TokenStream('UpdateExpression', text)
  const sections = [parseSection(tokens)]
  while (tokens.current.kind !== 'end') sections.push(parseSection(tokens))
  return tokens.syntax(sections)
}

function parseSection(tokens: TokenStream): SectionSyntax {
  const section = sectionNames.find((name) => tokens.takeKeyword(name))
  if (section === undefined) throw tokens.syntaxError()
  const actions = [parseAction(tokens, section)]
  while (tokens.takeSymbol(',')) actions.push(parseAction(tokens, section))
  return { section, actions }
}

function parseAction(tokens: TokenStream, section: SectionName): ActionSyntax {
  const path = parsePath(tokens, keywords)
  if (section === 'REMOVE') return { node: 'remove', path }
  if (section !== 'SET') return { node: section === 'ADD' ? 'add' : 'delete', path, value: parseValue(tokens) }
  tokens.expectSymbol('=')
  return { node: 'set', path, value: parseSetValue(tokens) }
}

function parseSetValue(tokens: TokenStream): OperandSyntax | ArithmeticSyntax {
  const left = parseTerm(tokens)
  const operator = (['+', '-'] as const).find((symbol) => tokens.takeSymbol(symbol))
  if (operator === undefined) return left
  tokens.operators++
  return { node: 'arithmetic', operator, operands: [asOperand(tokens, left), asOperand(tokens, parseTerm(tokens))] }
}

function parseTerm(tokens: TokenStream): OperandSyntax | ArithmeticSyntax {
  if (!tokens.takeSymbol('(')) return parseOperand(tokens, keywords)
  const inner = tokens.nested(() => parseSetValue(tokens))
  tokens.expectSymbol(')')
  tokens.noteParentheses(inner)
  return inner
}

/** Sums are not summed again. */
function asOperand(tokens: TokenStream, term: OperandSyntax | ArithmeticSyntax): OperandSyntax {
  if (term.node === 'arithmetic') throw tokens.syntaxError()
  return term
}
