/** Thrown by an administrator's route: the request cannot be done, for a reason that is told. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest'
  readonly statusCode = 400
}
