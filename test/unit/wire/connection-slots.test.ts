/** Strangers who hold connections and honest clients, at a port with few slots. */
import { EventEmitter } from 'node:events'
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { slotsFreedPart, slotYoungMsMax } from '../../../src/core/limits/wire-limits.ts'
import { ConnectionSlots, noteAnswer, slotOf } from '../../../src/http/connection-slots.ts'
import { Rendered } from '../../../src/operations/operation.ts'
import { strangersAt, strangersGo } from '../../attack/strangers.ts'
import { apiHeaders, call } from '../../conformance/raw-request.ts'
import { httpText } from '../../conformance/raw-socket.ts'
import { eventually } from '../../replication/eventually.ts'
import { answering, echo, serverWith, type TestServer } from './server.ts'

describe('slots of connections', () => {
  class Held extends EventEmitter {
    readonly name: string
    isOpen = true

    constructor(name: string) {
      super()
      this.name = name
    }

    destroy(): void {
      this.isOpen = false
      this.emit('close')
    }
  }

  let nowMs = 0
  const slotsFor = (most: number): ((name: string) => Held) => {
    nowMs = 0
    const slots = new ConnectionSlots(most, () => nowMs)
    return (name) => {
      const held = new Held(name)
      slots.take(held as unknown as Socket)
      return held
    }
  }
  const slot = (held: Held) => slotOf(held as unknown as Socket)
  const open = (...all: readonly Held[]): readonly string[] =>
    all.filter(({ isOpen }) => isOpen).map(({ name }) => name)

  test('a new connection gets the slot of one that was never answered and is no longer young, though others are older', () => {
    const take = slotsFor(3)
    const client = take('client')
    noteAnswer(slot(client))
    const stranger = take('stranger')
    nowMs = slotYoungMsMax
    const young = take('young')
    noteAnswer(slot(young))
    const next = take('next')
    expect(open(client, stranger, young, next)).toEqual(['client', 'young', 'next'])
  })

  test('while all are young, the one goes whose last answer is oldest', () => {
    const take = slotsFor(3)
    const [a, b, c] = [take('a'), take('b'), take('c')]
    for (const held of [b, a, c]) noteAnswer(slot(held))
    const next = take('next')
    expect(open(a, b, c, next)).toEqual(['a', 'c', 'next'])
  })

  test('one whose request is carried out goes for none: the new one does where all are busy', () => {
    const take = slotsFor(2)
    const [a, b] = [take('a'), take('b')]
    for (const held of [a, b]) slot(held).isBusy = () => true
    const refused = take('refused')
    slot(a).isBusy = () => false
    const next = take('next')
    expect(open(a, b, refused, next)).toEqual(['b', 'next'])
  })

  test('of many, several go together', () => {
    const most = 4 * slotsFreedPart
    const take = slotsFor(most)
    const all = Array.from({ length: most }, (_, n) => take(String(n)))
    expect(open(take('next'), ...all)).toHaveLength(most - 3)
  })

  test('one that ends by itself frees its slot', () => {
    const take = slotsFor(2)
    const [a, b] = [take('a'), take('b')]
    a.destroy()
    expect(open(a, b, take('next'))).toEqual(['b', 'next'])
  })
})

const most = 8
let server: TestServer
beforeAll(async () => {
  server = await serverWith([echo('GetItem'), large], { connectionsMax: most })
})
afterEach(strangersGo)
afterAll(async () => await server.close())

const large = answering('Scan', () => new Rendered(Buffer.alloc(12 * 1024 * 1024, 120)))
const whole = httpText({ ...apiHeaders('GetItem'), 'Content-Length': '2' }, '{}')

/** What strangers say, and then nothing more. */
const strangers: readonly (readonly [name: string, said: string])[] = [
  ['nothing', ''],
  ['half a head', whole.slice(0, 30)],
  ['half a head of node:http', `GET /health HTTP/1.1\r\nHost: `],
  ['half a body', whole.slice(0, -1)],
  ['half a body of node:http', `${whole.slice(0, -2).replace('POST / ', 'POST /? ')}{`],
  ['half a chunk', whole.slice(0, -2).replace('Content-Length: 2', 'Transfer-Encoding: chunked') + '5\r\n{'],
  ['a request, and reads no reply', httpText(apiHeaders('Scan'), '{"TableName":"abc"}')],
]

test.each(strangers)('a port that strangers fill who send %s answers clients', async (_, said) => {
  const input = { TableName: 'abc', Key: { id: { S: 'x' } } }
  for (let round = 0; round < 3; round++) {
    await strangersAt(server.port, said, 2 * most)
    expect((await call(server.url, 'GetItem', input)).status).toBe(200)
    expect(await server.connections()).toBeLessThanOrEqual(most)
  }
  strangersGo()
  await eventually('nothing is held', () => server.heldBytes() === 0)
})
