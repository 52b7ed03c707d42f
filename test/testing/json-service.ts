/** Raw requests in AWS's JSON protocols to a region of a cluster, as a tool sends them that is no SDK of ours. */
import type { Cluster } from '../../src/testing/cluster-api.ts'

/** As it comes: what a test looks at of it says what it is. */
type Body = ReturnType<JSON['parse']>

export type Told = { readonly status: number; readonly body: Body }

const services = {
  dynamodb: { prefix: 'DynamoDB_20120810', version: '1.0', scope: 'dynamodb' },
  autoscaling: { prefix: 'AnyScaleFrontendService', version: '1.1', scope: 'application-autoscaling' },
  monitoring: { prefix: 'GraniteServiceVersion20100801', version: '1.0', scope: 'monitoring' },
} as const

export function jsonService(cluster: Cluster, service: keyof typeof services, region: string) {
  const { prefix, version, scope } = services[service]
  const ask = async (operation: string, input: object): Promise<Told> => {
    const request = {
      method: 'POST',
      headers: {
        'content-type': `application/x-amz-json-${version}`,
        'x-amz-target': `${prefix}.${operation}`,
        'x-amz-date': '20260101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=a/20260101/${region}/${scope}/aws4_request, SignedHeaders=host;x-amz-date, Signature=b`,
      },
      body: JSON.stringify(input),
    }
    const endpoint = await cluster.endpoint(region)
    // A connection that a region had before it was killed is not one any more.
    const reply = await fetch(endpoint, request).catch(async () => await fetch(endpoint, request))
    const text = await reply.text()
    return { status: reply.status, body: text === '' ? {} : JSON.parse(text) }
  }
  /** Rejects with what the service says against it. */
  const served = async (operation: string, input: object): Promise<Body> => {
    const { status, body } = await ask(operation, input)
    if (status !== 200) throw new Error(`${operation}: ${JSON.stringify(body)}`)
    return body
  }
  return { ask, served }
}
