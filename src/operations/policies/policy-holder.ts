/** The table or the stream that a request about a resource's policy names, and the policy that it has. */
import type { PolicyTarget } from '../../core/access/resource-policy.ts'
import { ServiceError, validationError } from '../../core/errors.ts'
import type { KeptPolicy, Table } from '../../core/table/table.ts'
import { streamArn, tableNameOf } from '../arns.ts'
import { inUse, tableMade } from '../checks/table-exists.ts'
import type { OperationContext } from '../operation.ts'
import { lasts } from '../tables/cool-downs.ts'
import { waits } from '../../core/table/waits.ts'

export type Holder = {
  readonly target: PolicyTarget
  readonly table: Table
  /** Of a stream. */
  readonly label: string | undefined
  readonly kept: KeptPolicy | undefined
}

const arnPattern = /^arn:[^:]+:dynamodb:([^:]*):([^:]*):table\/([a-zA-Z0-9_.-]+)(?:\/stream\/([^/]+)|(\/.*))?$/
const parameter = 'One or more parameter values were invalid: '

export function checkResourceArn({ ResourceArn: arn = '' }: { readonly ResourceArn?: string | undefined }): void {
  if (!arn.startsWith('arn:')) throw validationError(`${parameter}ARNs must start with 'arn:': ${arn}`)
  const found = arnPattern.exec(arn)
  if (found === null) throw validationError(`${parameter}Provided Arn is not a DynamoDB resource arn: ${arn}`)
  if (found[5] !== undefined)
    throw validationError(
      `${parameter}Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    )
}

/** The table's own ARN within that of its stream. */
export const tableArnIn = (arn: string | undefined): string | undefined => arn?.replace(/\/stream\/[^/]+$/, '')

/** Throws when the region has no such table or stream. */
export function holderOf(arn: string, context: OperationContext): Holder {
  const { settings } = context
  const [, , accountId, , label] = arnPattern.exec(arn) ?? []
  if (accountId !== settings.accountId)
    throw new ServiceError(
      'AccessDeniedException',
      'This action is only supported by accounts that match the resource owner’s account.',
    )
  const table = tableMade(tableArnIn(arn), context)
  if (label === undefined) return { target: 'table', table, label, kept: table.settings.resourcePolicy }
  const isThere = context.engine.streams.all().some((each) => each.tableName === table.name && each.label === label)
  if (!isThere)
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Stream: ${streamArn(settings, table.name, label)} not found`,
    )
  const { streamPolicy } = table.settings
  return { target: 'stream', table, label, kept: streamPolicy?.label === label ? streamPolicy : undefined }
}

/** By name, for what is done one after the other. */
export const tableNameIn = (arn: string, { settings }: OperationContext): string =>
  tableNameOf(settings, tableArnIn(arn) ?? '')

export const noPolicy = (arn: string): ServiceError =>
  new ServiceError('PolicyNotFoundException', `Resource-based policy not found for the provided ResourceArn: ${arn}`)

/** `NO_POLICY`: there must be none. */
export function assertRevision(expected: string | undefined, { kept }: Holder, arn: string): void {
  if (expected === undefined) return
  const has = kept?.text === undefined ? undefined : kept.revisionId
  if (expected === 'NO_POLICY' ? has === undefined : has === expected) return
  throw new ServiceError(
    'PolicyNotFoundException',
    `Resource-based policy not found for the provided ResourceArn: ${arn}: the revision ID that was expected did not match`,
  )
}

/** AWS takes the next change only after a while. */
export function assertPolicyMayChange({ table, kept, label }: Holder, context: OperationContext): void {
  if (table.status === 'DELETING') throw inUse(table)
  const changedMs = kept?.changedMs
  if (lasts('policy change', changedMs, context))
    throw new ServiceError(
      'ResourceInUseException',
      `Attempt to change a resource which is still in use: Table is pending previous resource-based policy update: ${table.name}`,
    )
  if (changedMs === undefined || !lasts('policy pause', changedMs, context)) return
  const pauseMs = waits['policy pause'].ms
  throw new ServiceError(
    'ThrottlingException',
    `Resource-based policy for ${label === undefined ? `table ${table.name}` : `stream ${label}`} modified within the previous ${pauseMs} milliseconds. ` +
      `Please try again after ${new Date(changedMs + pauseMs).toISOString()}.`,
  )
}

/** The register of the policy, with a value; without a text the policy is gone. */
export function policyEdit({ target, label = '' }: Holder, kept: KeptPolicy) {
  return target === 'table'
    ? { register: 'local/resource-policy', value: kept }
    : { register: 'local/stream-policy', value: { ...kept, label } }
}
