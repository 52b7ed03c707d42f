/**
 * What a cache says of itself in the words of DAX's control plane, at its HTTP port: DescribeClusters, by which programs find the discovery endpoint. It is one cluster, and no operation
 * makes or changes one.
 */
import { checkAuthorization } from '../../core/auth/authorization.ts'
import type { SignedRegions } from '../../core/auth/signed-region.ts'
import { checkRegion } from '../../core/auth/signing-time.ts'
import { ServiceError } from '../../core/errors.ts'
import { isObject, parseJson } from '../../core/wire/json.ts'
import type { Signatures } from '../../http/access/signatures.ts'
import { type Answer, type ApiRequest, errorAnswer, type Pipeline, signatureOf } from '../../http/pipeline.ts'
import type { DaxNode } from './endpoints.ts'

export type DaxCluster = {
  readonly accountId: string
  readonly region: string
  /** `dax` or `daxs`. */
  readonly scheme: string
  /** The first is where programs begin. */
  readonly nodes: readonly DaxNode[]
  /** How many of them are there. */
  readonly active: number
}

export type DaxControlOptions = {
  /** Undefined until DAX's clients are served. */
  readonly cluster: () => DaxCluster | undefined
  readonly regions: SignedRegions
  /** For the service dax; in form only where none is given. */
  readonly signatures?: Signatures | undefined
}

const targetPrefix = 'AmazonDAXV3.'
const json11 = 'application/x-amz-json-1.1'
const clusterName = 'longitude'

/** Answers what is DAX's, and leaves the rest to the pipeline. */
export function withDaxControl(pipeline: Pipeline, options: DaxControlOptions): Pipeline {
  return (request, requestId, answer) => {
    const target = request.headers['x-amz-target']
    const cluster = options.cluster()
    if (cluster === undefined || typeof target !== 'string' || !target.startsWith(targetPrefix))
      return pipeline(request, requestId, answer)
    answer(answerOf(request, target.slice(targetPrefix.length), cluster, options))
  }
}

function answerOf(request: ApiRequest, operation: string, cluster: DaxCluster, options: DaxControlOptions): Answer {
  try {
    authenticate(request, options)
    if (operation === 'DescribeClusters') return described(request, cluster)
    throw new ServiceError(
      'UnknownOperationException',
      `A cache has no ${operation}: it is one cluster, which its command line makes.`,
    )
  } catch (error) {
    if (error instanceof ServiceError) return errorAnswer(error, json11, operation)
    throw error
  }
}

function authenticate(request: ApiRequest, { signatures, regions }: DaxControlOptions): void {
  if (signatures === undefined) checkRegion(checkAuthorization(signatureOf(request)), regions)
  else signatures.verify(request)
}

function described(request: ApiRequest, cluster: DaxCluster): Answer {
  const names = namesIn(request)
  if (names?.some((name) => name !== clusterName))
    return json(400, { __type: 'ClusterNotFoundFault', message: 'Cluster not found.' })
  return json(200, { Clusters: [clusterOf(cluster)] })
}

function namesIn({ body }: ApiRequest): readonly unknown[] | undefined {
  let input: unknown
  try {
    input = body.length === 0 ? {} : parseJson(body.toString())
  } catch {
    throw new ServiceError('SerializationException', '')
  }
  const names: unknown = isObject(input) ? input['ClusterNames'] : undefined
  return Array.isArray(names) && names.length > 0 ? names : undefined
}

/** No more than there is: a cache has no node type, no subnets and no security groups. */
function clusterOf({ accountId, region, scheme, nodes, active }: DaxCluster): Readonly<Record<string, unknown>> {
  const endpoints = nodes.map(({ address, port }) => ({
    Address: address,
    Port: port,
    URL: `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`,
  }))
  return {
    ClusterName: clusterName,
    ClusterArn: `arn:aws:dax:${region}:${accountId}:cache/${clusterName}`,
    TotalNodes: nodes.length,
    ActiveNodes: active,
    Status: 'available',
    ClusterDiscoveryEndpoint: endpoints[0],
    Nodes: endpoints.map((endpoint, n) => ({
      NodeId: `${clusterName}-${n + 1}`,
      Endpoint: endpoint,
      NodeStatus: 'available',
    })),
    ClusterEndpointEncryptionType: scheme === 'daxs' ? 'TLS' : 'NONE',
  }
}

function json(status: number, value: object): Answer {
  const bytes = Buffer.from(JSON.stringify(value))
  return {
    status,
    contentType: json11,
    bytes,
    operation: 'DescribeClusters',
    outcome: status === 200 ? 'ok' : 'refused',
  }
}
