/**
 * The second stage of every expression: names and values take the place of placeholders, and what the grammar cannot
 * say is checked. The order is DynamoDB's: parentheses and size of the expression, functions by name and by place,
 * reserved words, and then operand by operand as they were written.
 */
import type { AttributeValue } from '../attribute/value.ts'
import { type ServiceError, validationError } from '../errors.ts'
import { expressionOperatorsMax, listIndexMax, nestingDepthMax } from '../limits.ts'
import type { ExpressionContext } from './expression-context.ts'
import type { Path } from './path.ts'
import { isReserved } from './reserved-words.ts'
import type { ExpressionKind, PathStep, PathSyntax, Syntax, ValueSyntax } from './syntax.ts'

export class Binder {
  readonly #kind: ExpressionKind
  readonly #context: ExpressionContext

  constructor(kind: ExpressionKind, context: ExpressionContext) {
    this.#kind = kind
    this.#context = context
  }

  error(problem: string): ServiceError {
    return validationError(`Invalid ${this.#kind}: ${problem}`)
  }

  checkForm(syntax: Syntax<unknown>): void {
    if (syntax.redundantParentheses) throw this.error('The expression has redundant parentheses;')
    if (syntax.operators <= expressionOperatorsMax) return
    throw this.error(`The expression contains too many operators; operator count: ${syntax.operators}`)
  }

  checkReserved(path: PathSyntax): void {
    for (const step of path.steps) {
      if (!('word' in step) || !isReserved(step.word)) continue
      throw this.error(`Attribute name is a reserved keyword; reserved keyword: ${step.word}`)
    }
  }

  path(syntax: PathSyntax): Path {
    if (syntax.steps.length > nestingDepthMax)
      throw this.error(`The document path has too many nesting elements; nesting levels: ${syntax.steps.length}`)
    return syntax.steps.map((step) => this.#step(step)) as unknown as Path
  }

  value(syntax: ValueSyntax): AttributeValue {
    const value = this.#context.value(syntax.placeholder)
    if (value !== undefined) return value
    throw this.error(
      `An expression attribute value used in expression is not defined; attribute value: ${syntax.placeholder}`,
    )
  }

  wrongCount(operator: string, count: number): ServiceError {
    return this.error(
      `Incorrect number of operands for operator or function; operator or function: ${operator}, number of operands: ${count}`,
    )
  }

  wrongType(operator: string, type: string): ServiceError {
    return this.error(
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    )
  }

  needsPath(operator: string): ServiceError {
    return this.error(`Operator or function requires a document path; operator or function: ${operator}`)
  }

  #step(step: PathStep): string | number {
    if ('word' in step) return step.word
    if ('index' in step) return this.#index(step.index)
    const name = this.#context.name(step.placeholder)
    if (name !== undefined) return name
    throw this.error(
      `An expression attribute name used in the document path is not defined; attribute name: ${step.placeholder}`,
    )
  }

  #index(digits: string): number {
    const index = Number(digits)
    if (index <= listIndexMax) return index
    throw this.error(`List index is not within the allowable range; index: [${digits}]`)
  }
}
