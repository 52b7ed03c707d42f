/** The way out: replies and errors as the bytes of AWS's JSON protocol. */
import { errors, type ServiceError } from '../errors.ts'
import { messageMember } from './model/shapes.ts'

export function renderOutput(output: unknown): Buffer {
  return output === undefined ? emptyReply : Buffer.from(JSON.stringify(output))
}

/** An error without a message has no member for it, as AWS's parser leaves it out. */
export function renderError(error: ServiceError): Buffer {
  const { wireType, messageAs } = errorRow(error)
  const text = error.message === '' ? {} : { [messageAs]: error.message }
  return Buffer.from(JSON.stringify({ __type: wireType, ...text, ...error.members }))
}

/** TagResource and UntagResource answer nothing at all. */
const emptyReply = Buffer.alloc(0)

/** What AWS's front end answers itself, before any operation, has "Message"; an operation's errors are as modelled. */
const frontEndMessages: ReadonlySet<string> = new Set(['SerializationException', 'AccessDeniedException'])

function errorRow(error: ServiceError): { readonly wireType: string; readonly messageAs: string } {
  const { wireType } = errors[error.code]
  return { wireType, messageAs: frontEndMessages.has(error.code) ? 'Message' : messageMember(error.code) }
}
