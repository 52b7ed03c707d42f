/** Refusals of one expression, in AWS's words: each begins with the parameter that the expression came in. */
import { type ServiceError, validationError } from '../../errors.ts'
import type { ExpressionKind } from './syntax.ts'

export class Problems {
  readonly #kind: ExpressionKind

  constructor(kind: ExpressionKind) {
    this.#kind = kind
  }

  error(problem: string): ServiceError {
    return validationError(`Invalid ${this.#kind}: ${problem}`)
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
}
