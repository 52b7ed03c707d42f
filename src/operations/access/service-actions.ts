/** What an operation of a service beside DynamoDB is called in policies, and what it is about. */
import type { AuthorizeService } from '../service-entry.ts'
import type { Identities } from '../../core/access/identities/identities.ts'
import type { ForeignAction } from './authorizer.ts'
import { iamRequest } from './iam-request.ts'

/** Where a service signs by another name than its actions have. */
const prefixes: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' }

/** Of the account; without the definitions where no policies decide. */
type Account = Pick<Identities, 'accountId' | 'definitions'>

/** Undefined where the service itself decides: everybody may ask who it is, and a role says who may assume it. */
export function actionOfService(
  { service, operation, input, principal, resource: known }: Parameters<AuthorizeService>[0],
  account: Account,
): ForeignAction | undefined {
  if (service === 'sts') return undefined
  const action = `${prefixes[service] ?? service}:${operation}`
  if (service !== 'iam') return { action, resource: known ?? '*', principal }
  const { resource, facts } = iamRequest(operation, input, account)
  return { action, resource, principal, iam: facts }
}

/** What the audit log says that a request is about: undefined where it is about nothing that has a name. */
export function toldResource(asked: Parameters<AuthorizeService>[0], account: Account): string | undefined {
  const { RoleArn: role } = asked.input
  if (asked.service === 'sts') return typeof role === 'string' ? role : undefined
  const resource = actionOfService(asked, account)?.resource
  return resource === '*' ? undefined : resource
}
