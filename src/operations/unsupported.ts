/** Operations of the service model that this version does not have, each with the reason that its error names. */
import { ServiceError } from '../core/errors.ts'

const notYet = 'not yet'

export const unsupported: Readonly<Record<string, string>> = {
  SearchVectors: notYet,
}

/** AWS's own answer to a name that it does not know, so that an SDK reports it as what it is. */
export function unsupportedOperation(name: string): ServiceError {
  return new ServiceError(
    'UnknownOperationException',
    `The operation ${name} is not supported by this version of Longitude: ${unsupported[name] ?? notYet}`,
  )
}
