/** DAX's control plane at a cache: what it says of itself, and how it refuses what cannot be done to it. */
import { describe, expect, it } from 'vitest'
import { withDaxControl } from '../../../src/cache/dax/dax-control.ts'
import type { Pipeline } from '../../../src/http/pipeline.ts'

describe('the control plane', () => {
  const nodes = [
    { address: '127.0.0.1', port: 8111 },
    { address: '127.0.0.1', port: 8112 },
  ]
  const cluster = {
    accountId: '000000000000',
    region: 'us-east-1',
    scheme: 'dax',
    nodes,
    active: 1,
    itemTtlMs: 60_000,
    queryTtlMs: 0,
  }
  const regions = {
    own: 'us-east-1',
    all: () => ['us-east-1'],
    endpointOf: () => undefined,
    alsoFor: new Set<string>(),
  }
  const authorizationHeader = `AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/dax/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`

  function asked(operation: string, input: object, authorized = true): unknown {
    const body = Buffer.from(JSON.stringify(input))
    const headers = {
      host: 'localhost',
      'x-amz-target': operation,
      'x-amz-date': '20260101T000000Z',
      ...(authorized ? { authorization: authorizationHeader } : {}),
    }
    let told: unknown
    const passedOn: Pipeline = () => (told = 'passed on')
    const pipeline = withDaxControl(passedOn, { cluster: () => cluster, regions })
    pipeline({ url: '/', headers, rawHeaders: () => [], payload: body, body }, 'id', ({ status, bytes }) => {
      told = [status, JSON.parse(bytes.toString())]
    })
    return told
  }

  it('describes the one cluster, by which programs find the discovery endpoint', () => {
    const described = {
      ClusterName: 'longitude',
      ClusterArn: 'arn:aws:dax:us-east-1:000000000000:cache/longitude',
      TotalNodes: 2,
      ActiveNodes: 1,
      Status: 'available',
      ClusterDiscoveryEndpoint: { Address: '127.0.0.1', Port: 8111, URL: 'dax://127.0.0.1:8111' },
      ClusterEndpointEncryptionType: 'NONE',
    }
    for (const input of [{}, { ClusterNames: ['longitude'] }])
      expect(asked('AmazonDAXV3.DescribeClusters', input)).toEqual([
        200,
        { Clusters: [expect.objectContaining(described)] },
      ])
    expect(asked('AmazonDAXV3.DescribeClusters', { ClusterNames: ['another'] })).toEqual([
      400,
      { __type: 'ClusterNotFoundFault', message: 'Cluster not found.' },
    ])
  })

  it('leaves DynamoDB’s operations alone, and refuses what is not signed or not there', () => {
    expect(asked('DynamoDB_20120810.GetItem', {})).toBe('passed on')
    expect(asked('AmazonDAXV3.DescribeClusters', {}, false)).toMatchObject([
      400,
      { __type: expect.stringContaining('MissingAuthenticationToken') as string },
    ])
    expect(asked('AmazonDAXV3.CreateNothing', {})).toMatchObject([
      400,
      { __type: expect.stringContaining('UnknownOperation') as string },
    ])
  })

  it('describes what Terraform and consoles read: parameters as they are, no tags, no subnets, no events', () => {
    const values = (of: unknown) =>
      (of as [number, { Parameters: { ParameterName: string; ParameterValue: string }[] }])[1].Parameters.map(
        ({ ParameterName, ParameterValue }) => [ParameterName, ParameterValue],
      )
    const group = { ParameterGroupName: 'longitude' }
    expect(values(asked('AmazonDAXV3.DescribeParameters', group))).toEqual([
      ['query-ttl-millis', '0'],
      ['record-ttl-millis', '60000'],
    ])
    expect(values(asked('AmazonDAXV3.DescribeDefaultParameters', {}))).toEqual([
      ['query-ttl-millis', '300000'],
      ['record-ttl-millis', '300000'],
    ])
    const { ClusterArn } = { ClusterArn: 'arn:aws:dax:us-east-1:000000000000:cache/longitude' }
    expect(asked('AmazonDAXV3.ListTags', { ResourceName: ClusterArn })).toEqual([200, { Tags: [] }])
    expect(asked('AmazonDAXV3.DescribeSubnetGroups', {})).toEqual([200, { SubnetGroups: [] }])
    expect(asked('AmazonDAXV3.DescribeEvents', {})).toEqual([200, { Events: [] }])
    expect(asked('AmazonDAXV3.DescribeParameterGroups', { ParameterGroupNames: ['longitude'] })).toMatchObject([
      200,
      { ParameterGroups: [{ ParameterGroupName: 'longitude' }] },
    ])
  })

  it.each([
    ['CreateCluster', { ClusterName: 'longitude' }, 'ClusterAlreadyExistsFault'],
    ['CreateCluster', { ClusterName: 'mine' }, 'ClusterQuotaForCustomerExceededFault'],
    ['UpdateCluster', { ClusterName: 'longitude' }, 'InvalidClusterStateFault'],
    ['UpdateCluster', { ClusterName: 'mine' }, 'ClusterNotFoundFault'],
    ['DeleteCluster', { ClusterName: 'longitude' }, 'InvalidClusterStateFault'],
    ['IncreaseReplicationFactor', { ClusterName: 'longitude' }, 'InvalidClusterStateFault'],
    ['DecreaseReplicationFactor', { ClusterName: 'longitude' }, 'InvalidClusterStateFault'],
    ['RebootNode', { ClusterName: 'longitude' }, 'InvalidClusterStateFault'],
    ['CreateParameterGroup', { ParameterGroupName: 'mine' }, 'ParameterGroupQuotaExceededFault'],
    ['UpdateParameterGroup', { ParameterGroupName: 'longitude' }, 'InvalidParameterGroupStateFault'],
    ['DeleteParameterGroup', { ParameterGroupName: 'mine' }, 'ParameterGroupNotFoundFault'],
    ['DescribeParameters', { ParameterGroupName: 'mine' }, 'ParameterGroupNotFoundFault'],
    ['DescribeParameterGroups', { ParameterGroupNames: ['mine'] }, 'ParameterGroupNotFoundFault'],
    ['CreateSubnetGroup', { SubnetGroupName: 'mine' }, 'SubnetGroupQuotaExceededFault'],
    ['UpdateSubnetGroup', { SubnetGroupName: 'mine' }, 'SubnetGroupNotFoundFault'],
    ['DeleteSubnetGroup', { SubnetGroupName: 'mine' }, 'SubnetGroupNotFoundFault'],
    ['DescribeSubnetGroups', { SubnetGroupNames: ['mine'] }, 'SubnetGroupNotFoundFault'],
    [
      'TagResource',
      { ResourceName: 'arn:aws:dax:us-east-1:000000000000:cache/longitude' },
      'TagQuotaPerResourceExceeded',
    ],
    ['UntagResource', { ResourceName: 'arn:aws:dax:us-east-1:000000000000:cache/longitude' }, 'TagNotFoundFault'],
    ['ListTags', { ResourceName: 'arn:aws:dax:us-east-1:000000000000:cache/mine' }, 'ClusterNotFoundFault'],
  ])('%s of %o is refused by %s, since a command line makes the cluster', (operation, input, code) => {
    const [status, { __type: type, message }] = asked(`AmazonDAXV3.${operation}`, input) as [
      number,
      { readonly __type: string; readonly message: string },
    ]
    expect([status, type]).toEqual([400, code])
    expect(message).toMatch(/\.$/)
  })
})
