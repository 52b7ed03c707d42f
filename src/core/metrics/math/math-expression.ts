/** Metric math, as text and as a tree. */
import { mathDepthMax, mathExpressionLengthMax } from '../../limits/metric-limits.ts'

export type Operator = '+' | '-' | '*' | '/' | '^' | '==' | '!=' | '<=' | '>=' | '<' | '>' | 'AND' | 'OR'

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'id'; readonly name: string }
  | { readonly kind: 'array'; readonly elements: readonly Expression[] }
  | { readonly kind: 'call'; readonly name: string; readonly arguments: readonly Expression[] }
  | { readonly kind: 'negative'; readonly of: Expression }
  | { readonly kind: 'binary'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }

/** What is wrong with an expression, for the message that the request is refused with. */
export class MathError extends Error {
  override readonly name = 'MathError'
}

/** Throws MathError. */
export function parseExpression(text: string): Expression {
  if (text.length > mathExpressionLengthMax) throw new MathError('The expression is too long')
  const parser = new Parser(tokensOf(text))
  const expression = parser.expression(0)
  parser.end()
  return expression
}

type Token = { readonly kind: 'number' | 'text' | 'name' | 'sign'; readonly text: string }

const tokenPattern =
  /\s*(?:(\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+)|(?:"([^"]*)"|'([^']*)')|([A-Za-z_][A-Za-z0-9_]*)|(==|!=|<=|>=|&&|\|\||[-+*/^<>(),[\]]))/y

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = []
  tokenPattern.lastIndex = 0
  const end = text.trimEnd().length
  while (tokenPattern.lastIndex < end) {
    const at = tokenPattern.lastIndex
    const match = tokenPattern.exec(text)
    if (match === null) throw new MathError(`Unexpected character at position ${at}`)
    const [, number, quoted, apostrophed, name, sign] = match
    if (number !== undefined) tokens.push({ kind: 'number', text: number })
    else if (name !== undefined) tokens.push({ kind: 'name', text: name })
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign })
    else tokens.push({ kind: 'text', text: quoted ?? apostrophed ?? '' })
  }
  return tokens
}

/** How tightly each operator binds. */
const levels: Readonly<Record<Operator, number>> = {
  OR: 1,
  AND: 2,
  '==': 3,
  '!=': 3,
  '<=': 4,
  '>=': 4,
  '<': 4,
  '>': 4,
  '+': 5,
  '-': 5,
  '*': 6,
  '/': 6,
  '^': 8,
}
const negativeLevel = 7

class Parser {
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  end(): void {
    const token = this.#tokens[this.#at]
    if (token !== undefined) throw new MathError(`Unexpected ${shown(token)}`)
  }

  expression(least: number): Expression {
    if (++this.#depth > mathDepthMax) throw new MathError('The expression is nested too deeply')
    let left = this.#operand()
    for (let operator = this.#operator(); operator !== undefined; operator = this.#operator()) {
      const level = levels[operator]
      if (level < least) break
      this.#at++
      // A power of a power is that of the right one.
      const right = this.expression(operator === '^' ? level : level + 1)
      left = { kind: 'binary', operator, left, right }
    }
    this.#depth--
    return left
  }

  #operator(): Operator | undefined {
    const token = this.#tokens[this.#at]
    if (token === undefined || (token.kind !== 'sign' && token.kind !== 'name')) return undefined
    const text = synonyms[token.text] ?? token.text
    return Object.hasOwn(levels, text) ? (text as Operator) : undefined
  }

  #operand(): Expression {
    const token = this.#tokens[this.#at++]
    if (token === undefined) throw new MathError('Unexpected end of the expression')
    if (token.kind === 'number') return { kind: 'number', value: Number(token.text) }
    if (token.kind === 'text') return { kind: 'text', value: token.text }
    if (token.kind === 'name') {
      if (this.#takes('(')) return { kind: 'call', name: token.text, arguments: this.#list(')') }
      return { kind: 'id', name: token.text }
    }
    if (token.text === '-') return { kind: 'negative', of: this.expression(negativeLevel) }
    if (token.text === '[') return { kind: 'array', elements: this.#list(']') }
    if (token.text !== '(') throw new MathError(`Unexpected ${shown(token)}`)
    const inner = this.expression(0)
    if (!this.#takes(')')) throw new MathError('A parenthesis is not closed')
    return inner
  }

  #list(end: ')' | ']'): readonly Expression[] {
    const elements: Expression[] = []
    if (this.#takes(end)) return elements
    do elements.push(this.expression(0))
    while (this.#takes(','))
    if (!this.#takes(end)) throw new MathError(`${end} is missing`)
    return elements
  }

  #takes(sign: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at++
    return true
  }
}

const synonyms: Readonly<Record<string, string>> = { '&&': 'AND', '||': 'OR' }

const shown = ({ text }: Token): string => `'${text.slice(0, 50)}'`

/** Names of metrics and expressions that it needs. */
export function idsIn(expression: Expression): ReadonlySet<string> {
  const ids = new Set<string>()
  const visit = (each: Expression): void => {
    // Words such as REPEAT are written in capitals.
    if (each.kind === 'id' && /^[a-z]/.test(each.name)) ids.add(each.name)
    else if (each.kind === 'negative') visit(each.of)
    else if (each.kind === 'array') each.elements.forEach(visit)
    else if (each.kind === 'call') each.arguments.forEach(visit)
    else if (each.kind === 'binary') [each.left, each.right].forEach(visit)
  }
  visit(expression)
  return ids
}
