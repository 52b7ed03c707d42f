/** Values as PartiQL writes them: 'text', 1.5, true, null, [list], {'map': …}, <<'set'>> and ? for a parameter. */
import { canonicalNumber } from '../attribute/number.ts'
import { type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { nestingDepthMax } from '../limits.ts'
import { checkValue, checkValues } from '../wire/attribute-values.ts'
import { malformed } from './lexer.ts'
import type { TokenStream } from './token-stream.ts'
import { shownList } from '../shown-list.ts'

/** undefined when no value comes next: it may be a path. A whole value is held to what holds for values anywhere. */
export function parseLiteral(tokens: TokenStream, depth = 0): AttributeValue | undefined {
  const value = parsePart(tokens, depth)
  // A parameter is checked alone before, but may stand deep within a list or a map.
  if (value !== undefined && depth === 0) checkValue(value)
  return value
}

function parsePart(tokens: TokenStream, depth: number): AttributeValue | undefined {
  if (depth > nestingDepthMax) throw validationError('Nesting Levels have exceeded supported limits')
  const token = tokens.peek()
  if (token.kind === 'string') return { S: tokens.take().text }
  if (token.kind === 'number') return numberValue(tokens.take().text)
  if (token.kind === 'name') return parseNamed(tokens)
  return token.kind === 'symbol' ? parseSymbol(tokens, depth) : undefined
}

export function expectLiteral(tokens: TokenStream, depth = 0): AttributeValue {
  const value = parseLiteral(tokens, depth)
  if (!value) throw tokens.unexpected('a value')
  return value
}

export function parseMap(tokens: TokenStream, depth = 0): Item {
  const map: Record<string, AttributeValue> = {}
  tokens.expectSymbol('{')
  while (!tokens.takeSymbol('}')) {
    const name = tokens.take()
    if (name.kind !== 'string') throw malformed(`Expected a quoted attribute name at position ${name.at}`)
    if (Object.hasOwn(map, name.text)) throw malformed(`Duplicate attribute name '${name.text}'`)
    tokens.expectSymbol(':')
    setAttribute(map, name.text, expectLiteral(tokens, depth + 1))
    if (!tokens.atSymbol('}')) tokens.expectSymbol(',')
  }
  if (depth === 0) checkValues(map)
  return map
}

function parseNamed(tokens: TokenStream): AttributeValue | undefined {
  if (tokens.takeKeywords('TRUE')) return { BOOL: true }
  if (tokens.takeKeywords('FALSE')) return { BOOL: false }
  return tokens.takeKeywords('NULL') ? { NULL: true } : undefined
}

function parseSymbol(tokens: TokenStream, depth: number): AttributeValue | undefined {
  if (tokens.takeSymbol('?')) return tokens.takeParameter()
  if (tokens.atSymbol('[')) return { L: parseSequence(tokens, ['[', ']'], depth) }
  if (tokens.atSymbol('{')) return { M: parseMap(tokens, depth) }
  if (tokens.atSymbol('<<')) return setOf(parseSequence(tokens, ['<<', '>>'], depth))
  if ((tokens.atSymbol('-') || tokens.atSymbol('+')) && tokens.peek(1).kind === 'number') {
    return numberValue(tokens.take().text + tokens.take().text)
  }
  return undefined
}

function parseSequence(tokens: TokenStream, [open, close]: readonly [string, string], depth: number): AttributeValue[] {
  const values: AttributeValue[] = []
  tokens.expectSymbol(open)
  while (!tokens.takeSymbol(close)) {
    values.push(expectLiteral(tokens, depth + 1))
    if (!tokens.atSymbol(close)) tokens.expectSymbol(',')
  }
  return values
}

function setOf(values: readonly AttributeValue[]): AttributeValue {
  const first = values[0]
  if (!first) throw validationError('One or more parameter values were invalid: An string set  may not be empty')
  const texts = values.map((value) =>
    'S' in value ? value.S : 'N' in value ? value.N : 'B' in value ? value.B : undefined,
  )
  const type = 'S' in first ? 'S' : 'N' in first ? 'N' : 'B'
  const strings = texts.filter((text) => text !== undefined)
  if (strings.length !== values.length || !values.every((value) => type in value)) {
    throw validationError('A set may only contain values of one type: strings, numbers or binaries')
  }
  if (new Set(strings).size !== strings.length) {
    throw validationError(
      `One or more parameter values were invalid: Input collection [${shownList(strings)}] contains duplicates.`,
    )
  }
  return type === 'S' ? { SS: strings } : type === 'N' ? { NS: strings } : { BS: strings }
}

function numberValue(text: string): AttributeValue {
  const number = canonicalNumber(text)
  if (typeof number !== 'string') throw validationError(number.message)
  return { N: number }
}
