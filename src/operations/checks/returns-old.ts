import type { ReturnValue } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../core/errors.ts'

/** Of PutItem and DeleteItem; UpdateItem takes all of them. */
export function returnsOldOrNothing({ ReturnValues }: { readonly ReturnValues?: ReturnValue | undefined }): void {
  if (ReturnValues === undefined || ReturnValues === 'ALL_OLD' || ReturnValues === 'NONE') return
  throw validationError('ReturnValues can only be ALL_OLD or NONE')
}
