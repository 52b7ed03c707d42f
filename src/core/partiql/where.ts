/** WHERE clauses to the expression language's conditions. */
import type { AttributeType, AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { inOperandsMax } from '../limits.ts'
import type { Comparator, Condition, Operand } from '../expression/condition.ts'
import { expectLiteral, parseLiteral } from './literal.ts'
import { malformed } from './lexer.ts'
import { atName, parsePath } from './path.ts'
import type { TokenStream } from './token-stream.ts'

const comparators: Readonly<Record<string, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
}

/** A chain of 300 operators is DynamoDB's limit; parentheses nest no deeper than that either. */
const depthMax = 300

export function parseWhere(tokens: TokenStream, depth = 0): Condition {
  if (depth > depthMax) throw malformed('The statement is nested too deeply')
  return chain(tokens, 'OR', () => chain(tokens, 'AND', () => parseNegation(tokens, depth)))
}

function chain(tokens: TokenStream, word: 'AND' | 'OR', parse: () => Condition): Condition {
  const of = [parse()]
  while (tokens.takeKeywords(word)) of.push(parse())
  return of[1] ? { op: word === 'AND' ? 'and' : 'or', of } : first(of)
}

function first(of: readonly Condition[]): Condition {
  const [only] = of
  if (!only) throw malformed('Expected a condition')
  return only
}

function parseNegation(tokens: TokenStream, depth: number): Condition {
  if (depth > depthMax) throw malformed('The statement is nested too deeply')
  if (tokens.takeKeywords('NOT')) return { op: 'not', of: parseNegation(tokens, depth + 1) }
  if (tokens.takeSymbol('(')) {
    const inner = parseWhere(tokens, depth + 1)
    tokens.expectSymbol(')')
    return inner
  }
  return parsePredicate(tokens)
}

function parsePredicate(tokens: TokenStream): Condition {
  const called = parseFunction(tokens)
  if (called) return called
  const left = parseOperand(tokens)
  const comparator = comparators[tokens.peek().text]
  if (tokens.peek().kind === 'symbol' && comparator) {
    tokens.take()
    return { op: 'compare', comparator, left, right: parseOperand(tokens) }
  }
  if (tokens.takeKeywords('NOT')) return { op: 'not', of: parseMembership(tokens, left) }
  return tokens.takeKeywords('IS') ? parseIs(tokens, left) : parseMembership(tokens, left)
}

function parseMembership(tokens: TokenStream, operand: Operand): Condition {
  if (tokens.takeKeywords('BETWEEN')) {
    const low = parseOperand(tokens)
    tokens.expectKeyword('AND')
    return { op: 'between', operand, low, high: parseOperand(tokens) }
  }
  if (!tokens.takeKeywords('IN')) throw tokens.unexpected('a comparison')
  return { op: 'in', operand, list: parseList(tokens) }
}

function parseList(tokens: TokenStream): readonly Operand[] {
  const close = tokens.takeSymbol('(') ? ')' : ']'
  if (close === ']') tokens.expectSymbol('[')
  const list: Operand[] = []
  while (!tokens.takeSymbol(close)) {
    list.push(parseOperand(tokens))
    if (!tokens.atSymbol(close)) tokens.expectSymbol(',')
  }
  if (list.length === 0) throw malformed('The IN operator needs at least one value')
  // The words are those of expressions: AWS's own for a statement are not known.
  if (list.length > inOperandsMax)
    throw validationError(`The IN operator is provided with too many operands; number of operands: ${list.length}`)
  return list
}

/** `IS MISSING` asks for absence, `IS NULL` for DynamoDB's NULL type; either may be negated. */
function parseIs(tokens: TokenStream, operand: Operand): Condition {
  if (!('path' in operand)) throw malformed('IS is asked of an attribute')
  const negated = tokens.takeKeywords('NOT')
  const { path } = operand
  if (tokens.takeKeywords('MISSING')) return { op: negated ? 'attribute_exists' : 'attribute_not_exists', path }
  if (!tokens.takeKeywords('NULL')) throw tokens.unexpected('MISSING or NULL')
  const isNull: Condition = { op: 'attribute_type', path, type: 'NULL' }
  return negated ? { op: 'not', of: isNull } : isNull
}

function parseFunction(tokens: TokenStream): Condition | undefined {
  if (tokens.peek().kind !== 'name' || !tokens.atSymbol('(', 1)) return undefined
  const name = tokens.peek().text.toLowerCase()
  if (name === 'size') return undefined
  tokens.take()
  tokens.expectSymbol('(')
  const condition = parseCall(tokens, name)
  tokens.expectSymbol(')')
  return condition
}

function parseCall(tokens: TokenStream, name: string): Condition {
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      return { op: name, path: parsePath(tokens) }
    case 'attribute_type': {
      const path = parsePath(tokens)
      tokens.expectSymbol(',')
      return { op: 'attribute_type', path, type: attributeType(expectLiteral(tokens)) }
    }
    case 'begins_with': {
      const [operand, prefix] = parsePair(tokens)
      return { op: 'begins_with', operand, prefix }
    }
    case 'contains': {
      const [operand, element] = parsePair(tokens)
      return { op: 'contains', operand, element }
    }
    default:
      throw validationError(`Invalid function name: ${name}`)
  }
}

function parsePair(tokens: TokenStream): readonly [Operand, Operand] {
  const left = parseOperand(tokens)
  tokens.expectSymbol(',')
  return [left, parseOperand(tokens)]
}

function attributeType(value: AttributeValue): AttributeType {
  const types = ['S', 'N', 'B', 'BOOL', 'NULL', 'M', 'L', 'SS', 'NS', 'BS'] as const
  const type = types.find((known) => 'S' in value && value.S === known)
  if (!type) throw validationError('Invalid attribute type name found')
  return type
}

function parseOperand(tokens: TokenStream): Operand {
  if (tokens.peek().kind === 'name' && tokens.peek().text.toLowerCase() === 'size' && tokens.atSymbol('(', 1)) {
    tokens.take()
    tokens.expectSymbol('(')
    const size = parsePath(tokens)
    tokens.expectSymbol(')')
    return { size }
  }
  const value = parseLiteral(tokens)
  if (value) return { value }
  if (!atName(tokens)) throw tokens.unexpected('a value or an attribute')
  return { path: parsePath(tokens) }
}
