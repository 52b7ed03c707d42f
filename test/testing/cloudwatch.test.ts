/** CloudWatch's API at the endpoint of a region, through the SDK and by hand, on virtual time. */
import { ConditionalCheckFailedException, DynamoDB } from '@aws-sdk/client-dynamodb'
import { CloudWatch, type MetricDataQuery } from '@aws-sdk/client-cloudwatch'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeCbor, encodeCbor } from '../../src/core/cbor/cbor.ts'
import { CborTag, type CborValue } from '../../src/core/cbor/cbor-value.ts'
import type { Cluster } from '../../src/testing/cluster-api.ts'
import { createCluster } from '../../src/testing/cluster.ts'

const home = 'us-east-1'
const away = 'eu-west-1'
const topic = `arn:aws:sns:${home}:000000000000:alarms`
const handler = `arn:aws:lambda:${home}:000000000000:function:pager`
let cluster: Cluster
let cloudwatch: CloudWatch
let dynamodb: DynamoDB
let notified: unknown[] = []
let invoked: unknown[] = []
let failures = 0

beforeAll(async () => {
  cluster = await createCluster({
    regions: [home, away],
    clock: 'manual',
    seed: 1,
    destinations: {
      [topic]: (message) => {
        if (failures-- > 0) throw new Error('not now')
        notified.push(message)
      },
    },
    functions: { pager: (event) => void invoked.push(event) },
    tables: [
      {
        TableName: 'Orders',
        AttributeDefinitions: [
          { AttributeName: 'id', AttributeType: 'S' },
          { AttributeName: 'who', AttributeType: 'S' },
        ],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        GlobalSecondaryIndexes: [
          {
            IndexName: 'ByWho',
            KeySchema: [{ AttributeName: 'who', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        ],
      },
    ],
  })
})
beforeEach(async () => {
  await cluster.reset()
  notified = []
  invoked = []
  failures = 0
  cloudwatch = new CloudWatch(cluster.client(home))
  dynamodb = new DynamoDB(cluster.client(home))
})
afterAll(async () => await cluster.close())

const put = async (id: string, more: object = {}, TableName = 'Orders') =>
  await dynamodb.putItem({ TableName, Item: { id: { S: id }, who: { S: 'ada' } }, ...more })

async function globalTable(): Promise<void> {
  await dynamodb.createTable({
    TableName: 'Shared',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  })
  await dynamodb.updateTable({ TableName: 'Shared', ReplicaUpdates: [{ Create: { RegionName: away } }] })
  await cluster.settle()
}

const ago = (minutes: number): Date => new Date(cluster.now().getTime() - minutes * 60_000)

async function sumOf(MetricName: string, dimensions: Record<string, string>, stat = 'Sum', Namespace = 'AWS/DynamoDB') {
  const Dimensions = Object.entries(dimensions).map(([Name, Value]) => ({ Name, Value }))
  const metric = { Metric: { Namespace, MetricName, Dimensions }, Period: 60, Stat: stat }
  return await valuesOf([{ Id: 'm1', MetricStat: metric }])
}

async function valuesOf(queries: MetricDataQuery[], minutes = 10) {
  const { MetricDataResults } = await cloudwatch.getMetricData({
    MetricDataQueries: queries,
    StartTime: ago(minutes),
    EndTime: new Date(cluster.now().getTime() + 60_000),
    ScanBy: 'TimestampAscending',
  })
  return MetricDataResults?.map(({ Values }) => Values)
}

describe('metrics of AWS/DynamoDB', () => {
  test('count what requests of a table come to', async () => {
    await put('a')
    await put('b')
    await cluster.advance('1m')
    await put('c')
    await dynamodb.query({
      TableName: 'Orders',
      IndexName: 'ByWho',
      KeyConditionExpression: 'who = :w',
      ExpressionAttributeValues: { ':w': { S: 'ada' } },
    })
    await expect(put('a', { ConditionExpression: 'attribute_not_exists(id)' })).rejects.toThrow(
      ConditionalCheckFailedException,
    )
    await expect(dynamodb.getItem({ TableName: 'Nowhere', Key: { id: { S: 'a' } } })).rejects.toThrow()
    const table = { TableName: 'Orders' }
    const index = { ...table, GlobalSecondaryIndexName: 'ByWho' }
    expect(await sumOf('ConsumedWriteCapacityUnits', table)).toEqual([[2, 2]])
    expect(await sumOf('ConsumedWriteCapacityUnits', index)).toEqual([[2, 1]])
    expect(await sumOf('ConsumedReadCapacityUnits', index)).toEqual([[0.5]])
    expect(await sumOf('ConditionalCheckFailedRequests', table)).toEqual([[1]])
    expect(await sumOf('UserErrors', {})).toEqual([[1]])
    expect(await sumOf('ReturnedItemCount', { ...table, Operation: 'Query' })).toEqual([[3]])
    expect(await sumOf('SuccessfulRequestLatency', { ...table, Operation: 'PutItem' }, 'SampleCount')).toEqual([[2, 1]])
    expect(await sumOf('SuccessfulRequestLatency', { ...table, Operation: 'PutItem' }, 'p99')).toEqual([
      [expect.any(Number), expect.any(Number)],
    ])
    const { Metrics } = await cloudwatch.listMetrics({ Namespace: 'AWS/DynamoDB', MetricName: 'ReturnedItemCount' })
    expect(Metrics).toEqual([
      {
        Namespace: 'AWS/DynamoDB',
        MetricName: 'ReturnedItemCount',
        Dimensions: [
          { Name: 'Operation', Value: 'Query' },
          { Name: 'TableName', Value: 'Orders' },
        ],
      },
    ])
  })

  test('are told by GetMetricStatistics too', async () => {
    await put('a')
    const { Label, Datapoints } = await cloudwatch.getMetricStatistics({
      Namespace: 'AWS/DynamoDB',
      MetricName: 'ConsumedWriteCapacityUnits',
      Dimensions: [{ Name: 'TableName', Value: 'Orders' }],
      StartTime: ago(5),
      EndTime: new Date(cluster.now().getTime() + 60_000),
      Period: 300,
      Statistics: ['Sum', 'SampleCount'],
    })
    expect([Label, Datapoints?.[0]]).toMatchObject([
      'ConsumedWriteCapacityUnits',
      { Sum: 1, SampleCount: 1, Unit: 'Count' },
    ])
  })

  test('show no units in a minute without requests as 0, and nothing else', async () => {
    await cloudwatch.listMetrics({})
    await put('a')
    await cluster.advance('2m')
    const [units = []] = (await sumOf('ConsumedWriteCapacityUnits', { TableName: 'Orders' })) ?? []
    expect(units.slice(-2)).toEqual([1, 0])
    const index = { TableName: 'Orders', GlobalSecondaryIndexName: 'ByWho' }
    expect((await sumOf('ConsumedReadCapacityUnits', index))?.[0]?.at(-1)).toBe(0)
    expect(await sumOf('ThrottledRequests', { TableName: 'Orders', Operation: 'PutItem' })).toEqual([[]])
  })

  test('show what tables may use, and how replication goes', async () => {
    await globalTable()
    await cloudwatch.listMetrics({})
    cluster.link(home, away).cut()
    await put('a', {}, 'Shared')
    await cluster.advance('6m')
    const replication = 'Longitude/Replication'
    expect(
      (await sumOf('PendingReplicationCount', { ReceivingRegion: away }, 'Maximum', replication))?.[0]?.at(-1),
    ).toBe(1)
    expect((await sumOf('SafeToEvacuate', {}, 'Minimum', replication))?.[0]?.at(-1)).toBe(0)
    expect(
      (await sumOf('WatermarkAge', { TableName: 'Shared', ReceivingRegion: away }, 'Maximum', replication))?.[0]?.at(
        -1,
      ),
    ).toBeGreaterThan(200)
    expect((await sumOf('AccountMaxReads', {}, 'Maximum'))?.[0]?.at(-1)).toBe(80_000)
  })
})

describe('metrics of an application', () => {
  const metric = (MetricName: string, Stat = 'Sum') => ({ Metric: { Namespace: 'App', MetricName }, Period: 60, Stat })

  test('are kept, and reckoned with', async () => {
    await cloudwatch.putMetricData({
      Namespace: 'App',
      MetricData: [
        { MetricName: 'Hits', Value: 3, Timestamp: ago(2) },
        { MetricName: 'Misses', Values: [1, 2], Counts: [2, 1], Timestamp: ago(2) },
        { MetricName: 'Hits', StatisticValues: { SampleCount: 2, Sum: 5, Minimum: 1, Maximum: 4 }, Timestamp: ago(1) },
      ],
    })
    expect(
      await valuesOf([
        { Id: 'hits', MetricStat: metric('Hits'), ReturnData: false },
        { Id: 'misses', MetricStat: metric('Misses'), ReturnData: false },
        { Id: 'rate', Expression: '100 * hits / (hits + misses)', Label: 'Hit rate' },
        { Id: 'filled', Expression: 'FILL(misses, 0)' },
      ]),
    ).toEqual([
      [(100 * 3) / 7, 100],
      [0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0],
    ])
  })

  test('come in pages', async () => {
    const MetricData = [1, 2, 3].map((n) => ({ MetricName: 'Hits', Value: n, Timestamp: ago(n) }))
    await cloudwatch.putMetricData({ Namespace: 'App', MetricData })
    const asked = {
      MetricDataQueries: [{ Id: 'a', MetricStat: metric('Hits') }],
      StartTime: ago(10),
      EndTime: cluster.now(),
      MaxDatapoints: 2,
    }
    const first = await cloudwatch.getMetricData(asked)
    expect(first.MetricDataResults).toMatchObject([{ Values: [1, 2], StatusCode: 'PartialData' }])
    const second = await cloudwatch.getMetricData({ ...asked, NextToken: first.NextToken })
    expect(second).toMatchObject({ MetricDataResults: [{ Values: [3], StatusCode: 'Complete' }] })
    expect(second.NextToken).toBeUndefined()
  })

  test('are refused where they are wrong', async () => {
    const wrong = async (MetricDatum: object, Namespace = 'App') =>
      await cloudwatch.putMetricData({ Namespace, MetricData: [{ MetricName: 'Hits', ...MetricDatum }] })
    await expect(wrong({ Value: 1 }, 'AWS/DynamoDB')).rejects.toMatchObject({ name: 'InvalidParameterValueException' })
    await expect(wrong({ Value: 1, Values: [1] })).rejects.toMatchObject({
      name: 'InvalidParameterCombinationException',
    })
    await expect(wrong({ Value: 1, Timestamp: ago(60 * 24 * 20) })).rejects.toThrow('two weeks')
    await expect(valuesOf([{ Id: 'e', Expression: 'SEARCH("x", "Sum", 60)' }])).rejects.toThrow('not supported')
    await expect(valuesOf([{ Id: 'A', Expression: '1' }])).rejects.toThrow('A for parameter')
  })

  test('survive a crash but for the last minutes', async () => {
    await cloudwatch.putMetricData({ Namespace: 'App', MetricData: [{ MetricName: 'Hits', Value: 7 }] })
    await cluster.advance('6m')
    await cloudwatch.putMetricData({ Namespace: 'App', MetricData: [{ MetricName: 'Hits', Value: 8 }] })
    const region = cluster.region(home)
    region.kill()
    await region.restart()
    expect(await valuesOf([{ Id: 'a', MetricStat: metric('Hits') }])).toEqual([[7]])
  })
})

describe('alarms', () => {
  const alarm = async (more: object = {}) =>
    await cloudwatch.putMetricAlarm({
      AlarmName: 'too many hits',
      Namespace: 'App',
      MetricName: 'Hits',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 2,
      DatapointsToAlarm: 2,
      Threshold: 5,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'notBreaching',
      AlarmActions: [topic, handler],
      OKActions: [topic],
      ...more,
    })
  const hits = async (Value: number) =>
    await cloudwatch.putMetricData({ Namespace: 'App', MetricData: [{ MetricName: 'Hits', Value }] })
  const state = async () => {
    const { MetricAlarms: [found] = [] } = await cloudwatch.describeAlarms({ AlarmNames: ['too many hits'] })
    return found
  }

  test('go off, act, and come back', async () => {
    await alarm()
    expect(await state()).toMatchObject({
      StateValue: 'INSUFFICIENT_DATA',
      StateReason: 'Unchecked: Initial alarm creation',
      AlarmArn: `arn:aws:cloudwatch:${home}:000000000000:alarm:too many hits`,
    })
    failures = 2
    for (let n = 0; n < 3; n++) {
      await hits(9)
      await cluster.advance('1m')
    }
    expect(await state()).toMatchObject({
      StateValue: 'ALARM',
      StateReason: expect.stringMatching(
        /^Threshold Crossed: 2 out of the last 2 datapoints \[9\.0 \(.*\), 9\.0 \(.*\)\] were greater than the threshold \(5\.0\) \(minimum 2 datapoints for OK -> ALARM transition\)\.$/,
      ),
    })
    await cluster.advance('5m')
    expect(await state()).toMatchObject({ StateValue: 'OK' })
    expect(notified).toMatchObject(
      [
        { NewStateValue: 'OK', OldStateValue: 'INSUFFICIENT_DATA' },
        { NewStateValue: 'ALARM', AlarmName: 'too many hits', Trigger: { MetricName: 'Hits', Statistic: 'SUM' } },
        { NewStateValue: 'OK' },
      ].slice(-notified.length),
    )
    expect(notified.length).toBeGreaterThanOrEqual(2)
    expect(invoked).toMatchObject([{ source: 'aws.cloudwatch', alarmData: { state: { value: 'ALARM' } } }])
    const { AlarmHistoryItems = [] } = await cloudwatch.describeAlarmHistory({ AlarmName: 'too many hits' })
    const summaries = AlarmHistoryItems.map(({ HistorySummary }) => HistorySummary)
    expect(summaries).toContain('Alarm updated from OK to ALARM')
    expect(summaries).toContain(`Successfully executed action ${topic}`)
    expect(summaries.at(-1)).toBe('Alarm "too many hits" created')
  })

  test('survive a restart, and are evaluated without being asked for', async () => {
    await alarm()
    const region = cluster.region(home)
    region.kill()
    await region.restart()
    await cluster.advance('3m')
    expect(await state()).toMatchObject({ StateValue: 'OK', Threshold: 5 })
  })

  test('watch an expression', async () => {
    const query = (Id: string, MetricName: string) => ({
      Id,
      MetricStat: { Metric: { Namespace: 'App', MetricName }, Period: 60, Stat: 'Sum' },
      ReturnData: false,
    })
    const single = { Namespace: undefined, MetricName: undefined, Statistic: undefined, Period: undefined }
    const Metrics = [query('a', 'Hits'), query('b', 'Other'), { Id: 'e', Expression: 'a - FILL(b, 0)' }]
    await alarm({ ...single, Metrics })
    for (let n = 0; n < 3; n++) {
      await hits(9)
      await cluster.advance('1m')
    }
    expect(await state()).toMatchObject({
      StateValue: 'ALARM',
      Metrics: [{ Id: 'a' }, { Id: 'b' }, { Expression: 'a - FILL(b, 0)' }],
    })
  })

  test('tell that a region is not safe to evacuate', async () => {
    await globalTable()
    const replication = {
      Namespace: 'Longitude/Replication',
      MetricName: 'SafeToEvacuate',
      Statistic: 'Minimum' as const,
    }
    await alarm({
      ...replication,
      Threshold: 1,
      ComparisonOperator: 'LessThanThreshold',
      TreatMissingData: 'breaching',
    })
    await cluster.advance('4m')
    expect(await state()).toMatchObject({ StateValue: 'OK' })
    cluster.link(home, away).cut()
    await put('a', {}, 'Shared')
    await cluster.advance('4m')
    expect(await state()).toMatchObject({ StateValue: 'ALARM' })
    cluster.link(home, away).heal()
    await cluster.advance('4m')
    expect(await state()).toMatchObject({ StateValue: 'OK' })
  })

  test('are set, disabled, tagged and deleted by hand', async () => {
    await alarm({ Tags: [{ Key: 'team', Value: 'a' }] })
    await cloudwatch.disableAlarmActions({ AlarmNames: ['too many hits'] })
    await cloudwatch.setAlarmState({ AlarmName: 'too many hits', StateValue: 'ALARM', StateReason: 'a test' })
    const found = await state()
    expect(found).toMatchObject({ StateValue: 'ALARM', StateReason: 'a test', ActionsEnabled: false })
    const ResourceARN = found?.AlarmArn
    await cloudwatch.tagResource({ ResourceARN, Tags: [{ Key: 'b', Value: '2' }] })
    await cloudwatch.untagResource({ ResourceARN, TagKeys: ['team'] })
    expect((await cloudwatch.listTagsForResource({ ResourceARN })).Tags).toEqual([{ Key: 'b', Value: '2' }])
    const forMetric = await cloudwatch.describeAlarmsForMetric({ Namespace: 'App', MetricName: 'Hits' })
    expect(forMetric.MetricAlarms).toHaveLength(1)
    await cloudwatch.deleteAlarms({ AlarmNames: ['too many hits', 'another'] })
    expect(await state()).toBeUndefined()
    expect(notified).toEqual([])
    await expect(
      cloudwatch.setAlarmState({ AlarmName: 'too many hits', StateValue: 'OK', StateReason: '' }),
    ).rejects.toMatchObject({ name: 'ResourceNotFound', $metadata: { httpStatusCode: 404 } })
  })

  test.each([
    [{ EvaluationPeriods: 1441 }, 'Metrics cannot be checked across more than a day'],
    [{ DatapointsToAlarm: 3 }, 'DatapointsToAlarm must be less than or equal'],
    [{ TreatMissingData: 'never' }, 'unsupported for TreatMissingData'],
    [{ Period: 90 }, 'multiple of 60'],
    [{ Statistic: undefined }, 'Statistic and ExtendedStatistic'],
    [{ ComparisonOperator: 'GreaterThanUpperThreshold' }, 'anomaly detection'],
    [{ ComparisonOperator: 'Greater' }, 'failed to satisfy constraint: Member must satisfy enum value set'],
  ])('are refused with %j', async (wrong, message) => {
    await expect(alarm(wrong)).rejects.toThrow(message)
  })
})

test('a request by hand, in CBOR with lengths that are not known ahead', async () => {
  const endpoint = await cluster.endpoint(home)
  const text = (value: string) => encodeCbor(value)
  const half = Buffer.from('f94500', 'hex') // 5.0
  const body = Buffer.concat([
    Buffer.from('bf', 'hex'),
    text('Namespace'),
    Buffer.from('7f', 'hex'),
    text('A'),
    text('pp'),
    Buffer.from('ff', 'hex'),
    text('MetricData'),
    Buffer.from('9fbf', 'hex'),
    text('MetricName'),
    text('Hits'),
    text('Value'),
    half,
    text('Timestamp'),
    encodeCbor(new CborTag(1, ago(1).getTime() / 1000)),
    Buffer.from('ffffff', 'hex'),
  ])
  const ask = async (operation: string, bytes: Buffer) => {
    const reply = await fetch(`${endpoint}/service/GraniteServiceVersion20100801/operation/${operation}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/cbor',
        'smithy-protocol': 'rpc-v2-cbor',
        'x-amz-date': '20260101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=a/20260101/${home}/monitoring/aws4_request, SignedHeaders=host;x-amz-date, Signature=b`,
      },
      body: new Uint8Array(bytes),
    })
    const told = Buffer.from(await reply.arrayBuffer())
    return { status: reply.status, headers: reply.headers, value: told.length === 0 ? undefined : decodeCbor(told) }
  }
  expect(await ask('PutMetricData', body)).toMatchObject({ status: 200, value: undefined })
  const listed = await ask('ListMetrics', encodeCbor(new Map([['Namespace', 'App']])))
  expect(listed.headers.get('smithy-protocol')).toBe('rpc-v2-cbor')
  expect(listed.value).toEqual(
    new Map<CborValue, CborValue>([
      [
        'Metrics',
        [
          new Map<CborValue, CborValue>([
            ['Namespace', 'App'],
            ['MetricName', 'Hits'],
            ['Dimensions', []],
          ]),
        ],
      ],
    ]),
  )
  const refused = await ask('DescribeAlarms', encodeCbor(new Map([['StateValue', 'NEVER']])))
  expect([refused.status, refused.headers.get('x-amzn-query-error')]).toEqual([400, 'ValidationError;Sender'])
})
