/** The audit log's entries of services beside DynamoDB. What CloudTrail counts as data events, as reading metrics or invoking a function, counts as data here. */
import type { Principal } from '../../core/auth/credentials.ts'
import type { Audit } from '../../ports/audit.ts'
import { type Answer, type ApiRequest, auditEntry } from '../pipeline.ts'

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html */
const ofData: Readonly<Record<string, ReadonlySet<string>>> = {
  lambda: new Set(['Invoke', 'InvokeAsync', 'InvokeWithResponseStream']),
  monitoring: new Set(['GetMetricData', 'GetMetricStatistics', 'GetMetricWidgetImage', 'ListMetrics', 'PutMetricData']),
}

export type ServiceAsked = {
  readonly service: string
  readonly request: ApiRequest
  readonly requestId: string
  /** Undefined where it could not be found out, or signatures are looked at in form only. */
  readonly principal: Principal | undefined
  readonly resource?: string | undefined
}

export function auditService(audit: Audit | undefined, answer: Answer, asked: ServiceAsked): void {
  const { service, resource } = asked
  if (audit === undefined || (!audit.data && ofData[service]?.has(answer.operation) === true)) return
  audit.write({ service, ...auditEntry(answer, asked, resource === undefined ? [] : [resource]) })
}
