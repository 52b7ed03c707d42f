/**
 * What a request costs from its bytes to those of its reply, in things that can be counted: a heavier way shows here on every
 * machine, however busy. Allocations are told by what makes buffers. A change for the better is welcome to lower a number.
 */
import { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import type { RunningServer } from '../../../src/http/server.ts'
import type { Edit, Entry, Range } from '../../../src/ports/store.ts'
import { apiHeaders } from '../../conformance/raw-request.ts'
import { httpText } from '../../conformance/raw-socket.ts'
import { serveRegion } from './region-server.ts'

class CountingStore extends MemoryStore {
  readonly work = { gets: 0, entries: 0, edits: 0, flushes: 0 }

  override get(key: Uint8Array): Buffer | undefined {
    this.work.gets++
    return super.get(key)
  }

  override *entries(range: Range): Generator<Entry> {
    for (const entry of super.entries(range)) {
      this.work.entries++
      yield entry
    }
  }

  override write(batch: readonly Edit[]): Promise<void> {
    this.work.flushes++
    this.work.edits += batch.length
    return super.write(batch)
  }
}

const store = new CountingStore()
let server: RunningServer
let client: Socket

beforeAll(async () => {
  server = await serveRegion(store)
  client = new Socket().connect(server.port, server.host)
  for (let n = 0; n < 30; n++) await ask('PutItem', { TableName: 'abc', Item: itemOf(n) })
  await ask('GetItem', get)
})
afterAll(async () => {
  client.destroy()
  await server.close()
})
afterEach(() => void vi.restoreAllMocks())

const itemOf = (n: number) => ({
  pk: { S: 'partition' },
  sk: { N: String(n) },
  text: { S: 'some text' },
  list: { L: [{ N: '1' }, { BOOL: true }] },
})
const key = { pk: { S: 'partition' }, sk: { N: '7' } }
const get = { TableName: 'abc', Key: key }

/** A request as an SDK writes it, and the whole reply. */
async function ask(operation: string, input: unknown): Promise<string> {
  const text = httpText(apiHeaders(operation), JSON.stringify(input))
  return await new Promise((resolve) => {
    let received = ''
    const take = (chunk: Buffer): void => {
      received += chunk.toString()
      const [head = '', body = ''] = received.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1])
      if (Buffer.byteLength(body) < length) return
      client.removeListener('data', take)
      resolve(received)
    }
    client.on('data', take)
    client.write(text)
  })
}

async function workOf(operation: string, input: unknown) {
  const before = { ...store.work }
  const parse = vi.spyOn(JSON, 'parse')
  const stringify = vi.spyOn(JSON, 'stringify')
  const write = vi.spyOn(Socket.prototype, 'write')
  const allocated = vi.spyOn(Buffer, 'allocUnsafe')
  const copied = vi.spyOn(Buffer, 'from')
  const made = [allocated, vi.spyOn(Buffer, 'concat'), vi.spyOn(Buffer, 'alloc')]
  const reply = await ask(operation, input)
  const counted = {
    gets: store.work.gets - before.gets,
    entries: store.work.entries - before.entries,
    edits: store.work.edits - before.edits,
    flushes: store.work.flushes - before.flushes,
    parses: parse.mock.calls.length,
    bytesParsed: parse.mock.calls.reduce((sum, [text]) => sum + text.length, 0) - JSON.stringify(input).length,
    // The test's own are one each.
    stringifies: stringify.mock.calls.length - 2,
    writes: write.mock.calls.length - 1,
    bytesMade: allocated.mock.calls.reduce((sum, [size]) => sum + size, 0),
    bytesCopied: copied.mock.calls.reduce((sum, [of]) => sum + (ArrayBuffer.isView(of) ? of.byteLength : 0), 0),
    buffers: made.reduce((sum, spy) => sum + spy.mock.calls.length, 0),
  }
  vi.restoreAllMocks()
  expect(reply).toMatch(/^HTTP\/1\.1 200/)
  return counted
}

/** The request's body is parsed, once, and nothing else; of items to be put, what stands around them. */
const once = { parses: 1, writes: 1 }

// What else the process does meanwhile can only add to the counts.
describe('the work of', { retry: 2 }, () => {
  test('GetItem is one read, and the item is never parsed nor made anew', async () => {
    const { buffers, bytesMade, bytesCopied, ...counted } = await workOf('GetItem', get)
    expect(counted).toEqual({ ...once, bytesParsed: 0, gets: 1, entries: 0, edits: 0, flushes: 0, stringifies: 0 })
    expect(buffers).toBeLessThanOrEqual(4)
    expect(bytesMade).toBeLessThan(500)
    // The row, by the store in memory.
    expect(bytesCopied).toBeLessThan(200)
  })

  test('a Query of twenty is its rows, spliced', async () => {
    const input = {
      TableName: 'abc',
      Limit: 20,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: 'partition' } },
    }
    // One for the token of the next page: its item is parsed, and its key is written.
    const work = { gets: 0, entries: 20, edits: 0, flushes: 0, writes: 1, parses: 2, stringifies: 1 }
    // One before it: a page leaves nothing behind that the next one has to copy.
    await ask('Query', input)
    const counted = await workOf('Query', input)
    expect(counted).toMatchObject(work)
    expect(counted.bytesParsed).toBeLessThan(200)
    expect(counted.buffers).toBeLessThanOrEqual(8)
    // The reply stands in memory that is used again.
    expect(counted.bytesMade).toBeLessThan(1000)
    // The rows, by the store in memory, and the item that the token is made of.
    expect(counted.bytesCopied).toBeLessThan(21 * (JSON.stringify(itemOf(19)).length + 50))
  })

  test('PutItem is one read and one flush, its item never parsed nor made anew', async () => {
    const work = { ...once, gets: 1, entries: 0, edits: 4, flushes: 1 }
    const counted = await workOf('PutItem', { TableName: 'abc', Item: itemOf(7) })
    expect(counted).toMatchObject(work)
    expect(counted.bytesParsed).toBeLessThanOrEqual(-JSON.stringify(itemOf(7)).length + 1)
    // The empty reply.
    expect(counted.stringifies).toBeLessThanOrEqual(1)
    // One has the checksums of what each flush writes.
    expect(counted.buffers).toBeLessThanOrEqual(10)
  })

  test('UpdateItem parses the item that it changes, and no other', async () => {
    const counted = await workOf('UpdateItem', {
      TableName: 'abc',
      Key: key,
      UpdateExpression: 'SET #t = :t',
      ExpressionAttributeNames: { '#t': 'text' },
      ExpressionAttributeValues: { ':t': { S: 'other' } },
    })
    expect(counted).toMatchObject({ gets: 1, entries: 0, edits: 4, flushes: 1, writes: 1, parses: 2 })
    expect(counted.stringifies).toBeLessThanOrEqual(2)
  })

  test('BatchWriteItem is a read for each of its items, and one flush', async () => {
    const requests = Array.from({ length: 25 }, (_, n) => ({ PutRequest: { Item: itemOf(n) } }))
    const counted = await workOf('BatchWriteItem', { RequestItems: { abc: requests } })
    expect(counted).toMatchObject({ ...once, gets: 25, entries: 0, edits: 25 + 1 + 2, flushes: 1 })
    expect(counted.bytesParsed).toBeLessThan(-25 * 100)
    expect(counted.stringifies).toBeLessThanOrEqual(1)
    expect(counted.buffers).toBeLessThanOrEqual(25 * 5 + 5)
  })

  test('TransactWriteItems is a read for each of its items, and one flush', async () => {
    const puts = Array.from({ length: 4 }, (_, n) => ({ Put: { TableName: 'abc', Item: itemOf(n) } }))
    const counted = await workOf('TransactWriteItems', { TransactItems: puts })
    expect(counted).toMatchObject({ ...once, gets: 4, entries: 0, edits: 4 + 1 + 2, flushes: 1 })
    expect(counted.bytesParsed).toBeLessThan(-4 * 100)
    expect(counted.stringifies).toBeLessThanOrEqual(1)
    expect(counted.buffers).toBeLessThanOrEqual(24)
  })
})
