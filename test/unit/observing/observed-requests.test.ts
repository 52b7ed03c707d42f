/** What the server tells an observer of requests. */
import { afterEach, describe, expect, test } from 'vitest'
import { MemoryStore } from '../../../src/adapters/memory/memory-store.ts'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { RunningServer } from '../../../src/http/server.ts'
import type { AnsweredRequest } from '../../../src/ports/request-observer.ts'
import { call } from '../../conformance/raw-request.ts'
import { serveRegion } from '../wire/region-server.ts'

let server: RunningServer | undefined
afterEach(async () => await server?.close())

async function observed(store = new MemoryStore(), clock: Clock = systemClock) {
  const told: AnsweredRequest[] = []
  server = await serveRegion(store, { observer: { answered: (request) => void told.push(request) }, clock })
  const { url } = server
  const ask = async (operation: string, input: object): Promise<AnsweredRequest | undefined> => {
    await call(url, operation, { TableName: 'abc', ...input })
    return told.at(-1)
  }
  return { told, ask }
}

const Key = { pk: { S: 'a' }, sk: { N: '1' } }

describe('an observer', () => {
  test('hears of a write its table, units, sizes, and the place of its commit', async () => {
    const { ask } = await observed()
    const first = await ask('PutItem', { Item: Key })
    const second = await ask('PutItem', { Item: { ...Key, text: { S: 'x'.repeat(3000) } } })
    expect(first).toMatchObject({
      operation: 'PutItem',
      outcome: 'ok',
      status: 200,
      kind: 'write',
      tables: ['abc'],
      units: 1,
      replyBytes: 2,
    })
    expect(second).toMatchObject({ units: 3 })
    expect(second?.positions).toEqual([(first?.positions[0] ?? 0) + 1])
    expect(second?.requestBytes).toBeGreaterThan(3000)
    expect(first?.requestId).toMatch(/^[0-9A-Z]{52}$/)
  })

  test('hears where the time went: a write waits to be durable', async () => {
    let nowMs = 0
    const durable = (): Promise<void> => {
      nowMs += 100
      return Promise.resolve()
    }
    const { ask } = await observed(new MemoryStore({ durable }), { ...systemClock, monotonicMs: () => nowMs })
    expect(await ask('PutItem', { Item: Key })).toMatchObject({
      tookMs: 100,
      parts: { preparingMs: 0, positionMs: 0, runningMs: 0, waitingMs: 100 },
    })
  })

  test('hears of what is refused, with its code, and what it was about', async () => {
    const { ask } = await observed()
    const refused = await ask('PutItem', { Item: Key, ConditionExpression: 'attribute_exists(pk)' })
    expect(refused).toMatchObject({
      outcome: 'ConditionalCheckFailedException',
      status: 400,
      tables: ['abc'],
      positions: [],
    })
    expect(await ask('GetItem', {})).toMatchObject({ outcome: 'ValidationException', units: 0 })
    expect(await ask('NoSuchThing', {})).toMatchObject({
      outcome: 'UnknownOperationException',
      tables: [],
      kind: undefined,
    })
  })
})
