/** What Lambda's operations refuse with: the type in a header, and who is to blame in the body. */
const statuses = {
  InvalidParameterValueException: 400,
  InvalidRequestContentException: 400,
  RequestTooLargeException: 413,
  ResourceConflictException: 409,
  ResourceInUseException: 400,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceException: 500,
  TooManyRequestsException: 429,
  UnsupportedMediaTypeException: 415,
  ValidationException: 400,
} as const

export type LambdaErrorType = keyof typeof statuses

export class LambdaError extends Error {
  override readonly name = 'LambdaError'
  readonly type: LambdaErrorType

  constructor(type: LambdaErrorType, message: string) {
    super(message)
    this.type = type
  }

  get status(): number {
    return statuses[this.type]
  }

  get body(): object {
    return { Type: this.status >= 500 ? 'Service' : 'User', message: this.message, Message: this.message }
  }
}

export const invalidParameter = (message: string): LambdaError =>
  new LambdaError('InvalidParameterValueException', message)
