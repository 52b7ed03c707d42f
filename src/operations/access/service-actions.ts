/** What an operation of a service beside DynamoDB is called in policies. */
import type { AuthorizeService } from '../service.ts'
import type { ForeignAction } from './authorizer.ts'

/** Where a service signs by another name than its actions have. */
const prefixes: Readonly<Record<string, string>> = { monitoring: 'cloudwatch' }

export function actionOfService({ service, operation, principal }: Parameters<AuthorizeService>[0]): ForeignAction {
  return { action: `${prefixes[service] ?? service}:${operation}`, resource: '*', principal }
}
