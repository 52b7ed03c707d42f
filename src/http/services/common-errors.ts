/** Refusals of the front as a service beside DynamoDB says them: codes of AWS's common errors, and their status. */
import { type ErrorCode, errors, type ServiceError } from '../../core/errors.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'

const common: Partial<Readonly<Record<ErrorCode, readonly [code: string, status: number]>>> = {
  AccessDeniedException: ['AccessDenied', 403],
  ExpiredTokenException: ['ExpiredToken', 403],
  IncompleteSignatureException: ['IncompleteSignature', 400],
  InternalServerError: ['InternalFailure', 500],
  InvalidSignatureException: ['SignatureDoesNotMatch', 403],
  MissingAuthenticationTokenException: ['MissingAuthenticationToken', 403],
  SerializationException: ['MalformedInput', 400],
  ServiceUnavailable: ['ServiceUnavailable', 503],
  ThrottlingException: ['Throttling', 400],
  UnrecognizedClientException: ['InvalidClientTokenId', 403],
  ValidationException: ['ValidationError', 400],
}

export function commonRefusal({ code, message, members }: ServiceError): ServiceRefusal {
  const [named, status] = common[code] ?? [code, errors[code].status]
  return new ServiceRefusal(named, message, { type: code, status, members })
}

export const internalFailure = (): ServiceRefusal =>
  new ServiceRefusal(
    'InternalFailure',
    'The request processing has failed because of an unknown error, exception or failure.',
    { status: 500 },
  )

/** Types of errors that belong to AWS's front end and to no service, by their names. */
const frontTypes: ReadonlyMap<string, string> = new Map(
  Object.keys(common).map((code) => [code, errors[code as ErrorCode].wireType]),
)

/** `com.amazonaws.cloudwatch#ResourceNotFound` */
export function wireTypeOf({ type }: ServiceRefusal, errorNamespace: string): string {
  const front = frontTypes.get(type)
  return front?.startsWith('com.amazon.coral.') === true ? front : `${errorNamespace}#${type}`
}
