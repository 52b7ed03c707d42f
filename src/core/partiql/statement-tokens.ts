/** The parser's view of the tokens and of the parameters, which are taken in the order of their question marks. */
import { required } from '../assert.ts'
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { expressionOperatorsMax } from '../limits/limits.ts'
import { nestingProblem } from '../wire/attribute-values.ts'
import { isKeyword } from './keywords.ts'
import { lex, malformed, type Token } from './statement-lexer.ts'

export class TokenStream {
  readonly #tokens: readonly Token[]
  readonly #parameters: readonly AttributeValue[]
  #next = 0
  #parametersTaken = 0
  #depth = 0

  constructor(text: string, parameters: readonly AttributeValue[]) {
    this.#tokens = lex(text)
    this.#parameters = parameters
  }

  peek(ahead = 0): Token {
    return required(this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)], 'the end of a statement')
  }

  take(): Token {
    const token = this.peek()
    this.#next++
    return token
  }

  /** Takes the keywords if they come next, in any case. */
  takeKeywords(...words: readonly string[]): boolean {
    if (!this.atKeywords(...words)) return false
    this.#next += words.length
    return true
  }

  atKeywords(...words: readonly string[]): boolean {
    return words.every((word, ahead) => {
      const token = this.peek(ahead)
      return token.kind === 'name' && token.text.toUpperCase() === word
    })
  }

  takeSymbol(symbol: string): boolean {
    if (!this.atSymbol(symbol)) return false
    this.#next++
    return true
  }

  atSymbol(symbol: string, ahead = 0): boolean {
    const token = this.peek(ahead)
    return token.kind === 'symbol' && token.text === symbol
  }

  atEnd(): boolean {
    return this.peek().kind === 'end'
  }

  atIdentifier(): boolean {
    const { kind, text } = this.peek()
    return kind === 'quoted' || (kind === 'name' && !isKeyword(text))
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected()
  }

  takeParameter(): AttributeValue {
    // Too few are told when the whole statement has been read.
    return this.#parameters[this.#parametersTaken++] ?? { NULL: true }
  }

  /** The statement's end. */
  expectEnd(): void {
    if (!this.atEnd()) throw this.unexpected()
  }

  /** As many parameters as question marks. */
  expectParametersTaken(): void {
    if (this.#parametersTaken !== this.#parameters.length)
      throw validationError("Number of parameters in request and statement don't match.")
  }

  /** DynamoDB's limit of operators bounds how deep a statement is followed. */
  deeper<T>(parse: () => T): T {
    if (++this.#depth > expressionOperatorsMax) throw validationError(nestingProblem)
    const parsed = parse()
    this.#depth--
    return parsed
  }

  unexpected(): Error {
    return malformed(this.atEnd() ? 'Unexpected term' : 'Unexpected token after expression')
  }
}
