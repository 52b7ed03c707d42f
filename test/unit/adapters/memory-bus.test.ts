import { beforeEach, describe, expect, it } from 'vitest'
import { type MemoryBus, MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import type { StreamMessage } from '../../../src/ports/bus.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'

let scheduler: Scheduler
let network: MemoryNetwork
let tokyo: MemoryBus
let dublin: MemoryBus

beforeEach(() => {
  const random = new SeededRandom(7)
  scheduler = new Scheduler(random.fork())
  network = new MemoryNetwork(scheduler, random, { delayMs: 40, jitterMs: 30 })
  tokyo = network.join('tokyo')
  dublin = network.join('dublin')
  dublin.serve((payload) => Promise.resolve(Buffer.from(`dublin heard ${payload.toString()}`)))
})

const run = async (script: () => Promise<void>): Promise<void> => scheduler.run(script())

async function appendMany(bus: MemoryBus, texts: readonly string[], from = 0): Promise<void> {
  await Promise.all(texts.map((text, n) => bus.stream.append(Buffer.from(text), from + n)))
}

/** Follows dublin's stream and says what came, as "number:text". */
async function follow(fromSequence: number): Promise<{ heard: string[]; closed: Promise<string> }> {
  const session = await tokyo.connect('dublin')
  const heard: string[] = []
  session.consume(fromSequence, (message: StreamMessage) => {
    heard.push(`${message.sequence}:${message.payload.toString()}`)
  })
  return { heard, closed: session.closed }
}

describe('the bus in memory', () => {
  it('delivers a stream in order, whatever the jitter', () =>
    run(async () => {
      const { heard } = await follow(1)
      await appendMany(dublin, ['a', 'b', 'c', 'd'])
      await scheduler.sleep(200)
      expect(heard).toEqual(['1:a', '2:b', '3:c', '4:d'])
    }))

  it('rejects an append that does not follow the last one', () =>
    run(async () => {
      await dublin.stream.append(Buffer.from('a'), 0)
      await expect(dublin.stream.append(Buffer.from('b'), 0)).rejects.toThrow('wrong last sequence')
      expect(await dublin.stream.last()).toEqual({ sequence: 1, payload: Buffer.from('a') })
    }))

  it('answers a request after the way there and back', () =>
    run(async () => {
      const session = await tokyo.connect('dublin')
      const askedMs = scheduler.nowMs
      expect((await session.ask(Buffer.from('hello')).answer).toString()).toBe('dublin heard hello')
      expect(scheduler.nowMs - askedMs).toBeGreaterThanOrEqual(80)
    }))

  it('holds up what is sent into a black hole and delivers it when the link heals in time', () =>
    run(async () => {
      const { heard } = await follow(1)
      await scheduler.sleep(100)
      network.cut('dublin', 'tokyo', 'black-hole')
      await appendMany(dublin, ['a', 'b'])
      await scheduler.sleep(2000)
      expect(heard).toEqual([])
      network.heal('dublin', 'tokyo')
      await scheduler.sleep(200)
      expect(heard).toEqual(['1:a', '2:b'])
    }))

  it('ends the session when a black hole lasts', () =>
    run(async () => {
      const { closed } = await follow(1)
      network.cut('tokyo', 'dublin', 'black-hole')
      expect(await closed).toBe('missed heartbeats')
      await expect(tokyo.connect('dublin')).rejects.toThrow('connect timed out')
    }))

  it('ends the session at once when the connection is reset', () =>
    run(async () => {
      const { closed } = await follow(1)
      network.cut('dublin', 'tokyo', 'reset')
      expect(await closed).toBe('connection reset')
    }))

  it('uses numbers again after the loss of its tail, and a consumer beyond the end misses them in silence', () =>
    run(async () => {
      await appendMany(dublin, ['a', 'b', 'c'])
      network.server('dublin').loseTail(2)
      const { heard } = await follow(4)
      await scheduler.sleep(200)
      await appendMany(dublin, ['B', 'C', 'D'], 1)
      await scheduler.sleep(200)
      expect(heard).toEqual(['4:D'])
    }))

  it('goes on in silence at the first message that retention has left', () =>
    run(async () => {
      await appendMany(dublin, ['a', 'b', 'c'])
      network.server('dublin').trim(1)
      const { heard } = await follow(1)
      await scheduler.sleep(200)
      expect(heard).toEqual(['3:c'])
      network.server('dublin').trim(0)
      expect(await dublin.stream.last()).toEqual({ sequence: 3, payload: undefined })
    }))

  it('rejects an append whose acknowledgement was lost, though the stream has stored it', () =>
    run(async () => {
      const append = dublin.stream.append(Buffer.from('a'), 0)
      scheduler.after(0.3, () => network.server('dublin').loseTail(0))
      await expect(append).rejects.toThrow('the connection was lost')
      expect((await dublin.stream.last()).sequence).toBe(1)
    }))

  it('never settles what a crashed node was waiting for', () =>
    run(async () => {
      let settled = false
      const session = await tokyo.connect('dublin')
      for (const waiting of [session.ask(Buffer.from('?')).answer, tokyo.stream.append(Buffer.from('a'), 0)])
        void waiting.finally(() => (settled = true))
      tokyo.crash()
      await scheduler.sleep(10_000)
      expect(settled).toBe(false)
      expect((await network.join('tokyo').stream.last()).sequence).toBe(1)
    }))

  it('has no responders while the peer’s node is down and its server up', () =>
    run(async () => {
      dublin.crash()
      const session = await tokyo.connect('dublin')
      await expect(session.ask(Buffer.from('?')).answer).rejects.toThrow('no responders')
    }))

  it('calls the consumer one message at a time', () =>
    run(async () => {
      const session = await tokyo.connect('dublin')
      let underWay = 0
      let most = 0
      session.consume(1, async () => {
        most = Math.max(most, ++underWay)
        await scheduler.sleep(20)
        underWay--
      })
      await appendMany(dublin, ['a', 'b', 'c'])
      await scheduler.sleep(500)
      expect(most).toBe(1)
    }))

  it('repeats, swaps and loses messages when the link is told to', () =>
    run(async () => {
      const link = network.link('dublin', 'tokyo')
      const { heard } = await follow(1)
      Object.assign(link, { duplicateChance: 0.3, reorderChance: 0.3, loseChance: 0.3 })
      await appendMany(
        dublin,
        Array.from({ length: 60 }, (_, n) => `${n}`),
      )
      await scheduler.sleep(1000)
      const numbers = heard.map((line) => Number.parseInt(line, 10))
      expect(new Set(numbers).size).toBeLessThan(60)
      expect(new Set(numbers).size).toBeLessThan(numbers.length)
      expect(numbers).not.toEqual(numbers.toSorted((a, b) => a - b))
    }))
})
