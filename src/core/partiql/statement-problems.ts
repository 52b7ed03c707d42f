/** What is wrong with operators and functions, in AWS's words. Functions are named in small letters, whatever their case. */
import { type ServiceError, validationError } from '../errors.ts'
import type { Call } from './tree.ts'

export function wrongCount(operator: string, count: number): ServiceError {
  return validationError(
    `Incorrect number of operands for operator or function; operator or function: ${operator}, number of operands: ${count}`,
  )
}

export function wrongType(operator: string, type: string): ServiceError {
  return validationError(
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
  )
}

export function needsPath(operator: string): ServiceError {
  return validationError(`Operator or function requires a document path; operator or function: ${operator}`)
}

export function unrecognized({ name, place }: Call): ServiceError {
  return validationError(`Unrecognized function: ${name} at ${place}`)
}

export function unsupported(operation: string): ServiceError {
  return validationError(`Unsupported operation: ${operation}`)
}
