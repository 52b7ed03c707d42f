import type { Item } from '../../core/attribute/value.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'

/** The values of ExclusiveStartKey, in form; whether they fit the table is seen later. */
export function startKeyValues({ ExclusiveStartKey: start }: { readonly ExclusiveStartKey?: Item | undefined }): void {
  if (start === undefined) return
  try {
    checkValues(start)
  } catch (error) {
    if (error instanceof ServiceError) throw validationError(`The provided starting key is invalid: ${error.message}`)
    throw error
  }
}
