/** What a subscriber decides about what its peer sends: applied, asked again, confirmed, held, refused, resumed. */
import { Retries } from '../../../../../src/readers/retries.ts'
import { afterEach, describe, expect, it } from 'vitest'
import type { Table } from '../../../../../src/core/table/table.ts'
import { Pauses } from '../../../../../src/readers/replication/pause/pauses.ts'
import { Voices } from '../../../../../src/readers/replication/prove/voices.ts'
import { Subscriber } from '../../../../../src/readers/replication/receive/subscriber.ts'
import { Seals } from '../../../../../src/readers/replication/talk/seals.ts'
import { itemAt, itemOf, makeTable, openRegion, put, type TestRegion } from '../../../engine/region.ts'
import { ManualClock } from '../manual-clock.ts'
import { PeerTwin } from '../peer-twin.ts'
import { differs } from '../../../../differences/difference.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const peer = { name: us, number: 1 }
const replicas = [us, eu]

type Scene = {
  readonly here: TestRegion
  readonly origin: PeerTwin
  readonly table: Table
  readonly clock: ManualClock
  readonly pauses: Pauses
  readonly subscriber: Subscriber
  readonly fetched: string[]
  readonly position: () => number
  /** The origin writes an item, which nobody has yet. */
  readonly write: (n: number) => Promise<void>
  readonly has: (n: number) => boolean
}

let running: Subscriber | undefined

/** Two regions that have met: the second follows the first, from the start of its log. */
async function scene(before: (origin: PeerTwin) => void = () => {}, epochOf?: string): Promise<Scene> {
  const [from, here] = [await openRegion(us), await openRegion(eu)]
  const table = await makeTable(from.engine, 't', { replicas })
  await makeTable(here.engine, 't', { replicas })
  const origin = new PeerTwin(from, us, eu)
  await here.engine.setCursor(us, { epoch: epochOf ?? from.engine.epoch, position: 0, sequence: 0 })
  const clock = new ManualClock()
  const pauses = new Pauses({ engine: here.engine, clock, log: here.env.log })
  const fetched: string[] = []
  before(origin)
  const bus = { ...here.env.bus, connect: () => Promise.resolve(origin.connect()) }
  const subscriber = new Subscriber({
    env: { ...here.env, clock, bus },
    engine: here.engine,
    peer,
    pauses,
    retries: new Retries({ ...here.env, clock }),
    seals: new Seals({ self: eu, clock }),
    voices: new Voices({ engine: here.engine, clock }),
    examine: () => Promise.resolve(),
    hasPendingMergesOf: () => false,
    transfer: async (_, { name }, epoch) => {
      fetched.push(epoch)
      await here.engine.setCursor(name, { epoch, position: from.engine.flushed(), sequence: 0 })
    },
    onRegisters: () => {},
  })
  running = subscriber
  subscriber.start()
  await clock.settle()
  return {
    here,
    origin,
    table,
    clock,
    pauses,
    subscriber,
    fetched,
    position: () => here.engine.cursor(us)?.position ?? 0,
    write: async (n) => void (await from.engine.commit([put(table, itemOf('a', n))])),
    has: (n) => itemAt(here.engine, table, itemOf('a', n)) !== undefined,
  }
}

afterEach(async () => {
  await running?.stop()
  running = undefined
})

describe('a subscriber', () => {
  it('applies what the stream brings, and confirms its place once it is durable', async () => {
    const { origin, clock, write, has, position } = await scene()
    await write(1)
    origin.publish()
    await clock.settle()
    expect(has(1)).toBe(true)
    expect(position()).toBe(origin.region.engine.flushed())
    expect(origin.confirmations.at(-1)).toMatchObject({ position: position(), epoch: origin.region.engine.epoch })
    expect(origin.confirmations.every((confirmation) => confirmation.position <= position())).toBe(true)
  })

  it('asks the log for what its stream has lost, and applies that before what came after it', async () => {
    const { origin, clock, write, has } = await scene()
    await write(1)
    origin.skip()
    await write(2)
    origin.publish()
    await clock.settle()
    expect([has(1), has(2)]).toEqual([true, true])
    expect(origin.asked).toContain('log')
  })

  it('asks the log for changes that the peer has announced and its stream does not bring', async () => {
    const { origin, clock, write, has } = await scene()
    await write(1)
    origin.skip()
    origin.announce()
    await clock.pass(1000)
    expect(has(1)).toBe(false)
    for (let second = 0; second < 6; second++) {
      origin.announce()
      await clock.pass(1000)
    }
    expect(has(1)).toBe(true)
  })

  it('passes over a message that cannot be read, counts it, and gets its changes from the log', async () => {
    const { origin, clock, write, has, subscriber } = await scene()
    await write(1)
    origin.skip()
    origin.put(Buffer.from('garbage'))
    await write(2)
    origin.publish()
    await clock.settle()
    expect([has(1), has(2)]).toEqual([true, true])
    expect(subscriber.peerErrors.told?.messages).toBe(1)
  })

  it('passes over changes that another region has written in the peer’s stream', async () => {
    const { origin, clock, write, has, subscriber } = await scene()
    await write(1)
    origin.publish((batch) => ({ ...batch, origin: 'ap-northeast-1', originNumber: 3 }))
    await clock.settle()
    expect(has(1)).toBe(false)
    expect(subscriber.peerErrors.told?.last).toContain('another')
  })

  it('goes on from its durable place when the session has ended', async () => {
    const { origin, clock, write, has, subscriber } = await scene()
    await write(1)
    origin.publish()
    await clock.settle()
    origin.cut()
    await clock.settle()
    expect(subscriber.state()).toBe('cut')
    await write(2)
    origin.publish()
    await clock.pass(1000)
    expect(has(2)).toBe(true)
    expect(origin.asked).not.toContain('log')
  })

  it('follows the stream of a peer whose node does not answer, in the log that it knows', async () => {
    const { origin, clock, write, has } = await scene((twin) => (twin.answers = () => undefined))
    await write(1)
    origin.publish()
    await clock.pass(1000)
    expect(has(1)).toBe(true)
  })

  it('fetches the state when the peer has another log', async () => {
    const { origin, clock, fetched, subscriber, here } = await scene(undefined, 'a former log')
    for (let second = 0; second < 8 && fetched.length === 0; second++) {
      origin.announce()
      await clock.pass(1000)
    }
    expect(fetched).toEqual([origin.region.engine.epoch])
    expect(here.engine.cursor(us)?.epoch).toBe(origin.region.engine.epoch)
    expect(subscriber.linkState.now).toBe('normal')
  })

  it('fetches the state when the log no longer reaches back to its place', async () => {
    const { origin, clock, write, fetched } = await scene()
    for (let n = 1; n <= 4; n++) await write(n)
    const { engine } = origin.region
    await engine.trimLog(engine.flushed() - 1)
    origin.skip()
    await write(5)
    origin.publish()
    await clock.pass(2000)
    expect(fetched).toEqual([engine.epoch])
  })

  it('fetches the state when the peer knows that its place is none of that log, and follows it from there', async () => {
    const lost = (twin: PeerTwin): void =>
      void (twin.standing = (_, { position }) => (position === 0 ? 'false' : 'possible'))
    const { origin, clock, write, has, fetched, subscriber } = await scene(lost)
    await clock.pass(3000)
    expect(fetched).toEqual([origin.region.engine.epoch])
    origin.skip()
    await write(2)
    origin.publish()
    await clock.pass(1000)
    expect(has(2)).toBe(true)
    expect(subscriber.linkState.now).toBe('normal')
    expect(subscriber.peerErrors.told?.last).toContain('none of this log')
  })

  it('waits while the peer does not know which of the two is wrong', async () => {
    const { clock, fetched, subscriber } = await scene((twin) => (twin.standing = () => 'doubtful'))
    await clock.pass(3000)
    expect(fetched).toEqual([])
    expect(subscriber.state()).toBe('refused')
  })

  it('refuses a peer that is another region, applies nothing of it, and takes it up again when it is right', async () => {
    const { origin, clock, write, has, subscriber } = await scene((twin) => (twin.says = { number: 9 }))
    await write(1)
    origin.publish()
    await clock.pass(500)
    expect(subscriber.state()).toBe('refused')
    expect(has(1)).toBe(false)
    origin.says = {}
    await clock.pass(5000)
    expect(has(1)).toBe(true)
    expect(subscriber.linkState.now).toBe('normal')
  })

  it('applies nothing while the link is paused, and everything afterwards', async () => {
    const { origin, clock, pauses, subscriber, write, has } = await scene()
    await pauses.pause({ link: [us, eu] }, 10_000)
    subscriber.ring()
    await clock.pass(500)
    await write(1)
    origin.publish()
    await clock.pass(5000)
    expect(has(1)).toBe(false)
    await clock.pass(6000)
    expect(has(1)).toBe(true)
  })

  it(differs('clocks-that-run-ahead'), async () => {
    const { origin, clock, here, subscriber, write, has } = await scene()
    origin.region.clock.wall += 3_600_000
    await write(1)
    await write(2)
    origin.publish()
    await clock.settle()
    expect([subscriber.state(), subscriber.heldChanges() > 0, has(1)]).toEqual(['held', true, false])
    here.clock.wall += 3_600_000
    await clock.pass(1000)
    expect([subscriber.heldChanges(), has(1), has(2)]).toEqual([0, true, true])
  })
})
