/**
 * Expressions by precedence. Which error is told where follows AWS's measured answers; of what has not been measured, the
 * order in which AWS's open PartiQL parser looks at things.
 */
import { unreachable } from '../assert.ts'
import type { Path } from '../expression/path.ts'
import { listIndexMax } from '../limits/limits.ts'
import { isFunctionKeyword, isKeyword } from './keywords.ts'
import { malformed, type Token } from './statement-lexer.ts'
import type { TokenStream } from './statement-tokens.ts'
import type { Expression } from './tree.ts'

const precedences: Readonly<Record<string, number>> = {
  OR: 1,
  AND: 2,
  NOT: 3,
  '=': 4,
  '<>': 4,
  '!=': 4,
  IS: 4,
  IN: 4,
  '<': 5,
  '<=': 5,
  '>': 5,
  '>=': 5,
  BETWEEN: 5,
  LIKE: 5,
  '||': 6,
  '+': 7,
  '-': 7,
  '*': 8,
  '/': 8,
  '%': 8,
}

const words = ['OR', 'AND', 'IS', 'IN', 'BETWEEN', 'LIKE']

type Infix = { readonly operator: string; readonly negated: boolean; readonly precedence: number }

export function parseExpression(tokens: TokenStream, above = 0): Expression {
  return tokens.deeper(() => {
    let left = parseUnary(tokens)
    for (;;) {
      const infix = infixAt(tokens)
      if (infix === undefined || infix.precedence <= above) return left
      left = parseInfix(tokens, left, infix)
    }
  })
}

export function parseList<T>(tokens: TokenStream, parse: (tokens: TokenStream) => T): readonly T[] {
  const list = [parse(tokens)]
  while (tokens.takeSymbol(',')) list.push(parse(tokens))
  return list
}

/** What SET and REMOVE change: a name and its steps, nothing else. */
export function parseSimplePath(tokens: TokenStream): Path {
  if (!tokens.atIdentifier()) throw malformed('Expected identifier for simple path')
  return [tokens.take().text, ...parseSteps(tokens)]
}

function infixAt(tokens: TokenStream): Infix | undefined {
  const { kind, text } = tokens.peek()
  if (kind === 'symbol') return infixOf(text, false)
  if (kind !== 'name') return undefined
  const word = text.toUpperCase()
  if (words.includes(word)) return infixOf(word, false)
  const negated = ['IN', 'BETWEEN', 'LIKE'].find((next) => tokens.atKeywords('NOT', next))
  return negated === undefined ? undefined : infixOf(negated, true)
}

function infixOf(operator: string, negated: boolean): Infix | undefined {
  const precedence = Object.hasOwn(precedences, operator) ? precedences[operator] : undefined
  return precedence === undefined ? undefined : { operator, negated, precedence }
}

function parseInfix(tokens: TokenStream, left: Expression, { operator, negated, precedence }: Infix): Expression {
  tokens.take()
  if (negated) tokens.take()
  if (operator === 'IS') return parseIs(tokens, left)
  if (tokens.atEnd()) throw malformed('Missing right-hand side expression of infix operator')
  const right = operator === 'IN' ? parseInList(tokens, precedence) : parseExpression(tokens, precedence)
  if (operator === 'AND' || operator === 'OR') return chained(operator, left, right)
  const of = operator === 'BETWEEN' ? [left, right, parseHigh(tokens, precedence)] : [left, right]
  return negation({ node: 'operation', operator: operator === '!=' ? '<>' : operator, of }, negated)
}

/** A chain is one operation, however long. */
function chained(operator: 'AND' | 'OR', left: Expression, right: Expression): Expression {
  const before = left.node === 'operation' && left.operator === operator ? left.of : [left]
  return { node: 'operation', operator, of: [...before, right] }
}

function negation(expression: Expression, negated: boolean): Expression {
  return negated ? { node: 'operation', operator: 'NOT', of: [expression] } : expression
}

function parseHigh(tokens: TokenStream, precedence: number): Expression {
  if (!tokens.takeKeywords('AND')) throw tokens.unexpected()
  if (tokens.atEnd()) throw malformed('Expected expression after AND')
  return parseExpression(tokens, precedence)
}

/** Parentheses around one value are a list here, too. */
function parseInList(tokens: TokenStream, precedence: number): Expression {
  return tokens.takeSymbol('(') ? { node: 'list', of: parseUntil(tokens, ')') } : parseExpression(tokens, precedence)
}

const typeNames = new Set(
  `MISSING NULL BOOL BOOLEAN SMALLINT INTEGER INT FLOAT REAL DECIMAL NUMERIC TIMESTAMP CHAR CHARACTER VARCHAR STRING
  SYMBOL CLOB BLOB STRUCT TUPLE LIST SEXP BAG`.split(/\s+/),
)

function parseIs(tokens: TokenStream, operand: Expression): Expression {
  const negated = tokens.takeKeywords('NOT')
  const { kind, text } = tokens.peek()
  const type = text.toUpperCase()
  if (kind !== 'name' || !typeNames.has(type)) throw malformed('Expected type name')
  tokens.take()
  if (tokens.takeSymbol('(')) parseUntil(tokens, ')')
  return negation({ node: 'is', operand, type }, negated)
}

function parseUnary(tokens: TokenStream): Expression {
  if (tokens.takeKeywords('NOT')) {
    return negation(parseExpression(tokens, precedences['NOT']), true)
  }
  const sign = tokens.atSymbol('-') || tokens.atSymbol('+') ? tokens.take().text : undefined
  if (sign === undefined) return parsePathTerm(tokens)
  const term = tokens.deeper(() => parseUnary(tokens))
  if (term.node === 'number') return sign === '+' ? term : { node: 'number', text: opposite(term.text) }
  return { node: 'operation', operator: sign, of: [term] }
}

const opposite = (text: string): string => (text.startsWith('-') ? text.slice(1) : `-${text}`)

function parsePathTerm(tokens: TokenStream): Expression {
  const term = parseTerm(tokens)
  const steps = parseSteps(tokens)
  if (steps.length === 0) return term
  if (term.node !== 'path') throw malformed('Unexpected term')
  return { node: 'path', path: [...term.path, ...steps] }
}

function parseSteps(tokens: TokenStream): readonly (string | number)[] {
  const steps: (string | number)[] = []
  for (;;) {
    if (tokens.takeSymbol('.')) {
      if (!tokens.atIdentifier()) throw malformed('Invalid path dot component')
      steps.push(tokens.take().text)
    } else if (tokens.takeSymbol('[')) {
      steps.push(stepOf(parseExpression(tokens)))
      tokens.expectSymbol(']')
    } else return steps
  }
}

function stepOf(element: Expression): string | number {
  if (element.node === 'value' && 'S' in element.value && element.value.S !== undefined) return element.value.S
  if (element.node === 'number' && /^\d+$/.test(element.text) && Number(element.text) <= listIndexMax)
    return Number(element.text)
  throw malformed('Unexpected term')
}

function parseTerm(tokens: TokenStream): Expression {
  const token = tokens.take()
  switch (token.kind) {
    case 'string':
      return { node: 'value', value: { S: token.text } }
    case 'number':
      return { node: 'number', text: token.text }
    case 'symbol':
      return parseSymbol(tokens, token.text)
    case 'name':
    case 'quoted':
      return parseNamed(tokens, token)
    case 'other':
    case 'end':
      throw malformed('Unexpected term')
    default:
      return unreachable(token.kind)
  }
}

function parseNamed(tokens: TokenStream, token: Token): Expression {
  const { kind, text, place } = token
  const isWord = kind === 'name' && isKeyword(text)
  if (isWord) {
    const literal = { TRUE: { BOOL: true }, FALSE: { BOOL: false }, NULL: { NULL: true as const } }[text.toUpperCase()]
    if (literal !== undefined) return { node: 'value', value: literal }
  }
  const isCall = tokens.atSymbol('(')
  if (isWord && !(isCall && isFunctionKeyword(text))) throw malformed('Unexpected keyword')
  if (!isCall) return { node: 'path', path: [text] }
  tokens.take()
  if (tokens.takeSymbol(')')) return { node: 'call', name: text, of: [], place }
  return { node: 'call', name: text, of: parseUntil(tokens, ')'), place }
}

const operators = new Set(['=', '<>', '!=', '<', '<=', '>', '>=', '||', '/', '%'])

function parseSymbol(tokens: TokenStream, symbol: string): Expression {
  switch (symbol) {
    case '?':
      return { node: 'value', value: tokens.takeParameter() }
    case '(': {
      const of = parseUntil(tokens, ')')
      const [only] = of
      return only !== undefined && of.length === 1 ? only : { node: 'list', of }
    }
    case '[':
      return { node: 'list', of: tokens.takeSymbol(']') ? [] : parseUntil(tokens, ']') }
    case '<<':
      return { node: 'bag', of: tokens.takeSymbol('>>') ? [] : parseUntil(tokens, '>>') }
    case '{':
      return { node: 'struct', members: tokens.takeSymbol('}') ? [] : parseMembers(tokens) }
    default:
      throw malformed(operators.has(symbol) ? 'Unexpected operator' : 'Unexpected term')
  }
}

function parseUntil(tokens: TokenStream, close: string): readonly Expression[] {
  const list = parseList(tokens, (rest) => parseExpression(rest))
  tokens.expectSymbol(close)
  return list
}

function parseMembers(tokens: TokenStream): readonly (readonly [string, Expression])[] {
  const members = parseList(tokens, parseMember)
  tokens.expectSymbol('}')
  return members
}

function parseMember(tokens: TokenStream): readonly [string, Expression] {
  const name = parseExpression(tokens)
  if (name.node !== 'value' || !('S' in name.value) || name.value.S === undefined) throw malformed('Unexpected term')
  tokens.expectSymbol(':')
  return [name.value.S, parseExpression(tokens)]
}
