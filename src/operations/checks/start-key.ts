import type { Item } from '../../core/attribute/value.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { layerOf } from '../../core/wire/validation-layers.ts'

type Continued = { readonly ExclusiveStartKey?: Item | undefined }

/** The values of ExclusiveStartKey, in form; whether they fit the table is seen later. */
export function startKeyValues(operation: 'Query' | 'Scan'): (input: Continued) => void {
  const layer = layerOf(operation)
  return ({ ExclusiveStartKey: start }) => {
    if (start === undefined) return
    try {
      checkValues(start, layer)
    } catch (error) {
      if (layer === 'newer' || !(error instanceof ServiceError)) throw error
      throw validationError(`The provided starting key is invalid: ${error.message}`)
    }
  }
}
