/** The operations on event source mappings and functions, with Lambda's answers. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { differs } from '../differences/difference.ts'
import { type Scene, triggerScene, virginia } from './trigger-scene.ts'

const mappings = 'event-source-mappings'
const queue = 'arn:aws:sqs:us-east-1:000000000000:failed'
let scene: Scene
let here: ReturnType<Scene['at']>
let streamArn: string

beforeAll(async () => {
  const quiet = () => undefined
  scene = await triggerScene({
    functions: { audit: quiet, other: quiet, third: quiet },
    destinations: { [queue]: quiet },
  })
  here = scene.at(virginia)
  streamArn = await here.streamArn()
})
afterAll(async () => await scene.cluster.close())

const create = (more: Readonly<Record<string, unknown>>) =>
  here.ask('POST', mappings, { FunctionName: 'audit', EventSourceArn: streamArn, StartingPosition: 'LATEST', ...more })

const errorOf = ({ status, headers, body }: Awaited<ReturnType<typeof create>>) => [
  status,
  headers['x-amzn-errortype'],
  body.message,
]

describe('CreateEventSourceMapping', () => {
  test('answers 202 with all settings, and the mapping is enabled soon', async () => {
    const { status, body } = await create({ FunctionName: 'other' })
    expect(status).toBe(202)
    expect(body).toEqual({
      UUID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      EventSourceMappingArn: `arn:aws:lambda:us-east-1:000000000000:event-source-mapping:${body.UUID}`,
      EventSourceArn: streamArn,
      FunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:other',
      StartingPosition: 'LATEST',
      State: 'Creating',
      StateTransitionReason: 'User action',
      LastModified: expect.any(Number),
      LastProcessingResult: 'No records processed',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 1,
      MaximumRecordAgeInSeconds: -1,
      MaximumRetryAttempts: -1,
      BisectBatchOnFunctionError: false,
      TumblingWindowInSeconds: 0,
      FunctionResponseTypes: [],
      DestinationConfig: { OnFailure: {} },
    })
    await scene.cluster.advance(100)
    expect((await here.described(body.UUID)).State).toBe('Enabled')
    const again = await create({ FunctionName: 'other' })
    expect(errorOf(again)).toEqual([
      409,
      'ResourceConflictException',
      `The event source arn (" ${streamArn} ") and function (" other ") provided mapping already exists. Please update or delete the existing mapping with UUID ${body.UUID}`,
    ])
  })

  const range = (value: number, member: string, rule: string): string =>
    `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: Member must have value ${rule}`

  test.each([
    [
      'a function that is not there',
      { FunctionName: 'missing' },
      'InvalidParameterValueException',
      'Function does not exist',
    ],
    ['another version', { FunctionName: 'audit:7' }, 'InvalidParameterValueException', 'Function does not exist'],
    [
      'no starting position',
      { StartingPosition: undefined },
      'InvalidParameterValueException',
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    ],
    [
      'a filter that is none',
      { FilterCriteria: { Filters: [{ Pattern: '{}' }] } },
      'InvalidParameterValueException',
      'Invalid filter pattern definition.',
    ],
    ['an empty batch', { BatchSize: 0 }, 'ValidationException', range(0, 'batchSize', 'greater than or equal to 1')],
    [
      'a batch that is too large',
      { BatchSize: 10_001 },
      'ValidationException',
      range(10_001, 'batchSize', 'less than or equal to 10000'),
    ],
    [
      'a long window',
      { MaximumBatchingWindowInSeconds: 301 },
      'ValidationException',
      range(301, 'maximumBatchingWindowInSeconds', 'less than or equal to 300'),
    ],
    [
      'many lanes',
      { ParallelizationFactor: 11 },
      'ValidationException',
      range(11, 'parallelizationFactor', 'less than or equal to 10'),
    ],
    [
      'many retries',
      { MaximumRetryAttempts: 10_001 },
      'ValidationException',
      range(10_001, 'maximumRetryAttempts', 'less than or equal to 10000'),
    ],
    [
      'a long tumbling window',
      { TumblingWindowInSeconds: 901 },
      'ValidationException',
      range(901, 'tumblingWindowInSeconds', 'less than or equal to 900'),
    ],
    [
      'a member of other sources',
      { Queues: ['q'] },
      'InvalidParameterValueException',
      'Queues is not supported by this version of Longitude: event sources are streams of DynamoDB',
    ],
    ['a text for a number', { BatchSize: '1' }, 'SerializationException', 'BatchSize is not a whole number'],
  ])('refuses %s', async (_, input, type, message) => {
    expect(errorOf(await create(input))).toEqual([400, type, message])
  })

  test(differs('settings-of-mappings'), async () => {
    const settings = { KMSKeyArn: 'arn', MetricsConfig: { Metrics: ['EventCount'] }, Tags: { a: 'b' } }
    for (const [name, value] of Object.entries(settings))
      expect(errorOf(await create({ [name]: value }))).toEqual([
        400,
        'InvalidParameterValueException',
        expect.stringMatching(`^${name} is not supported by this version of Longitude: `),
      ])
  })

  test(differs('destinations-that-are-mapped'), async () => {
    const to = (Destination: string) => create({ Enabled: false, DestinationConfig: { OnFailure: { Destination } } })
    expect(errorOf(await to(`${queue}2`))).toEqual([
      400,
      'InvalidParameterValueException',
      `${queue}2 is not supported as a destination here: the file of functions maps it to no file, URL or subject`,
    ])
    const made = await to(queue)
    expect(made.body.DestinationConfig).toEqual({ OnFailure: { Destination: queue } })
    await here.ask('DELETE', `${mappings}/${made.body.UUID}`)
  })

  test('refuses AT_TIMESTAMP and a stream that is not there, naming the stream', async () => {
    expect(
      errorOf(await create({ StartingPosition: 'AT_TIMESTAMP', StartingPositionTimestamp: 1_767_225_600 }))[2],
    ).toBe(`Unsupported starting position for arn type: ${streamArn}`)
    const missing = `${streamArn.slice(0, -1)}9`
    expect(errorOf(await create({ EventSourceArn: missing }))[2]).toBe(`Stream not found: ${missing}`)
  })

  test('refuses ages from 0 to 59 seconds, and what is not JSON', async () => {
    expect((await create({ MaximumRecordAgeInSeconds: 59 })).body.message).toContain('MaximumRecordAgeInSeconds')
    const { response } = await scene.cluster.client(virginia).requestHandler.handle({
      method: 'POST',
      path: `/2015-03-31/${mappings}`,
      headers: {
        'x-amz-date': '20260101T000000Z',
        host: 'localhost',
        authorization:
          'AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: '{',
    })
    expect([response.statusCode, response.headers['x-amzn-errortype']]).toEqual([400, 'SerializationException'])
  })
})

describe('a mapping', () => {
  test('is changed, listed, and deleted', async () => {
    const uuid = (await create({ FunctionName: 'third', Enabled: false })).body.UUID
    const changed = await here.ask('PUT', `${mappings}/${uuid}`, {
      BatchSize: 5,
      DestinationConfig: { OnFailure: { Destination: queue } },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
    expect(changed).toMatchObject({ status: 202, body: { State: 'Updating', BatchSize: 5, ParallelizationFactor: 1 } })
    await scene.cluster.advance(100)
    expect(await here.described(uuid)).toMatchObject({
      State: 'Disabled',
      DestinationConfig: { OnFailure: { Destination: queue } },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    })
    const listed = await here.ask('GET', mappings, undefined, { FunctionName: 'third', EventSourceArn: streamArn })
    expect(listed.body.EventSourceMappings.map(({ UUID }: { UUID: string }) => UUID)).toEqual([uuid])
    expect((await here.ask('DELETE', `${mappings}/${uuid}`)).body.State).toBe('Deleting')
    expect(errorOf(await here.ask('DELETE', `${mappings}/${uuid}`))).toEqual([
      404,
      'ResourceNotFoundException',
      'The resource you requested does not exist.',
    ])
  })

  test('keeps its stream and its starting position', async () => {
    const uuid = (await create({ Enabled: false })).body.UUID
    for (const [name, value] of [
      ['EventSourceArn', streamArn],
      ['StartingPosition', 'LATEST'],
    ] as const)
      expect(errorOf(await here.ask('PUT', `${mappings}/${uuid}`, { [name]: value }))[2]).toBe(
        `${name} cannot be changed.`,
      )
  })

  test('is on one page, and the marker leads to the next', async () => {
    const seen: string[] = []
    let marker: string | undefined
    do {
      const { body } = await here.ask('GET', mappings, undefined, {
        MaxItems: '1',
        ...(marker ? { Marker: marker } : {}),
      })
      seen.push(...body.EventSourceMappings.map(({ UUID }: { UUID: string }) => UUID))
      marker = body.NextMarker
    } while (marker !== undefined)
    const { body } = await here.ask('GET', mappings)
    expect(seen).toEqual(body.EventSourceMappings.map(({ UUID }: { UUID: string }) => UUID))
    expect(seen.length).toBeGreaterThan(1)
    expect((await here.ask('GET', mappings, undefined, { MaxItems: '0' })).status).toBe(400)
  })
})

describe('a function', () => {
  test('is listed, described by name and by ARN, and unknown otherwise', async () => {
    const { body } = await here.ask('GET', 'functions')
    expect(body.Functions.map(({ FunctionName }: { FunctionName: string }) => FunctionName)).toEqual([
      'audit',
      'other',
      'third',
    ])
    const arn = 'arn:aws:lambda:us-east-1:000000000000:function:audit'
    for (const name of ['audit', arn, '000000000000:function:audit', 'audit:$LATEST'])
      expect((await here.ask('GET', `functions/${encodeURIComponent(name)}`)).body.Configuration.FunctionArn).toBe(arn)
    expect(errorOf(await here.ask('GET', 'functions/audit:7'))).toEqual([
      404,
      'ResourceNotFoundException',
      `Function not found: ${arn}:7`,
    ])
    expect((await here.ask('GET', 'functions/a b')).status).toBe(400)
  })
})
