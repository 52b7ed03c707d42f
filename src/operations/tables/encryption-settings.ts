/** Keys that tables are encrypted with: what SSESpecification means together, which key it names, and what AWS says of one that cannot be used. */
import type { SSESpecification } from '@aws-sdk/client-dynamodb'
import { ServiceError, validationError } from '../../core/errors.ts'
import { lostByState, managedKey, ownKeyOf } from '../../core/table/own-key.ts'
import type { KeyLoss, Table } from '../../core/table/table.ts'
import { type KeyInfo, KeyRefusal } from '../../ports/key-service.ts'
import { KeyUnavailable } from '../../ports/keyring.ts'
import { keyArnOf } from '../key-arn.ts'
import type { OperationContext } from '../operation.ts'
import type { Wire } from '../sdk-shape.ts'

type Specification = Wire<SSESpecification>

const invalid = (message: string): ServiceError =>
  validationError(`One or more parameter values were invalid: ${message}`)

/** Throws the ServiceError for members that do not go together. */
export function checkSpecification(specification: Specification | undefined): void {
  const { Enabled: isEnabled, SSEType: type, KMSMasterKeyId: key } = specification ?? {}
  if (isEnabled === false && type !== undefined) throw invalid('SSEType can not be specified if Enabled is false')
  if (isEnabled === false && key !== undefined) throw invalid('KMSMasterKeyId can not be specified if Enabled is false')
  if (type !== undefined && type !== 'KMS') throw invalid(`SSEType ${type} is not supported`)
  if (key !== undefined && type === undefined) throw invalid('SSEType KMS is required if KMSMasterKeyId is specified')
}

/** The same with the ARN of its key, once the key service has said that it can be used. As it is where there is no key service. */
export async function withUsableKey<Asked extends Specification | undefined>(
  specification: Asked,
  context: OperationContext,
): Promise<Asked> {
  const { keys } = context
  if (keys === undefined || specification === undefined) return specification
  if (!(specification.Enabled ?? specification.SSEType === 'KMS')) return specification
  const named = specification.KMSMasterKeyId ?? managedKey
  let found: KeyInfo
  try {
    found = await keys.describe(named)
  } catch (error) {
    throw refusalOf(error, context)
  }
  const { arn, state, isSymmetric, isManaged } = found
  // AWS answers so, always, of a key for signatures.
  if (!isSymmetric) throw new ServiceError('InternalServerError', 'Internal server error')
  if (state !== 'Enabled') throw lossError(lostByState(arn, state), context)
  const { KMSMasterKeyId: _, ...rest } = specification
  return (isManaged ? rest : { ...rest, KMSMasterKeyId: arn }) as Asked
}

function refusalOf(error: unknown, context: OperationContext): unknown {
  if (error instanceof KeyUnavailable)
    return new ServiceError('InternalServerError', 'The key service of this region cannot be reached: see its log')
  return error instanceof KeyRefusal ? lossError(error, context) : error
}

type Refused = Pick<KeyLoss, 'code' | 'message'>

/** In AWS's words, which name the exception of its own client. */
export function lossError({ code, message }: Refused, { env }: Pick<OperationContext, 'env'>): ServiceError {
  const details = `Service: AWSKMS; Status Code: 400; Error Code: ${code}; Request ID: ${env.random.uuid()}; Proxy: null`
  if (code === 'AccessDeniedException') return new ServiceError('AccessDeniedException', `${message} (${details})`)
  const what = code === 'DisabledException' ? 'KMS key disabled error' : 'KMS validation error'
  return validationError(`${what}: com.amazonaws.services.kms.model.${code}: ${message} (${details})`)
}

/** On AWS a change to another key heals a table whose grant was revoked; with a key that is disabled or gone it fails as everything else. */
export function assertKeyMayChange({ keyLoss }: Table, context: OperationContext): void {
  if (keyLoss !== undefined && keyLoss.code !== 'AccessDeniedException') throw lossError(keyLoss, context)
}

/** A table that is encrypted with that key already. */
export function assertAnotherKey(
  table: Table,
  { KMSMasterKeyId: key }: Specification,
  context: OperationContext,
): void {
  const now = ownKeyOf(table, context.settings.region)
  if (key === undefined || now === undefined) return
  // An alias or an id that means the same key is taken, and counts as a change.
  if (key.startsWith('arn:') && key === keyArnOf(context.settings, now))
    throw invalid(
      'Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key',
    )
}
