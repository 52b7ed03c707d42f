/** What a client of DAX's protocol can make a cache hold and do: bytes, values and connections have bounds. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, it, vi } from 'vitest'
import { AttributeLists } from '../../../src/core/dax/codec/attribute-lists.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import type { Cache } from '../../../src/cache/core/cache.ts'
import { DaxFront } from '../../../src/cache/dax/dax-front.ts'
import { serveDax } from '../../../src/cache/dax/dax-server.ts'
import type { Frame } from '../../../src/cache/dax/dax-frames.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { daxItemValuesMax, daxValuesMax } from '../../../src/core/limits/dax-limits.ts'
import { readRequest } from '../../../src/core/dax/requests/read-request.ts'
import type { Log } from '../../../src/ports/log.ts'
import { frame, sampleLists } from './sample-frames.ts'

const schema = { partition: [{ name: 'pk', type: 'S' as const }], sort: [] }
const list = sampleLists.listOf(['v'])
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => quiet }

const itemOf = (values: number): Buffer =>
  Buffer.concat([new CborWriter().integer(list.id).array(values).finish(), Buffer.alloc(values, 0xf6)])

function framed(method: 'putItem' | 'batchWriteItem', values: (writer: CborWriter) => void): Frame {
  const bytes = frame(method, values)
  const head = new CborReader(bytes)
  head.integer()
  head.integer()
  return { method, bytes, valuesAt: head.offset }
}

/** An item with a list of so many values of one byte. */
function crowded(values: number): Frame {
  const item = itemOf(values)
  return framed('putItem', (writer) => writer.bytes(Buffer.from('T')).bytes(Buffer.from('k')).bytes(item).null())
}

/** So many of them. */
function crowdedBatch(items: number, values: number): Frame {
  const item = itemOf(values)
  return framed('batchWriteItem', (writer) => {
    writer
      .map(1)
      .text('T')
      .array(2 * items)
    for (let n = 0; n < items; n++) writer.bytes(Buffer.from(`k${n}`)).bytes(item)
    writer.null()
  })
}

it.each([
  ['an item', crowded(daxItemValuesMax + 1)],
  ['a request', crowdedBatch(4, daxValuesMax / 4 + 1)],
])('%s with more values than it can need is refused where they are read', (_, { method, bytes, valuesAt }) => {
  const read = () =>
    readRequest(method, new CborReader(bytes.subarray(valuesAt)), { lists: sampleLists, schemaOf: () => schema })
  expect(read).toThrow('more values than a request can need')
})

it('requests with many values are throttled while as many are under way, and small ones are not', async () => {
  let asked = 0
  const front = new DaxFront({
    cache: { keyOf: () => schema } as unknown as Cache,
    pipeline: () => void asked++,
    upstream: { send: () => new Promise(() => {}) },
    host: 'localhost',
    credentials: undefined,
    wallMs: () => 0,
    monotonicMs: () => 0,
    requestId: () => 'id',
    lists: sampleLists,
    log: quiet,
  })
  const asking = { principal: { accessKeyId: 'any', region: 'us-east-1', sessionToken: undefined }, nodes: () => [] }
  void front.answer(asking, crowdedBatch(2, daxValuesMax / 4))
  const second = await front.answer(asking, crowdedBatch(3, daxValuesMax / 4))
  expect(second.toString('latin1')).toContain('ThrottlingException')
  void front.answer(asking, crowded(10))
  await new Promise((resolve) => setImmediate(resolve))
  expect(asked).toBe(2)
})

it('a connection whose client does not say who it is is let go', async () => {
  const server = await serveDax({
    host: '127.0.0.1',
    port: 0,
    connectionsMax: 10,
    clock: systemClock,
    front: { answer: () => '', hit: () => undefined, refusal: () => Buffer.alloc(0) },
    authorize: () => {
      throw new Error('not asked')
    },
    expires: true,
    nodes: () => [],
    greetingMsMax: 30,
  })
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'close')
  await vi.waitFor(() => expect([server.connections(), server.heldBytes()]).toEqual([0, 0]), { timeout: 20_000 })
  await server.close()
})

it('names of a list count for what they take: those of long lists are not kept by the dozen', () => {
  const lists = new AttributeLists()
  for (let n = 0; n < 24; n++) lists.listOf(Array.from({ length: 50_000 }, (_, m) => (n * 50_000 + m).toString(36)))
  expect(lists.count).toBeLessThan(16)
})
