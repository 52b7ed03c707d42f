/** What counting capacity adds to a request for one key, in things that can be counted: a change for the worse shows on every machine, however busy. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { timings } from '../../../src/core/table/waits.ts'
import { targetOf } from '../../../src/core/wire/request-target.ts'
import { apiPipeline } from '../../../src/http/api-pipeline.ts'
import type { ApiRequest, Pipeline } from '../../../src/http/pipeline.ts'
import { ItemTouch } from '../../../src/operations/touch.ts'
import { openRegion, regionNames, tableEdits } from '../engine/region.ts'

const key = { pk: { S: 'a' }, sk: { N: '1' } }
const [us] = regionNames

/** What a request may ask for more than once. */
let work: Record<string, number> = {}
const noted = (name: string): void => void (work[name] = (work[name] ?? 0) + 1)

async function regionWith(capacity: 'off' | 'enforce'): Promise<Pipeline> {
  const { engine, env } = await openRegion(us, new MemoryStore())
  await engine.define('id', [
    ...tableEdits('things'),
    {
      register: 'settings/capacity',
      value: { billingMode: 'PROVISIONED', provisioned: { readUnits: 99, writeUnits: 99 } },
    },
  ])
  const clock = {
    ...env.clock,
    monotonicMs: () => {
      noted('looks at the clock')
      return 0
    },
  }
  const settings = {
    accountId: '000000000000',
    globalTables2017: false,
    region: us,
    regions: regionNames,
    timing: timings.instant,
    streamRetentionMs: 0,
  }
  const mode = capacity === 'off' ? {} : { capacity: { mode: capacity } }
  return apiPipeline({ context: { engine, env: { ...env, clock }, settings }, ...mode })
}

function requestOf(operation: string, input: object): ApiRequest {
  const body = Buffer.from(JSON.stringify({ TableName: 'things', ...input }))
  const headers = {
    host: 'localhost',
    'x-amz-target': targetOf(operation),
    'x-amz-date': '20260101T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/${us}/dynamodb/aws4_request, SignedHeaders=host, Signature=${'0'.repeat(64)}`,
  }
  const about = { method: 'POST', url: '/', headers, rawHeaders: () => [], address: undefined, isSecure: false }
  return { ...about, body, payload: body }
}

/** The least of several requests: now and then one finds a buffer full that all share, and makes the next. */
async function workOf(pipeline: Pipeline, request: ApiRequest): Promise<Record<string, number>> {
  const answered = () => new Promise<string>((resolve) => pipeline(request, 'id', ({ outcome }) => resolve(outcome)))
  // The first makes the item, and what is made once for a table.
  await answered()
  const all: (typeof work)[] = []
  for (let n = 0; n < 8; n++) {
    work = {}
    expect(await answered()).toBe('ok')
    all.push(work)
  }
  const names = new Set(all.flatMap((each) => Object.keys(each)))
  return Object.fromEntries([...names].map((name) => [name, Math.min(...all.map((each) => each[name] ?? 0))]))
}

beforeEach(() => {
  for (const name of ['from', 'concat', 'of', 'alloc', 'allocUnsafe'] as const) {
    const original = Buffer[name] as (...given: never[]) => Buffer
    const counting = (...given: never[]): Buffer => {
      noted('makes bytes')
      return original.apply(Buffer, given)
    }
    vi.spyOn(Buffer, name).mockImplementation(counting as never)
  }
  const { toString } = Buffer.prototype
  vi.spyOn(Buffer.prototype, 'toString').mockImplementation(function (this: Buffer, ...given) {
    noted('makes text')
    return toString.apply(this, given)
  })
  const { parse } = JSON
  vi.spyOn(JSON, 'parse').mockImplementation((...given) => {
    noted('parses')
    return parse(...given) as unknown
  })
  vi.spyOn(ItemTouch.prototype, 'attributes', 'get').mockImplementation(() => {
    noted('lists attributes')
    return []
  })
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a request that there is capacity for takes no more looks at the clock, bytes, texts or parsing than one that nothing counts', () => {
  test.each([
    ['GetItem', { Key: key }],
    ['PutItem', { Item: { ...key, text: { S: 'some text' } } }],
    ['UpdateItem', { Key: key, UpdateExpression: 'SET n = :n', ExpressionAttributeValues: { ':n': { N: '1' } } }],
    ['DeleteItem', { Key: key }],
  ])('%s', async (operation, input) => {
    const [off, enforce] = [await regionWith('off'), await regionWith('enforce')]
    const counted = await workOf(enforce, requestOf(operation, input))
    expect(counted['looks at the clock']).toBe(2)
    expect(counted).toEqual(await workOf(off, requestOf(operation, input)))
  })
})
