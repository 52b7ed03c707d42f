/** What a publisher decides about its stream: from where it goes on, what it sends again, and when it is silent. */
import { afterEach, describe, expect, it } from 'vitest'
import { decodeBatch, encodeBatch } from '../../../../../src/core/change/batch.ts'
import type { Table } from '../../../../../src/core/table/table.ts'
import type { StreamEnd } from '../../../../../src/ports/bus.ts'
import { Claims, type Finding } from '../../../../../src/readers/replication/prove/claims.ts'
import { Ledger } from '../../../../../src/readers/replication/send/ledger.ts'
import { batchOf, nextPart } from '../../../../../src/readers/replication/send/own-changes.ts'
import { Publisher } from '../../../../../src/readers/replication/send/publisher.ts'
import { Seals } from '../../../../../src/readers/replication/talk/seals.ts'
import { itemOf, makeTable, openRegion, put, type TestRegion } from '../../../engine/region.ts'
import { ManualClock } from '../manual-clock.ts'

/** A stream in memory that refuses what does not follow its end, as JetStream does. */
class StreamTwin {
  readonly messages: Buffer[] = []
  asked = 0
  refusal: Error | undefined

  last(): Promise<StreamEnd> {
    this.asked++
    return Promise.resolve({ sequence: this.messages.length, payload: this.messages.at(-1) })
  }

  append(payload: Buffer, after: number): Promise<number> {
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    if (after !== this.messages.length) return Promise.reject(new Error('wrong last sequence'))
    this.messages.push(payload)
    return Promise.resolve(this.messages.length)
  }

  get parts(): readonly (readonly [number, number])[] {
    return this.messages.map((payload) => decodeBatch(payload)).map(({ after, upTo }) => [after, upTo] as const)
  }
}

let running: Publisher | undefined

async function scene(stream = new StreamTwin(), confirmed = 0) {
  const region = await openRegion('us-east-1')
  const table = await makeTable(region.engine, 't', { replicas: ['us-east-1', 'eu-west-1'] })
  const findings: Finding[] = []
  const claims = new Claims({ ...region, onFinding: (finding) => findings.push(finding) })
  const clock = new ManualClock()
  const { engine } = region
  const begin = (): Publisher => {
    running = new Publisher({
      env: { ...region.env, clock, bus: { ...region.env.bus, stream } },
      engine,
      ledger: new Ledger(engine, new Map([['eu-west-1', confirmed]])),
      claims,
      seals: new Seals({ self: 'us-east-1', clock }),
    })
    running.start()
    return running
  }
  return { region, engine, table, stream, claims, clock, begin }
}

const write = async ({ engine }: TestRegion, table: Table, n: number): Promise<void> =>
  void (await engine.commit([put(table, itemOf('a', n))]))

afterEach(async () => {
  await running?.stop()
  running = undefined
})

describe('a publisher', () => {
  it('puts its log on an empty stream, message after message, without a gap', async () => {
    const { region, engine, table, stream, clock, begin } = await scene()
    const publisher = begin()
    for (let n = 0; n < 3; n++) {
      await write(region, table, n)
      await clock.pass(100)
    }
    const { parts } = stream
    expect(parts.length).toBeGreaterThan(1)
    expect(parts.slice(1).map(([after]) => after)).toEqual(parts.slice(0, -1).map(([, upTo]) => upTo))
    expect([publisher.sent, publisher.published]).toEqual([engine.flushed(), engine.flushed()])
  })

  it('goes on behind the last message that the stream has of its log', async () => {
    const { region, engine, table, stream, clock, begin } = await scene()
    const { leaving, upTo, part } = nextPart(engine, 0)
    stream.messages.push(encodeBatch(batchOf(engine, { after: 0, upTo, part }, leaving)))
    await write(region, table, 1)
    begin()
    await clock.pass(100)
    expect(stream.parts).toEqual([
      [0, upTo],
      [upTo, engine.flushed()],
    ])
  })

  it('goes on behind what all peers have confirmed where the stream’s last message is not its own', async () => {
    const { region, engine, table, stream, clock, begin } = await scene(new StreamTwin(), 1)
    stream.messages.push(Buffer.from('garbage'))
    await write(region, table, 1)
    begin()
    await clock.pass(100)
    const [first] = stream.messages.slice(1)
    expect(first && decodeBatch(first)).toMatchObject({ after: 1, upTo: engine.flushed() })
  })

  it('reads the end again after a refusal, and sends again what the stream has not taken', async () => {
    const { region, engine, table, stream, clock, begin } = await scene()
    const publisher = begin()
    await clock.pass(100)
    stream.refusal = new Error('no space left')
    await write(region, table, 1)
    await clock.pass(1000)
    expect(publisher.published).toBeLessThan(engine.flushed())
    expect(publisher.trouble).toBeDefined()
    expect(stream.asked).toBeGreaterThan(1)
    stream.refusal = undefined
    await clock.pass(6000)
    expect(publisher.sent).toBe(engine.flushed())
    expect(publisher.trouble).toBeUndefined()
  })

  it('says that peers have all where what follows its last message concerns none of them', async () => {
    const { region, engine, stream, clock, begin } = await scene()
    const publisher = begin()
    await clock.pass(100)
    const [sent, messages] = [publisher.sent, stream.messages.length]
    const own = await makeTable(engine, 'own')
    await write(region, own, 1)
    await clock.pass(100)
    expect([publisher.sent, stream.messages.length, publisher.published]).toEqual([sent, messages, engine.flushed()])
  })

  it('is silent once the store is not to speak for the region', async () => {
    const { region, engine, table, stream, claims, clock, begin } = await scene()
    begin()
    await clock.pass(100)
    const messages = stream.messages.length
    claims.holdsOnStream({ epoch: engine.epoch, position: engine.flushed() + 5 }, 0)
    await write(region, table, 1)
    await clock.pass(1000)
    expect(stream.messages.length).toBe(messages)
  })
})
