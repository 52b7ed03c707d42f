/** What is done to the services of AWS beside DynamoDB at the API’s port: CloudWatch, STS, IAM, KMS, auto scaling, streams and Lambda. */
import { CborWriter } from '../../src/core/cbor/cbor-writer.ts'
import { asked, type Attack, type Entrance, many, MB, scaled, type ServiceRequest } from './acts.ts'
import type { Tally } from './line.ts'

const form = 'application/x-www-form-urlencoded; charset=utf-8'
const cloudWatch = 'GraniteServiceVersion20100801'
const objects = (bytes: number): string => `[${'{},'.repeat(bytes / 3)}{}]`

const overCbor = (operation: string, body: Buffer): ServiceRequest => ({
  service: 'monitoring',
  path: `/service/${cloudWatch}/operation/${operation}`,
  headers: { 'Content-Type': 'application/cbor', 'smithy-protocol': 'rpc-v2-cbor' },
  body,
})
const overJson = (operation: string, body: string): ServiceRequest => ({
  service: 'monitoring',
  headers: { 'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': `${cloudWatch}.${operation}` },
  body,
})
const overTarget = (name: string, target: string, body: string): ServiceRequest => ({
  service: name,
  headers: { 'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': target },
  body,
})
const kms = (operation: string, body: string): ServiceRequest => overTarget('kms', `TrentService.${operation}`, body)
const scaling = (operation: string, body: string): ServiceRequest =>
  overTarget('application-autoscaling', `AnyScaleFrontendService.${operation}`, body)
const streams = (operation: string, body: string): ServiceRequest =>
  overTarget('dynamodb', `DynamoDBStreams_20120810.${operation}`, body)
const overQuery = (name: string, version: string, body: string): ServiceRequest => ({
  service: name,
  headers: { 'Content-Type': form },
  body: `Version=${version}&${body}`,
})
const monitoring = (body: string): ServiceRequest => overQuery('monitoring', '2010-08-01', body)
const iam = (body: string): ServiceRequest => overQuery('iam', '2010-05-08', body)
const sts = (body: string): ServiceRequest => overQuery('sts', '2011-06-15', body)
const lambda = (path: string, body: string): ServiceRequest => ({
  service: 'lambda',
  path,
  headers: { 'Content-Type': 'application/json' },
  body,
})

const numbered = (count: number, name: (n: number) => string, value: string): string =>
  Array.from({ length: count }, (_, n) => `${name(n + 1)}=${encodeURIComponent(value)}`).join('&')

/** A policy whose pattern has to be tried at every letter of a resource. */
function simulation(): string {
  const pattern = `${'*a'.repeat(1000)}b`
  const policy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: 's3:*', Resource: Array.from({ length: 40 }, () => pattern) }],
  })
  const actions = numbered(500, (n) => `ActionNames.member.${n}`, 's3:GetObject')
  const resources = numbered(2, (n) => `ResourceArns.member.${n}`, 'a'.repeat(2000))
  const policies = numbered(8, (n) => `PolicyInputList.member.${n}`, policy)
  return `Action=SimulateCustomPolicy&${policies}&${actions}&${resources}`
}

function queries(): string {
  const nested = `${'ABS('.repeat(500)}m${')'.repeat(500)}`
  const all = Array.from({ length: 500 }, (_, n) => ({ Id: `q${n}`, Expression: nested }))
  return JSON.stringify({ MetricDataQueries: all, StartTime: 0, EndTime: 4_000_000_000 })
}

const wide = { Namespace: 'n', MetricName: 'm' }
const wideQueries = (): string =>
  JSON.stringify({
    MetricDataQueries: Array.from({ length: 500 }, (_, n) => ({
      Id: `q${n}`,
      MetricStat: { Metric: wide, Period: 60, Stat: 'Sum' },
    })),
    StartTime: 0,
    EndTime: 4_000_000_000,
  })

export const serviceAttacks: readonly Attack[] = [
  service('CloudWatch: bodies of millions of values, by its three protocols', () => [
    ...[MB - 100, 15 * MB].flatMap((bytes) => [
      overJson('PutMetricData', objects(bytes)),
      overCbor('PutMetricData', Buffer.concat([Buffer.from([0x9f]), Buffer.alloc(bytes, 0x80), Buffer.from([0xff])])),
      overCbor('PutMetricData', Buffer.alloc(bytes, 0x81)),
      monitoring(`Action=PutMetricData&${'a&'.repeat(bytes / 2)}`),
    ]),
    monitoring(`Action=PutMetricData&${'a.'.repeat(400_000)}=1`),
    monitoring(`Action=PutMetricData&${numbered(40_000, (n) => `MetricData.member.${n}.Values.member.1`, '1')}`),
    overCbor('ListMetrics', new CborWriter().map(1).text('Namespace').finish()),
  ]),
  service('CloudWatch: queries of all time, and within each other', () => [
    overJson('GetMetricData', queries()),
    overJson('GetMetricData', wideQueries()),
    overJson(
      'GetMetricStatistics',
      JSON.stringify({ ...wide, StartTime: 0, EndTime: 4e9, Period: 60, Statistics: ['Sum'] }),
    ),
  ]),
  service('IAM: policies of stars, simulated 1,000 times', () => [
    iam(simulation()),
    iam(`Action=SimulateCustomPolicy&PolicyInputList.member.1=${'['.repeat(500_000)}&ActionNames.member.1=a:b`),
    iam(`Action=ListUsers&PathPrefix=${'/'.repeat(900_000)}`),
  ]),
  service('STS: long and odd sessions', () => [
    sts(`Action=AssumeRole&RoleArn=${'a'.repeat(500_000)}&RoleSessionName=x&Policy=${'{'.repeat(400_000)}`),
    sts(`Action=AssumeRole&${numbered(40_000, (n) => `Tags.member.${n}.Key`, 'k')}`),
    sts(`Action=${'x'.repeat(900_000)}`),
  ]),
  service('KMS: bodies of millions of values, and keys by the hundred', () => [
    kms('Encrypt', objects(MB - 100)),
    kms('Encrypt', objects(15 * MB)),
    kms('CreateKey', `{"Policy":"${'['.repeat(900_000)}"}`),
    kms('CreateKey', `{"Tags":${objects(900_000)}}`),
    ...Array.from({ length: 20 }, () => kms('CreateKey', '{}')),
    kms('Decrypt', JSON.stringify({ CiphertextBlob: Buffer.alloc(600_000, 1).toString('base64') })),
    kms('Encrypt', JSON.stringify({ KeyId: 'alias/'.padEnd(500_000, 'x'), Plaintext: 'eA==' })),
    kms('ListKeys', JSON.stringify({ Marker: 'x'.repeat(900_000), Limit: 1000 })),
  ]),
  service('auto scaling and streams: bodies of millions of values, and odd places', () => [
    scaling('RegisterScalableTarget', objects(MB - 100)),
    scaling('DescribeScalableTargets', `{"ResourceIds":[${'"table/x",'.repeat(100_000)}"a"]}`),
    scaling('PutScheduledAction', JSON.stringify({ Schedule: `cron(${'*/1,'.repeat(200_000)}1 * * * ? *)` })),
    streams('GetRecords', objects(15 * MB)),
    streams('GetRecords', JSON.stringify({ ShardIterator: 'x'.repeat(900_000), Limit: 1000 })),
    streams('GetShardIterator', JSON.stringify({ StreamArn: 'a'.repeat(900_000), ShardId: 'b'.repeat(900_000) })),
    streams('DescribeStream', JSON.stringify({ StreamArn: 'arn:'.repeat(200_000), Limit: 100 })),
  ]),
  service('Lambda: bodies of millions of values', () => [
    lambda('/2015-03-31/functions/none/invocations', objects(6 * MB - 100)),
    lambda('/2015-03-31/functions/none/invocations', '['.repeat(6 * MB - 100)),
    lambda('/2015-03-31/functions/none/invocations', objects(15 * MB)),
    lambda('/2015-03-31/event-source-mappings/', objects(15 * MB)),
    lambda('/2015-03-31/event-source-mappings/', '{"a":'.repeat(3 * MB)),
    lambda(`/2015-03-31/functions/${'x'.repeat(14_000)}`, '{}'),
  ]),
]

function service(name: string, requests: () => readonly ServiceRequest[]): Attack {
  return {
    name,
    at: ['api'],
    run: async (entrance, { part }, tally) => {
      for (const request of requests())
        await many(scaled(10, part), async () => await askedOf(entrance, request, tally))
    },
  }
}

async function askedOf(entrance: Entrance, request: ServiceRequest, tally: Tally): Promise<void> {
  await asked(entrance, entrance.serviceHeaders(request), request.body, tally, request.path)
}
