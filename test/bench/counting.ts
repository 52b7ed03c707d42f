/**
 * What is counted and told of each request, and what that costs a GetItem and a PutItem: metrics, capacity, the log of slow requests, spans. In one process, on
 * a store in memory and without a socket, so that the difference is not lost in the rest; candidates take turns in every round.
 *
 *   npm run bench:counting [-- --quick] [-- --json]
 *
 * Its figures mean something on a machine that does nothing else.
 */
import { MemoryBlobs } from '../../src/adapters/memory/memory-blobs.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { prometheusMeter } from '../../src/adapters/metrics/prometheus-meter.ts'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { timings } from '../../src/core/table/waits.ts'
import { targetOf } from '../../src/core/wire/request-target.ts'
import { openEngine } from '../../src/engine/open-engine.ts'
import { apiPipeline, type ApiPipelineOptions } from '../../src/http/api-pipeline.ts'
import type { ApiRequest, Pipeline } from '../../src/http/pipeline.ts'
import { SlowLog } from '../../src/node/observing/slow-log.ts'
import { Tracing } from '../../src/node/observing/tracing.ts'
import type { Log } from '../../src/ports/log.ts'
import type { Meter } from '../../src/ports/meter.ts'
import { Collector } from '../../src/readers/metrics/collector.ts'
import { MetricStore } from '../../src/readers/metrics/metric-store.ts'
import { tableEdits } from '../unit/engine/region.ts'
import { median, rounded, table } from './figures.ts'

const isQuick = process.argv.includes('--quick')
const isJson = process.argv.includes('--json')
const rounds = isQuick ? 7 : 41
const requestsOfRound = isQuick ? 2000 : 10_000
const items = 1000

const silent: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => silent }
const nothing: Meter = { count: () => {}, gauge: () => {}, observe: () => {}, forget: () => {} }
const self = { name: 'us-east-1', number: 1 }

type More = Pick<ApiPipelineOptions, 'capacity' | 'observer'>
type Candidate = { readonly name: string; readonly pipeline: Pipeline }

async function candidate(name: string, meter: Meter, more: More = {}): Promise<Candidate> {
  const bus = new MemoryNetwork(systemClock, systemRandom).join(self.name)
  const around = { clock: systemClock, random: systemRandom, bus, blobs: new MemoryBlobs(), log: silent, meter }
  const env = { ...around, store: new MemoryStore() }
  const engine = await openEngine(env, { topology: { self, regions: [self] } })
  await engine.define('id', tableEdits('abc'))
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    region: self.name,
    regions: [self.name],
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  return { name, pipeline: apiPipeline({ context: { engine, env, settings }, ...more }) }
}

async function candidates(): Promise<readonly Candidate[]> {
  const collector = (): Meter => {
    const store = new MetricStore({ env: { clock: systemClock, log: silent }, blobs: new MemoryBlobs() })
    return new Collector(prometheusMeter({ region: self.name }), { clock: systemClock, store })
  }
  const around = { clock: systemClock, random: systemRandom, region: self.name, epoch: () => 'epoch' }
  const tracing = new Tracing({ ...around, share: 1, onSpan: () => {} })
  return [
    await candidate('nothing counted', nothing),
    await candidate('metrics of Prometheus', prometheusMeter({ region: self.name })),
    await candidate('and of CloudWatch (as a node)', collector()),
    await candidate('and capacity enforced', collector(), { capacity: { mode: 'enforce' } }),
    await candidate('and slow requests', collector(), {
      observer: new SlowLog({ slowMs: 1000, log: silent, clock: systemClock }),
    }),
    await candidate('and spans of all', collector(), { observer: tracing }),
  ]
}

function request(operation: string, n: number): ApiRequest {
  const key = { pk: { S: `partition ${n % items}` }, sk: { N: '1' } }
  const more = operation === 'PutItem' ? { Item: { ...key, text: { S: 'x'.repeat(200) } } } : { Key: key }
  const body = Buffer.from(JSON.stringify({ TableName: 'abc', ...more }))
  const headers = {
    host: 'localhost',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': targetOf(operation),
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/${self.name}/dynamodb/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  }
  return {
    method: 'POST',
    url: '/',
    headers,
    rawHeaders: () => [],
    body,
    payload: body,
    address: undefined,
    isSecure: false,
  }
}

/** Microseconds a request. */
async function timeOf({ pipeline }: Candidate, requests: readonly ApiRequest[]): Promise<number> {
  const began = performance.now()
  for (const each of requests)
    await new Promise<void>((resolve) => {
      pipeline(each, 'id', ({ outcome }) => {
        if (outcome !== 'ok') throw new Error(outcome)
        resolve()
      })
    })
  return ((performance.now() - began) * 1000) / requests.length
}

type Figure = { readonly operation: string; readonly name: string; readonly micros: number; readonly ratio: number }

async function measured(operation: string, all: readonly Candidate[]): Promise<readonly Figure[]> {
  const requests = Array.from({ length: requestsOfRound }, (_, n) => request(operation, n))
  const times = new Map<string, number[]>(all.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++)
    for (const each of round % 2 === 0 ? all : all.toReversed()) {
      const micros = await timeOf(each, requests)
      // The first is for warming up.
      if (round > 0) times.get(each.name)?.push(micros)
    }
  const base = times.get('nothing counted') ?? []
  return all.map(({ name }) => {
    const own = times.get(name) ?? []
    const ratios = own.map((micros, round) => micros / (base[round] ?? Number.NaN))
    return { operation, name, micros: rounded(median(own)), ratio: rounded(median(ratios)) }
  })
}

const all = await candidates()
const figures = [...(await measured('PutItem', all)), ...(await measured('GetItem', all))]
if (isJson) console.log(JSON.stringify(figures))
else
  console.log(
    table([
      ['', 'operation', 'µs a request', 'against nothing'],
      ...figures.map(({ name, operation, micros, ratio }) => [name, operation, micros, `${ratio}×`]),
    ]),
  )
process.exit()
