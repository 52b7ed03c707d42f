/** AWS's words for a request that policies do not allow (IAM User Guide, "Troubleshoot access denied error messages"). */
import { ServiceError } from '../errors.ts'
import type { Decision, PolicyType } from './evaluate-policies.ts'

const kinds: Readonly<Record<PolicyType, string>> = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  resource: 'resource-based policy',
  endpoint: 'VPC endpoint policy',
}

export type Denied = Extract<Decision, { readonly allowed: false }>

type Asked = { readonly arn: string; readonly action: string; readonly resource: string }

export function denialText({ arn, action, resource }: Asked, { type, by }: Denied): string {
  const kind = kinds[type]
  const article = kind.startsWith('i') ? 'an' : 'a'
  const why =
    by === undefined ? `because no ${kind} allows the ${action} action` : `with an explicit deny in ${article} ${kind}`
  return `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`
}

export function denialOf(asked: Asked, denied: Denied): ServiceError {
  return new ServiceError('AccessDeniedException', denialText(asked, denied))
}
