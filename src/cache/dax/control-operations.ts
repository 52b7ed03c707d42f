/** All operations of DAX's control plane (its model, 2017-04-19): what can be said of a cache is answered, and what cannot be done to one is refused by the errors that the operation has. */
import { clusterArn, clusterName, type DaxCluster, nodeName } from './dax-cluster.ts'
import { zone } from './dax-nodes.ts'

type Input = Readonly<Record<string, unknown>>
type ControlOperation = (input: Input, cluster: DaxCluster) => object

/** By an error of DAX's own model. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const refusing =
  (code: string, message: string): ControlOperation =>
  () => {
    throw new Refused(code, message)
  }

const fixedCluster =
  'The cluster is a cache of Longitude: it begins and ends with its process, and what can be changed are the options of that.'
const fixedParameters =
  'The parameters of the cluster are --item-ttl and --query-ttl of its caches: they are changed there.'

const clusterNotFound = (): Refused => new Refused('ClusterNotFoundFault', 'Cluster not found.')
const groupNotFound = (): Refused => new Refused('ParameterGroupNotFoundFault', 'Parameter group not found.')
const noSubnets = refusing('SubnetGroupNotFoundFault', 'Subnet group not found.')

/** Refuses with `refusal` what is about the cluster, and is not found otherwise. */
const ofCluster =
  (refusal: ControlOperation): ControlOperation =>
  (input, cluster) => {
    if (input['ClusterName'] !== clusterName) throw clusterNotFound()
    return refusal(input, cluster)
  }

const ofGroup =
  (answer: ControlOperation): ControlOperation =>
  (input, cluster) => {
    if (input['ParameterGroupName'] !== clusterName) throw groupNotFound()
    return answer(input, cluster)
  }

/** Tags are named by the cluster's ARN. */
const ofArn =
  (answer: ControlOperation): ControlOperation =>
  (input, cluster) => {
    if (input['ResourceName'] !== clusterArn(cluster)) throw clusterNotFound()
    return answer(input, cluster)
  }

const cannotChange = ofCluster(refusing('InvalidClusterStateFault', fixedCluster))

const operations: Readonly<Record<string, ControlOperation>> = {
  CreateCluster: (input) => {
    if (input['ClusterName'] === clusterName)
      throw new Refused('ClusterAlreadyExistsFault', `The cluster ${clusterName} is there. ${fixedCluster}`)
    throw new Refused(
      'ClusterQuotaForCustomerExceededFault',
      `There is the cluster ${clusterName} and no other. ${fixedCluster}`,
    )
  },
  CreateParameterGroup: refusing('ParameterGroupQuotaExceededFault', fixedParameters),
  CreateSubnetGroup: refusing(
    'SubnetGroupQuotaExceededFault',
    'There are no subnets: a cache has an address and a port.',
  ),
  DecreaseReplicationFactor: cannotChange,
  DeleteCluster: cannotChange,
  DeleteParameterGroup: ofGroup(refusing('InvalidParameterGroupStateFault', fixedParameters)),
  DeleteSubnetGroup: noSubnets,
  DescribeClusters: (input, cluster) => {
    if (names(input['ClusterNames']).some((name) => name !== clusterName)) throw clusterNotFound()
    return { Clusters: [describedCluster(cluster)] }
  },
  DescribeDefaultParameters: () => ({
    Parameters: parametersOf({ itemTtlMs: defaultTtlMs, queryTtlMs: defaultTtlMs }),
  }),
  DescribeEvents: () => ({ Events: [] }),
  DescribeParameterGroups: (input) => {
    if (names(input['ParameterGroupNames']).some((name) => name !== clusterName)) throw groupNotFound()
    return { ParameterGroups: [{ ParameterGroupName: clusterName, Description: fixedParameters }] }
  },
  DescribeParameters: ofGroup((_, cluster) => ({ Parameters: parametersOf(cluster) })),
  DescribeSubnetGroups: (input, cluster) =>
    names(input['SubnetGroupNames']).length > 0 ? noSubnets(input, cluster) : { SubnetGroups: [] },
  IncreaseReplicationFactor: cannotChange,
  ListTags: ofArn(() => ({ Tags: [] })),
  RebootNode: cannotChange,
  TagResource: ofArn(refusing('TagQuotaPerResourceExceeded', 'A cache has no tags.')),
  UntagResource: ofArn(refusing('TagNotFoundFault', 'A cache has no tags.')),
  UpdateCluster: cannotChange,
  UpdateParameterGroup: ofGroup(refusing('InvalidParameterGroupStateFault', fixedParameters)),
  UpdateSubnetGroup: noSubnets,
}

export const controlOperations: ReadonlyMap<string, ControlOperation> = new Map(Object.entries(operations))

const names = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const defaultTtlMs = 300_000

/** A record that stays until something else ends it is 0 in both languages. */
function parametersOf({ itemTtlMs, queryTtlMs }: Pick<DaxCluster, 'itemTtlMs' | 'queryTtlMs'>): readonly object[] {
  const parameter = (name: string, value: number, description: string) => ({
    ParameterName: name,
    ParameterType: 'DEFAULT',
    ParameterValue: String(value),
    Description: description,
    Source: 'user',
    DataType: 'integer',
    AllowedValues: '0-',
    IsModifiable: 'FALSE',
    ChangeType: 'REQUIRES_REBOOT',
  })
  return [
    parameter('query-ttl-millis', queryTtlMs, 'How long a page of a query or a scan is kept, in milliseconds.'),
    parameter('record-ttl-millis', itemTtlMs, 'How long an item is kept, in milliseconds.'),
  ]
}

/** No more than there is: a cache has no node type, no role, no subnets and no security groups. */
function describedCluster(cluster: DaxCluster): object {
  const { scheme, nodes, active } = cluster
  const endpoints = nodes.map(({ address, port }) => ({
    Address: address,
    Port: port,
    URL: `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}`,
  }))
  return {
    ClusterName: clusterName,
    ClusterArn: clusterArn(cluster),
    TotalNodes: nodes.length,
    ActiveNodes: active,
    Status: 'available',
    ClusterDiscoveryEndpoint: endpoints[0],
    Nodes: endpoints.map((endpoint, n) => ({
      NodeId: nodeName(n),
      Endpoint: endpoint,
      AvailabilityZone: zone,
      NodeStatus: 'available',
      ParameterGroupStatus: 'in-sync',
    })),
    ParameterGroup: { ParameterGroupName: clusterName, ParameterApplyStatus: 'in-sync', NodeIdsToReboot: [] },
    SecurityGroups: [],
    SSEDescription: { Status: 'DISABLED' },
    ClusterEndpointEncryptionType: scheme === 'daxs' ? 'TLS' : 'NONE',
  }
}
