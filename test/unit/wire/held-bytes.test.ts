/** What a server holds for its clients, in bytes: bounded while they attack, and nothing afterwards. */
import { connect, type Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import {
  arrivingSlowMsMin,
  requestBytesForSmallMin,
  requestBytesInFlightMax,
  requestsAheadMax,
  requestSizeBytesMax,
  smallRequestBytesMax,
} from '../../../src/core/limits/limits.ts'
import { BodyBudget } from '../../../src/http/bytes/body-budget.ts'
import type { Operation } from '../../../src/operations/operation.ts'
import { apiHeaders, call, send } from '../../conformance/raw-request.ts'
import { exchange, httpText } from '../../conformance/raw-socket.ts'
import { echo, serverWith } from './server.ts'

describe('the budget of bodies', () => {
  let nowMs = 0
  const budgetAt = (ms: number): BodyBudget => {
    nowMs = ms
    return new BodyBudget(() => nowMs)
  }

  test('keeps room for small requests while large ones take all of theirs', () => {
    const budget = budgetAt(0)
    const large = requestBytesInFlightMax - requestBytesForSmallMin
    expect(budget.take(large, requestSizeBytesMax)).toBe(true)
    expect(budget.take(1, requestSizeBytesMax)).toBe(false)
    expect(budget.take(requestBytesForSmallMin, smallRequestBytesMax)).toBe(true)
    expect(budget.take(1, 1)).toBe(false)
    budget.giveBack(large)
    expect(budget.take(1, requestSizeBytesMax)).toBe(true)
  })

  test('lets the slowest bodies go when there is no room, and no fast or young one', () => {
    const budget = budgetAt(0)
    const gone: string[] = []
    const arrives = (name: string, startedMs: number, bytes: number): void => {
      expect(budget.take(bytes, requestSizeBytesMax)).toBe(true)
      budget.watch({
        startedMs,
        receivedBytes: () => bytes,
        giveUp: () => {
          gone.push(name)
          budget.giveBack(bytes)
        },
      })
    }
    const part = (requestBytesInFlightMax - requestBytesForSmallMin) / 4
    arrives('slow', 0, part)
    arrives('slower', 0, part / 2)
    arrives('fast', 100_000 - arrivingSlowMsMin, part)
    arrives('young', 99_999, part)
    nowMs = 100_000
    expect(budget.take(part, requestSizeBytesMax)).toBe(true)
    expect(gone).toEqual(['slower'])
    expect(budget.take(part, requestSizeBytesMax)).toBe(true)
    expect(gone).toEqual(['slower', 'slow'])
    expect(budget.take(part, requestSizeBytesMax)).toBe(false)
    expect(gone).toEqual(['slower', 'slow'])
  })
})

const sockets: Socket[] = []
afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

function dial(server: { readonly host: string; readonly port: number }): Socket {
  const socket = connect(server.port, server.host)
  socket.on('error', () => {})
  sockets.push(socket)
  return socket
}

describe('a server', () => {
  test('is not shut out by bodies that never end', async () => {
    const server = await serverWith([echo('GetItem')])
    const part = 256 * 1024
    const started = (1.2 * requestBytesInFlightMax) / part
    const head = httpText({ ...apiHeaders('GetItem'), 'Content-Length': '10000000' }, '')
    const unfinished = Buffer.concat([Buffer.from(head), Buffer.alloc(part, ' ')])
    await Promise.all(
      Array.from({ length: started }, async () => {
        const socket = dial(server)
        await new Promise<void>((resolve) => socket.write(unfinished, () => resolve()))
      }),
    )
    const key = { TableName: 'abc', Key: { a: { S: 'x' } } }
    expect((await call(server.url, 'GetItem', key)).status).toBe(200)
    await server.close()
  })

  test('drops what cannot be inflated as it comes', async () => {
    const server = await serverWith([echo('GetItem')])
    const headers = { ...apiHeaders('GetItem'), 'Content-Encoding': 'gzip' }
    const bodies = [
      Buffer.alloc(requestSizeBytesMax, 'x'),
      Buffer.concat([gzipSync(' '.repeat(1000)).subarray(0, -8), Buffer.alloc(1_000_000, 'x')]),
    ]
    for (const body of bodies) {
      const { status, json } = await send({ endpoint: server.url, headers, body })
      expect([status, json]).toEqual([500, { __type: 'com.amazon.coral.service#InternalFailure' }])
    }
    await server.close()
  })

  test('refuses a body in chunks of one byte, and takes one in many chunks of some', async () => {
    const server = await serverWith([echo('GetItem')])
    const text = JSON.stringify({ TableName: 'abc', Key: { a: { S: 'x'.repeat(500_000) } } })
    const inChunks = (size: number): string =>
      Array.from({ length: Math.ceil(text.length / size) }, (_, n) => text.slice(n * size, (n + 1) * size))
        .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`)
        .join('')
    const { 'Content-Length': _, ...headers } = { ...apiHeaders('GetItem'), 'Content-Length': '' }
    const lines = Object.entries({ Host: 'localhost', ...headers, 'Transfer-Encoding': 'chunked', Connection: 'close' })
    const head = `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
    expect(await exchange(server.url, { writes: [`${head}${inChunks(1)}0\r\n\r\n`], waitMs: 10_000 })).toMatch(
      /^HTTP\/1\.1 400 [^]*SerializationException/,
    )
    expect(await exchange(server.url, { writes: [`${head}${inChunks(100)}0\r\n\r\n`], waitMs: 10_000 })).toMatch(
      /^HTTP\/1\.1 200 /,
    )
    await server.close()
    expect(server.heldBytes()).toBe(0)
  })

  test('carries out the requests of a connection one after another, however many are written at once', async () => {
    let now = 0
    let most = 0
    let all = 0
    const scan: Operation = {
      ...echo('Scan'),
      run: async () => {
        now++
        all++
        most = Math.max(most, now)
        await new Promise((resolve) => setImmediate(resolve))
        now--
        return {}
      },
    }
    const server = await serverWith([scan])
    const text = httpText(apiHeaders('Scan'), JSON.stringify({ TableName: 'abc' }))
    const received = await exchange(server.url, { writes: [text.repeat(150)], replies: 150, waitMs: 5000 })
    expect(received.match(/HTTP\/1\.1 200/g)).toHaveLength(150)
    expect({ most, all }).toEqual({ most: 1, all: 150 })
    await server.close()
  })

  test('answers what a connection has written ahead up to a bound, executes nothing beyond, and ends it', async () => {
    let executed = 0
    const scan: Operation = {
      ...echo('Scan'),
      run: async () => {
        executed++
        await new Promise((resolve) => setTimeout(resolve, 1))
        return {}
      },
    }
    const server = await serverWith([scan])
    const text = httpText(apiHeaders('Scan'), JSON.stringify({ TableName: 'abc' }))
    const socket = dial(server)
    let received = ''
    socket.on('data', (bytes: Buffer) => {
      received += bytes.toString('latin1')
    })
    const ended = new Promise((resolve) => socket.once('close', resolve))
    socket.write(text.repeat(2000))
    await ended
    const answered = received.match(/HTTP\/1\.1 200/g)?.length ?? 0
    expect(answered).toBe(executed)
    expect(executed).toBeLessThan(2000)
    expect(executed).toBeGreaterThanOrEqual(requestsAheadMax)
    await server.close()
  })
})
