/** The parser's place in the words of one expression, and the refusals that name that place. */
import { type ServiceError, validationError } from '../../errors.ts'
import { expressionDepthMax } from '../../limits/limits.ts'
import { nearby, type Token, tokenize } from './lexer.ts'
import type { ExpressionKind, Syntax } from './syntax.ts'

export class TokenStream {
  readonly #kind: ExpressionKind
  readonly #text: string
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0
  readonly #parenthesised = new Set<object>()
  #redundantParentheses = false
  operators = 0

  constructor(kind: ExpressionKind, text: string) {
    this.#kind = kind
    this.#text = text
    this.#tokens = tokenize(text)
  }

  get current(): Token {
    return this.#tokens[this.#at] as Token
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)] as Token
  }

  take(): Token {
    const token = this.current
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** Keywords are words in whatever case. */
  isKeyword(keyword: string): boolean {
    const { kind, text } = this.current
    return kind === 'word' && text.length === keyword.length && text.toUpperCase() === keyword
  }

  takeKeyword(keyword: string): boolean {
    if (!this.isKeyword(keyword)) return false
    this.#at++
    return true
  }

  isSymbol(symbol: string): boolean {
    return this.current.kind === 'symbol' && this.current.text === symbol
  }

  takeSymbol(symbol: string): boolean {
    if (!this.isSymbol(symbol)) return false
    this.#at++
    return true
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.syntaxError()
  }

  expectKeyword(keyword: string): void {
    if (!this.takeKeyword(keyword)) throw this.syntaxError()
  }

  expectEnd(): void {
    if (this.current.kind !== 'end') throw this.syntaxError()
  }

  /** Nesting is bounded, since each level is a call on our stack; what is nested deeper has parentheses to spare. */
  nested<T>(parse: () => T): T {
    if (this.#depth >= expressionDepthMax) throw this.error('The expression has redundant parentheses;')
    this.#depth++
    const result = parse()
    this.#depth--
    return result
  }

  /** `inner` has been read between parentheses; that it already was within others makes these redundant. */
  noteParentheses(inner: object): void {
    if (this.#parenthesised.has(inner)) this.#redundantParentheses = true
    this.#parenthesised.add(inner)
  }

  syntax<Tree>(tree: Tree): Syntax<Tree> {
    return { tree, operators: this.operators, redundantParentheses: this.#redundantParentheses }
  }

  syntaxError(): ServiceError {
    const near = nearby(this.#text, this.#tokens, this.#at)
    return this.error(`Syntax error; token: "${this.current.text}", near: "${near}"`)
  }

  error(problem: string): ServiceError {
    return validationError(`Invalid ${this.#kind}: ${problem}`)
  }
}
