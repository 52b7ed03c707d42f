/**
 * ConditionExpression, FilterExpression and KeyConditionExpression: one grammar, by recursive descent.
 *
 *   or         := and ( OR and )*
 *   and        := not ( AND not )*
 *   not        := NOT not | comparison
 *   comparison := primary | primary comparator primary | primary BETWEEN primary AND primary | primary IN operands
 *   primary    := path | value | call | ( or )
 *
 * A parenthesis may hold a condition or an operand, which only what follows it tells; so a primary is either, and who
 * needs a condition or an operand asks for it.
 */
import type { Comparator } from '../condition.ts'
import { parseOperand, parseOperands } from './operand-parser.ts'
import type { ConditionSyntax, ExpressionKind, OperandSyntax, Syntax } from './syntax.ts'
import { TokenStream } from './token-stream.ts'

type Term = ConditionSyntax | OperandSyntax

const keywords: ReadonlySet<string> = new Set(['AND', 'OR', 'NOT', 'BETWEEN', 'IN'])
const comparators: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])

export function parseConditionSyntax(kind: ExpressionKind, text: string): Syntax<ConditionSyntax> {
  const tokens = new TokenStream(kind, text)
  const tree = asCondition(tokens, parseOr(tokens))
  tokens.expectEnd()
  return tokens.syntax(tree)
}

function parseOr(tokens: TokenStream): Term {
  return parseChain(tokens, 'OR', parseAnd)
}

function parseAnd(tokens: TokenStream): Term {
  return parseChain(tokens, 'AND', parseNot)
}

function parseChain(tokens: TokenStream, keyword: 'AND' | 'OR', parse: (tokens: TokenStream) => Term): Term {
  const first = parse(tokens)
  if (!tokens.isKeyword(keyword)) return first
  const of = [asCondition(tokens, first)]
  while (tokens.takeKeyword(keyword)) {
    tokens.operators++
    of.push(asCondition(tokens, parse(tokens)))
  }
  return { node: keyword === 'AND' ? 'and' : 'or', of }
}

function parseNot(tokens: TokenStream): Term {
  if (!tokens.takeKeyword('NOT')) return parseComparison(tokens)
  tokens.operators++
  return {
    node: 'not',
    condition: asCondition(
      tokens,
      tokens.nested(() => parseNot(tokens)),
    ),
  }
}

function parseComparison(tokens: TokenStream): Term {
  const left = parsePrimary(tokens)
  if (comparators.has(tokens.current.text)) return parseCompare(tokens, left)
  if (tokens.isKeyword('BETWEEN')) return parseBetween(tokens, left)
  if (tokens.isKeyword('IN')) return parseIn(tokens, left)
  return left
}

function parseCompare(tokens: TokenStream, left: Term): ConditionSyntax {
  const first = asOperand(tokens, left)
  const comparator = tokens.take().text as Comparator
  tokens.operators++
  return { node: 'compare', comparator, operands: [first, asOperand(tokens, parsePrimary(tokens))] }
}

function parseBetween(tokens: TokenStream, left: Term): ConditionSyntax {
  const operand = asOperand(tokens, left)
  tokens.expectKeyword('BETWEEN')
  tokens.operators++
  const low = asOperand(tokens, parsePrimary(tokens))
  tokens.expectKeyword('AND')
  return { node: 'between', operands: [operand, low, asOperand(tokens, parsePrimary(tokens))] }
}

function parseIn(tokens: TokenStream, left: Term): ConditionSyntax {
  const operand = asOperand(tokens, left)
  tokens.expectKeyword('IN')
  tokens.operators++
  return { node: 'in', operands: [operand, ...parseOperands(tokens, keywords)] }
}

function parsePrimary(tokens: TokenStream): Term {
  if (!tokens.takeSymbol('(')) return parseOperand(tokens, keywords)
  const inner = tokens.nested(() => parseOr(tokens))
  tokens.expectSymbol(')')
  tokens.noteParentheses(inner)
  return inner
}

/** A path or value alone is no condition: the mistake is that what follows it is no operator. */
function asCondition(tokens: TokenStream, term: Term): ConditionSyntax {
  if (term.node === 'path' || term.node === 'value') throw tokens.syntaxError()
  return term
}

function asOperand(tokens: TokenStream, term: Term): OperandSyntax {
  if (term.node === 'path' || term.node === 'value' || term.node === 'call') return term
  throw tokens.syntaxError()
}
