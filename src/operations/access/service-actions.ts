/** What an operation of a service beside DynamoDB is called in policies, and what it is about. */
import type { AuthorizeService } from '../service.ts'
import type { ForeignAction } from './authorizer.ts'

/** Where a service signs by another name than its actions have. */
const prefixes: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' }

/** Undefined where the service itself decides: everybody may ask who it is, and a role says who may assume it. */
export function actionOfService(
  { service, operation, input, principal, resource: known }: Parameters<AuthorizeService>[0],
  accountId: string,
): ForeignAction | undefined {
  if (service === 'sts') return undefined
  const resource = service === 'iam' ? iamResource(operation, input, accountId) : (known ?? '*')
  return { action: `${prefixes[service] ?? service}:${operation}`, resource, principal }
}

const named = ['User', 'Role', 'Group'] as const

/** The user, role, group or policy that is named; who names no user means itself, which the authorizer knows. */
function iamResource(
  operation: string,
  input: Readonly<Record<string, unknown>>,
  accountId: string,
): string | undefined {
  const { PolicyArn: policy, PolicyName: name, PolicySourceArn: source } = input
  if (typeof source === 'string') return source
  if (operation.startsWith('List') && !operation.includes('Polic') && operation !== 'ListAccessKeys') return '*'
  const prefix = `arn:aws:iam::${accountId}:`
  for (const kind of named) {
    const given = input[`${kind}Name`]
    if (typeof given === 'string') return `${prefix}${kind.toLowerCase()}/${given}`
  }
  if (typeof policy === 'string') return policy
  if (operation === 'CreatePolicy') return `${prefix}policy/${String(name)}`
  return operation === 'ListPolicies' || operation.startsWith('Simulate') ? '*' : undefined
}

/** What the audit log says that a request is about: undefined where it is about nothing that has a name. */
export function toldResource(asked: Parameters<AuthorizeService>[0], accountId: string): string | undefined {
  const { RoleArn: role } = asked.input
  if (asked.service === 'sts') return typeof role === 'string' ? role : undefined
  const resource = actionOfService(asked, accountId)?.resource
  return resource === '*' ? undefined : resource
}
