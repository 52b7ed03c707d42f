/**
 * The wire (core/wire): what a request's body must be and what a reply is. Four layers, in DynamoDB's order: coerce
 * (form), constrain (single members), attribute values, and then an operation's own checks. All of it works from the
 * published service model, model.ts, with overlay.ts laid over it; the messages are AWS's, letter by letter, since
 * applications and their tests compare them.
 */
import { coerceBody } from './coerce.ts'
import { constrainInput } from './constrain.ts'
import { inputOf } from './model/shapes.ts'

/** The operation's input, in form and within its constraints. Throws ServiceError. `body` is changed in place. */
export function readInput(operation: string, body: unknown): Record<string, unknown> {
  const shape = inputOf(operation)
  const input = coerceBody(shape, body)
  constrainInput(operation, shape, input)
  return input
}
