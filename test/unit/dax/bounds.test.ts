/** What a client of DAX's protocol can make a cache hold and do: bytes, values and connections have bounds. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { AttributeLists } from '../../../src/core/dax/codec/attribute-lists.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import type { Cache } from '../../../src/cache/core/cache.ts'
import { DaxFront } from '../../../src/cache/dax/dax-front.ts'
import { serveDax } from '../../../src/cache/dax/dax-server.ts'
import { type Frame, FrameReader } from '../../../src/cache/dax/dax-frames.ts'
import { CborReader } from '../../../src/core/cbor/cbor-reader.ts'
import { CborWriter } from '../../../src/core/cbor/cbor-writer.ts'
import { ServiceError } from '../../../src/core/errors.ts'
import {
  attributeListBytesMax,
  attributeListNameBytesMax,
  daxItemValuesMax,
  daxUnknownBytesMax,
  daxValuesMax,
} from '../../../src/core/limits/dax-limits.ts'
import { readRequest } from '../../../src/core/dax/requests/read-request.ts'
import type { MethodName } from '../../../src/core/dax/protocol.ts'
import type { Log } from '../../../src/ports/log.ts'
import { authorization, frame, greeting, sampleLists } from './sample-frames.ts'

const schema = { partition: [{ name: 'pk', type: 'S' as const }], sort: [] }
const list = sampleLists.listOf(['v'])
const table = Buffer.from('T')
const key = Buffer.from('k')
const quiet: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => quiet }

const itemOf = (values: number): Buffer =>
  Buffer.concat([new CborWriter().integer(list.id).array(values).finish(), Buffer.alloc(values, 0xf6)])

function framed(method: MethodName, values: (writer: CborWriter) => void): Frame {
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

const asking = { principal: { accessKeyId: 'any', region: 'us-east-1', sessionToken: undefined }, nodes: () => [] }

function frontWith(options: Partial<ConstructorParameters<typeof DaxFront>[0]>): DaxFront {
  return new DaxFront({
    cache: { keyOf: () => schema } as unknown as Cache,
    pipeline: () => {},
    upstream: { send: () => new Promise(() => {}) },
    host: 'localhost',
    credentials: undefined,
    wallMs: () => 0,
    monotonicMs: () => 0,
    requestId: () => 'id',
    lists: sampleLists,
    log: quiet,
    ...options,
  })
}

it('requests with many values are throttled while as many are under way, and small ones are not', async () => {
  let asked = 0
  const front = frontWith({ pipeline: () => void asked++ })
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

it('names of more bytes than an item has are refused', async () => {
  const bytes = attributeListNameBytesMax / 4
  const names = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(bytes))
  const lists = new AttributeLists()
  const front = frontWith({ lists })
  const defined = (all: readonly string[]): Frame =>
    framed('defineAttributeListId', (writer) => {
      writer.array(all.length)
      for (const name of all) writer.text(name)
    })
  expect((await front.answer(asking, defined([...names, 'e']))).toString()).toContain('more names than an item has')
  expect(lists.count).toBe(0)
  await front.answer(asking, defined(names))
  expect(lists.count).toBe(1)
})

it('letters of two bytes count as such', () => {
  const lists = new AttributeLists()
  const name = '語'.repeat(100_000)
  for (let n = 0; n < 200; n++) lists.listOf([`${name}${n}`])
  // Its text, and the name itself, each with two bytes a letter.
  expect(lists.count).toBeLessThan(attributeListBytesMax / (4 * name.length))
})

describe('what a reader of frames keeps', () => {
  const large = frame('putItem', (writer) => writer.bytes(table).bytes(key).bytes(Buffer.alloc(1_000_000)).null())
  const small = frame('getItem', (writer) => writer.bytes(table).bytes(key).null())

  /** In pieces, as a socket gives them. */
  function readerWith(bytes: Buffer): FrameReader {
    const reader = new FrameReader()
    for (const all of [greeting(), bytes])
      for (let at = 0; at < all.length; at += 65_536) {
        const piece = Buffer.from(all.subarray(at, at + 65_536))
        const told = reader.heldBytesWith(piece.length)
        reader.add(piece)
        expect(reader.heldBytes).toBe(told)
        while (at + 65_536 < all.length && reader.next() !== undefined);
      }
    return reader
  }

  it('is nothing between requests', () => {
    const reader = readerWith(large)
    expect(reader.heldBytes).toBeGreaterThan(large.length)
    expect(reader.next()?.bytes.equals(large)).toBe(true)
    expect(reader.heldBytes).toBe(0)
  })

  it('is no large request when a small one has begun behind it', () => {
    const reader = readerWith(Buffer.concat([large, small.subarray(0, 5)]))
    expect(reader.next()?.bytes.equals(large)).toBe(true)
    expect(reader.heldBytes).toBeLessThanOrEqual(10)
    reader.add(small.subarray(5))
    expect(reader.next()?.bytes.equals(small)).toBe(true)
  })
})

describe('a connection', () => {
  const item = Buffer.alloc(1_000_000)
  const large = frame('putItem', (writer) => writer.bytes(table).bytes(key).bytes(item).null())
  let answered: ((bytes: Buffer) => void) | undefined

  async function served(isKnown: boolean) {
    return await serveDax({
      host: '127.0.0.1',
      port: 0,
      connectionsMax: 10,
      clock: systemClock,
      front: {
        answer: () => new Promise<Buffer>((resolve) => (answered = resolve)),
        hit: () => undefined,
        refusal: () => Buffer.from('refused'),
      },
      authorize: () => {
        if (!isKnown) throw new ServiceError('UnrecognizedClientException', 'nobody')
        return { accessKeyId: 'any', region: 'us-east-1', sessionToken: undefined }
      },
      expires: false,
      nodes: () => [],
    })
  }
  const waited = { timeout: 60_000, interval: 5 }

  it('holds its request until it is answered, and nothing of it while it is idle', async () => {
    const server = await served(true)
    const socket = connect(server.port, '127.0.0.1')
    socket.write(Buffer.concat([greeting(), authorization(), large]))
    await vi.waitFor(() => expect(answered).toBeDefined(), waited)
    expect(server.heldBytes()).toBeGreaterThan(item.length)
    answered?.(Buffer.from('done'))
    await once(socket, 'data')
    await vi.waitFor(() => expect([server.connections(), server.heldBytes()]).toEqual([1, 0]), waited)
    socket.destroy()
    await server.close()
  })

  it('whose client is not known is refused before its request is whole', async () => {
    const server = await served(false)
    const socket = connect(server.port, '127.0.0.1')
    const asked = Buffer.concat([greeting(), authorization(), large])
    socket.write(asked.subarray(0, daxUnknownBytesMax + 10_000))
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    expect(bytes.toString()).toBe('refused')
    expect(server.heldBytes()).toBe(0)
    socket.destroy()
    await server.close()
  })
})
