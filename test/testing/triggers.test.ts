/** Triggers as an application sees them, in the time of a cluster. */
import { afterEach, describe, expect, test } from 'vitest'
import type { ClusterOptions, FunctionHandler, StreamRecord } from '../../src/testing/cluster-api.ts'
import { dublin, type Json, type Scene, triggerScene, virginia } from './trigger-scene.ts'

const open: Scene[] = []

afterEach(async () => {
  for (const { cluster } of open.splice(0)) await cluster.close()
})

async function scene(options: ClusterOptions): Promise<Scene> {
  const made = await triggerScene(options)
  open.push(made)
  return made
}

const keyOf = (record: StreamRecord): string => (record.dynamodb.Keys['pk'] as { S: string }).S

/** Notes the keys of each batch, and answers as told. */
function noting(answer: (keys: readonly string[], call: number) => unknown = () => undefined) {
  const calls: string[][] = []
  const handler: FunctionHandler = (event) => {
    const keys = event.Records.map(keyOf)
    calls.push(keys)
    return answer(keys, calls.length)
  }
  return { calls, handler }
}

describe('a trigger', () => {
  test('sends every change of an item once and in order, with its images and the ARN of the stream', async () => {
    const seen: StreamRecord[] = []
    const { cluster, at } = await scene({
      functions: { audit: ({ Records }) => void seen.push(...Records) },
    })
    const here = at(virginia)
    const uuid = await here.map('audit')
    await here.put('a', { n: { N: '1' } })
    await here.put('a', { n: { N: '2' } })
    await here.remove('a')
    await cluster.advance('1s')
    expect(seen.map(({ eventName }) => eventName)).toEqual(['INSERT', 'MODIFY', 'REMOVE'])
    expect(seen[1]?.dynamodb).toMatchObject({ OldImage: { n: { N: '1' } }, NewImage: { n: { N: '2' } } })
    expect(new Set(seen.map(({ eventSourceARN }) => eventSourceARN))).toEqual(new Set([await here.streamArn()]))
    expect(await here.described(uuid)).toMatchObject({ State: 'Enabled', LastProcessingResult: 'OK' })
  })

  test('in another region is invoked for what replicates there', async () => {
    const regions: string[] = []
    const { cluster, at } = await scene({
      functions: { audit: ({ Records }) => void regions.push(...Records.map(({ awsRegion }) => awsRegion)) },
    })
    await at(virginia).map('audit')
    await at(dublin).map('audit')
    await at(virginia).put('a')
    await cluster.settle()
    await cluster.advance('1s')
    expect(regions.toSorted()).toEqual([dublin, virginia])
  })

  test('sends a failed batch again until it succeeds, and nothing behind it meanwhile', async () => {
    const { calls, handler } = noting((_, call) => {
      if (call <= 2) throw new Error('not yet')
    })
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.put('a')
    const uuid = await here.map('audit', { BatchSize: 1 })
    await here.put('b')
    await cluster.advance(50)
    expect(await here.described(uuid)).toMatchObject({ LastProcessingResult: 'PROBLEM: Function call failed' })
    await cluster.advance('5s')
    expect(calls).toEqual([['a'], ['a'], ['a'], ['b']])
  })

  test('goes on after kill -9 where it was: what was answered is not sent again', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.map('audit')
    await here.put('a')
    await cluster.advance('1s')
    cluster.region(virginia).kill()
    await cluster.region(virginia).restart()
    await at(virginia).put('b')
    await cluster.advance('1s')
    expect(calls).toEqual([['a'], ['b']])
  })

  test('sends a batch again whose answer a crash has cut off', async () => {
    const { calls, handler } = noting((_, call) => (call === 1 ? new Promise(() => undefined) : undefined))
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.map('audit')
    await here.put('a')
    await cluster.advance('1s')
    cluster.region(virginia).kill()
    await cluster.region(virginia).restart()
    await cluster.advance('1s')
    expect(calls).toEqual([['a'], ['a']])
  })

  test('of a function that does not answer fails after its time, and is sent again', async () => {
    const { calls, handler } = noting((_, call) => (call === 1 ? new Promise(() => undefined) : undefined))
    const { cluster, at } = await scene({ functions: { audit: handler } })
    await at(virginia).map('audit')
    await at(virginia).put('a')
    await cluster.advance('10s')
    expect(calls).toEqual([['a'], ['a']])
  })

  test('cuts a failing batch in two until the bad record is alone, reports that, and has sent all others', async () => {
    const { calls, handler } = noting((keys) => {
      if (keys.includes('c')) throw new Error('no c')
    })
    const reports: Json[] = []
    const queue = 'arn:aws:sqs:us-east-1:000000000000:failed'
    const { cluster, at } = await scene({
      functions: { audit: handler },
      destinations: { [queue]: (report) => void reports.push(report) },
    })
    const here = at(virginia)
    for (const key of ['a', 'b', 'c', 'd']) await here.put(key)
    const DestinationConfig = { OnFailure: { Destination: queue } }
    await here.map('audit', { BisectBatchOnFunctionError: true, MaximumRetryAttempts: 1, DestinationConfig })
    await cluster.advance('10s')
    expect(calls).toEqual([['a', 'b', 'c', 'd'], ['a', 'b'], ['c', 'd'], ['c'], ['c'], ['d']])
    expect(reports).toEqual([
      expect.objectContaining({
        requestContext: expect.objectContaining({ condition: 'RetryAttemptsExhausted', approximateInvokeCount: 2 }),
        responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
        DDBStreamBatchInfo: expect.objectContaining({ batchSize: 1, streamArn: await here.streamArn() }),
      }),
    ])
  })

  test('gives up records that are older than they may be', async () => {
    const { calls, handler } = noting(() => {
      throw new Error('never')
    })
    const reports: Json[] = []
    const topic = 'arn:aws:sns:us-east-1:000000000000:failed'
    const { cluster, at } = await scene({
      functions: { audit: handler },
      destinations: { [topic]: (report) => void reports.push(report) },
    })
    const here = at(virginia)
    await here.put('a')
    const DestinationConfig = { OnFailure: { Destination: topic } }
    await here.map('audit', { MaximumRecordAgeInSeconds: 60, DestinationConfig })
    await cluster.advance('2m')
    expect(reports.map(({ requestContext }) => requestContext.condition)).toEqual(['RecordAgeExceeded'])
    const count = calls.length
    await cluster.advance('1m')
    expect(calls.length).toBe(count)
  })

  test('sends again from the first record that the function reports', async () => {
    const { calls, handler } = noting()
    let isDone = false
    const { cluster, at } = await scene({
      functions: {
        audit: (event, context) => {
          void handler(event, context)
          const bad = event.Records.find((record) => keyOf(record) === 'b')
          const failures = isDone || bad === undefined ? [] : [{ itemIdentifier: bad.dynamodb.SequenceNumber }]
          isDone = true
          return { batchItemFailures: failures }
        },
      },
    })
    const here = at(virginia)
    for (const key of ['a', 'b', 'c']) await here.put(key)
    await here.map('audit', { FunctionResponseTypes: ['ReportBatchItemFailures'] })
    await cluster.advance('5s')
    expect(calls).toEqual([
      ['a', 'b', 'c'],
      ['b', 'c'],
    ])
  })

  test('waits for a full batch, but no longer than its window', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.map('audit', { BatchSize: 2, MaximumBatchingWindowInSeconds: 10 })
    await here.put('a')
    await cluster.advance('5s')
    expect(calls).toEqual([])
    await here.put('b')
    await cluster.advance('1s')
    expect(calls).toEqual([['a', 'b']])
    await here.put('c')
    await cluster.advance('11s')
    expect(calls).toEqual([['a', 'b'], ['c']])
  })

  test('sends what its filters let through alone, and passes the rest', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    const Pattern = JSON.stringify({ eventName: ['INSERT'], dynamodb: { Keys: { pk: { S: [{ prefix: 'x' }] } } } })
    await here.map('audit', { FilterCriteria: { Filters: [{ Pattern }] } })
    for (const key of ['a', 'x1', 'b', 'x2']) await here.put(key)
    await here.remove('x1')
    await cluster.advance('1s')
    expect(calls.flat()).toEqual(['x1', 'x2'])
  })

  test('adds up a tumbling window, and ends it with an invocation without records', async () => {
    const events: Json[] = []
    const { cluster, at } = await scene({
      functions: {
        sum: (event) => {
          events.push(event)
          return { state: { count: Number(event.state?.['count'] ?? 0) + event.Records.length } }
        },
      },
    })
    const here = at(virginia)
    await here.map('sum', { TumblingWindowInSeconds: 60, BatchSize: 1 })
    for (const key of ['a', 'b']) await here.put(key)
    await cluster.advance('2m')
    expect(events.map(({ state, isFinalInvokeForWindow: last }) => [state, last])).toEqual([
      [{}, false],
      [{ count: 1 }, false],
      [{ count: 2 }, true],
    ])
    expect(events[2].window).toEqual({ start: '2026-01-01T00:00:00Z', end: '2026-01-01T00:01:00Z' })
  })

  test('keeps the order of each item with several batches of a shard under way', async () => {
    const seen: [string, string][] = []
    const { cluster, at } = await scene({
      functions: {
        audit: async ({ Records }) => {
          for (const { dynamodb } of Records)
            seen.push([
              (dynamodb.Keys['pk'] as { S: string }).S,
              (dynamodb.NewImage?.['n'] as { N: string } | undefined)?.N ?? '',
            ])
          await Promise.resolve()
        },
      },
    })
    const here = at(virginia)
    await here.map('audit', { ParallelizationFactor: 4, BatchSize: 2 })
    const keys = ['a', 'b', 'c', 'd', 'e', 'f']
    for (let n = 0; n < 5; n++) for (const key of keys) await here.put(key, { n: { N: String(n) } })
    await cluster.advance('5s')
    for (const key of keys)
      expect(seen.filter(([of]) => of === key).map(([, n]) => n)).toEqual(['0', '1', '2', '3', '4'])
  })

  test('follows shards from parent to child', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.map('audit')
    await here.put('a')
    await cluster.advance('1s')
    await here.roll()
    await here.put('b')
    await here.roll()
    await here.put('c')
    await cluster.advance('1s')
    expect(calls).toEqual([['a'], ['b'], ['c']])
  })

  test('reads no child before it has read the parent to its end', async () => {
    let isBroken = true
    const { calls, handler } = noting(() => {
      if (isBroken) throw new Error('not yet')
    })
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.put('a')
    await here.roll()
    await here.put('b')
    await here.map('audit')
    await cluster.advance('1s')
    expect(new Set(calls.flat())).toEqual(new Set(['a']))
    isBroken = false
    await cluster.advance('10s')
    expect(calls.at(-1)).toEqual(['b'])
  })

  test('that is disabled keeps its place', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    const uuid = await here.map('audit')
    await here.put('a')
    await cluster.advance('1s')
    expect((await here.ask('PUT', `event-source-mappings/${uuid}`, { Enabled: false })).body.State).toBe('Disabling')
    await cluster.advance('1s')
    expect(await here.described(uuid)).toMatchObject({ State: 'Disabled' })
    await here.put('b')
    await cluster.advance('1s')
    expect(calls).toEqual([['a']])
    await here.ask('PUT', `event-source-mappings/${uuid}`, { Enabled: true })
    await cluster.advance('1s')
    expect(calls).toEqual([['a'], ['b']])
  })

  test('is in use until the batch under way is answered', async () => {
    const { cluster, at } = await scene({ functions: { hanging: () => new Promise(() => undefined) } })
    const here = at(virginia)
    const uuid = await here.map('hanging')
    await here.put('a')
    await cluster.advance('1s')
    await here.ask('PUT', `event-source-mappings/${uuid}`, { Enabled: false })
    expect((await here.ask('DELETE', `event-source-mappings/${uuid}`)).body).toMatchObject({
      message: 'Cannot delete the event source mapping because it is in use.',
    })
    await cluster.advance('3s')
    expect(await here.described(uuid)).toMatchObject({ State: 'Disabled' })
  })

  test('from LATEST sends what is written after it was made', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    await here.put('before')
    await here.map('audit', { StartingPosition: 'LATEST' })
    await here.put('after')
    await cluster.advance('1s')
    expect(calls).toEqual([['after']])
  })

  test('that fails keeps no other trigger waiting', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({
      functions: {
        broken: () => {
          throw new Error('always')
        },
        hanging: () => new Promise(() => undefined),
        audit: handler,
      },
    })
    const here = at(virginia)
    for (const name of ['broken', 'hanging', 'audit']) await here.map(name)
    for (const key of ['a', 'b']) {
      await here.put(key)
      await cluster.advance(500)
    }
    expect(calls).toEqual([['a'], ['b']])
  })

  test('that is deleted sends nothing more', async () => {
    const { calls, handler } = noting()
    const { cluster, at } = await scene({ functions: { audit: handler } })
    const here = at(virginia)
    const uuid = await here.map('audit')
    await here.put('a')
    await cluster.advance('1s')
    expect(await here.ask('DELETE', `event-source-mappings/${uuid}`)).toMatchObject({
      status: 202,
      body: { State: 'Deleting' },
    })
    await here.put('b')
    await cluster.advance('1s')
    expect(calls).toEqual([['a']])
    expect((await here.ask('GET', `event-source-mappings/${uuid}`)).status).toBe(404)
  })
})
