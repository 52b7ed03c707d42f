/**
 * AWS moves its operations to a newer validation layer, one after another since June 2026. What each layer says to the same mistake is
 * written where the mistake is found; which operation is on which layer is written here, as captured in us-east-1 in September and
 * October 2026.
 */
import { type ServiceError, validationError } from '../errors.ts'

/** `parameter`: the older layer as it is for the parameters of a PartiQL statement. */
export type Layer = 'newer' | 'older' | 'parameter'

type Row = {
  readonly layer: Layer
  /** Whatever is wrong with the request by itself is told behind `1 validation error detected: `. */
  readonly prefixed?: true
}

const older: Row = { layer: 'older' }

const rows: Readonly<Record<string, Row>> = {
  PutItem: { layer: 'newer', prefixed: true },
  UpdateItem: { layer: 'newer', prefixed: true },
  DeleteItem: { layer: 'newer', prefixed: true },
  GetItem: { layer: 'newer' },
  BatchGetItem: { layer: 'newer' },
  Query: { layer: 'newer' },
  BatchWriteItem: older,
  TransactWriteItems: older,
  TransactGetItems: older,
  Scan: older,
}

export const layerOf = (operation: string): Layer => (rows[operation] ?? older).layer

const prefix = '1 validation error detected: '
const isCounted = /^\d+ validation errors? detected: /

/** The refusal of a request by itself, before any table is looked at, in the words of the operation's layer. */
export function inLayer(operation: string, error: ServiceError): ServiceError {
  const isBare = error.code === 'ValidationException' && !isCounted.test(error.message)
  return isBare && rows[operation]?.prefixed === true ? prefixed(error.message) : error
}

export const prefixed = (message: string): ServiceError => validationError(prefix + message)
