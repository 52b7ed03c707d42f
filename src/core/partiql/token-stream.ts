/** The parser's view of the tokens and of the parameters, which are taken in the order of their question marks. */
import type { AttributeValue } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import { lex, malformed, type Token } from './lexer.ts'

export class TokenStream {
  readonly #tokens: readonly Token[]
  readonly #parameters: readonly AttributeValue[]
  #next = 0
  #parametersTaken = 0

  constructor(text: string, parameters: readonly AttributeValue[]) {
    this.#tokens = lex(text)
    this.#parameters = parameters
  }

  peek(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)]
    if (!token) throw malformed('Empty statement')
    return token
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

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected(`'${symbol}'`)
  }

  expectKeyword(word: string): void {
    if (!this.takeKeywords(word)) throw this.unexpected(word)
  }

  takeParameter(): AttributeValue {
    const parameter = this.#parameters[this.#parametersTaken++]
    if (parameter === undefined) throw parameterCountMismatch()
    return parameter
  }

  /** The statement's end, and every parameter used. */
  expectEnd(): void {
    if (this.peek().kind !== 'end') throw this.unexpected('end of statement')
    if (this.#parametersTaken !== this.#parameters.length) throw parameterCountMismatch()
  }

  unexpected(expected: string): Error {
    const token = this.peek()
    return token.kind === 'end'
      ? malformed(`Unexpected end of statement, expected ${expected}`)
      : malformed(`Unexpected token '${token.text}' at position ${token.at}, expected ${expected}`)
  }
}

function parameterCountMismatch(): Error {
  return validationError("Number of parameters in request and statement don't match.")
}
