/** A peer's state counts as merged only when the peer has answered: a refusal of a damaged question says nothing about a table. */
import { inOneTurn } from '../../../../../src/core/turns.ts'
import { describe, expect, it } from 'vitest'
import { type Announcement, decodeRequest, encodeControl } from '../../../../../src/core/change/control.ts'
import type { ConfirmedPlace } from '../../../../../src/core/change/place.ts'
import { answer, type Answers } from '../../../../../src/readers/replication/answer/answers.ts'
import { formerNote } from '../../../../../src/readers/replication/copy/former-logs.ts'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import {
  pausedPositionsNote,
  pausedPositionsOf,
} from '../../../../../src/readers/replication/pause/paused-positions.ts'
import { Questions } from '../../../../../src/readers/replication/talk/questions.ts'
import { Emptied, mergeFrom, transferState } from '../../../../../src/readers/replication/copy/transfer.ts'
import { itemOf, makeTable, openRegion, put, topologyOf } from '../../../engine/region.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'

const peer = { name: 'us-east-1', number: 1 } as const
const replicas = ['us-east-1', 'eu-west-1'] as const

type Damage = (say: string, payload: Buffer) => Buffer

/** Two regions with the same table, of which the first has an item more; what the second asks is damaged on the way. */
async function scene(damage: Damage) {
  const [origin, here] = [await openRegion('us-east-1'), await openRegion('eu-west-1')]
  const [table] = [await makeTable(origin.engine, 't', { replicas }), await makeTable(here.engine, 't', { replicas })]
  await origin.engine.commit([put(table, itemOf('a', 1))])
  const state: { complete: boolean; filling?: boolean; confirmed?: ConfirmedPlace } = { complete: true }
  const announcement = (): Announcement => ({
    say: 'here',
    region: peer.name,
    number: peer.number,
    epoch: origin.engine.epoch,
    flushed: origin.engine.flushed(),
    sent: 0,
    published: 0,
    wallMs: 0,
    clock: origin.engine.clock(),
    seen: [],
  })
  const answers: Answers = {
    engine: origin.engine,
    topology: topologyOf('us-east-1'),
    announcement,
    onPulse: () => {},
    onConfirmed: () => {},
    reach: (_, cursor) => cursor,
    standing: () => 'possible',
    confirmedBy: () => state.confirmed,
    twice: () => [],
    leaving: () => [],
    mayTell: () => true,
    isComplete: () => state.complete,
    isFilling: () => state.filling === true,
  }
  const request = async (payload: Buffer): Promise<Buffer> => {
    const arrived = damage(decodeRequest(payload).say, payload)
    return Promise.resolve(inOneTurn(answer(answers, arrived, 'eu-west-1')) ?? Buffer.alloc(0))
  }
  const session = { request, pace: new Pace(), state: () => Promise.resolve({ firstSequence: 1, lastSequence: 0 }) }
  const deps = { ...here, peers: [peer], mutex: new Mutex(), emptied: new Emptied(), onRegisters: () => {} }
  return { origin, here, table, state, deps, session: session as unknown as Session }
}

const otherVersion = (payload: Buffer): Buffer => Buffer.from(payload).fill(99, 4, 5)
const damages: readonly (readonly [string, (payload: Buffer) => Buffer])[] = [
  ['was damaged', (payload) => payload.subarray(0, payload.length - 3)],
  ['was empty', () => Buffer.alloc(0)],
  ['is of another version', otherVersion],
  ['names another region', () => encodeControl({ say: 'rows', region: 'ap-northeast-1', table: 'id-t' })],
]

describe('a refused question', () => {
  for (const [what, damaged] of damages) {
    const onRows: Damage = (say, payload) => (say === 'rows' ? damaged(payload) : payload)

    it(`that ${what} leaves the peer’s state to be fetched`, async () => {
      const { deps, session, here, origin } = await scene(onRows)
      await expect(transferState(deps, session, peer, origin.engine.epoch)).rejects.toThrow(/refuse/)
      expect(here.engine.cursor(peer.name)).toBeUndefined()
    })

    it(`that ${what} leaves what only the peer knows to be merged`, async () => {
      const { deps, session } = await scene(onRows)
      await expect(mergeFrom(deps, session)).rejects.toThrow(/refuse/)
    })

    it(`that ${what} is not an answer to a comparison`, async () => {
      const { session } = await scene((_, payload) => damaged(payload))
      const asked = new Questions(session, 'eu-west-1').digest('id-t', { watermark: { wallMs: 1, counter: 0 } })
      await expect(asked).rejects.toThrow(/refuse/)
    })
  }
})

describe('a peer’s state', () => {
  it('is merged when the questions arrive as they were sent', async () => {
    const { deps, session, here, table, origin } = await scene((_, payload) => payload)
    await transferState(deps, session, peer, origin.engine.epoch)
    expect(here.engine.cursor(peer.name)?.position).toBe(origin.engine.flushed())
    expect(here.engine.size(table).items).toBe(1)
  })

  it('is merged without a table of which the peer says that it has not got all', async () => {
    const { deps, session, here, table, state, origin } = await scene((say, payload) => {
      if (say === 'rows') state.complete = false
      return payload
    })
    await transferState(deps, session, peer, origin.engine.epoch)
    expect(here.engine.cursor(peer.name)).toBeDefined()
    expect(here.engine.size(table).items).toBe(0)
  })

  it('leaves a paused table that it is without where it stood in the log', async () => {
    const { deps, session, here, table, state, origin } = await scene((_, payload) => payload)
    const { epoch } = origin.engine
    const end = origin.engine.flushed()
    Object.assign(state, { complete: false, confirmed: { epoch: here.engine.epoch, position: end } })
    const stood = new Map([[table.id, { epoch, position: 1 }]])
    await here.engine.setCursor(peer.name, { epoch, position: end, sequence: 0 }, [
      pausedPositionsNote(peer.name, stood),
    ])
    await transferState(deps, session, peer, epoch)
    expect(pausedPositionsOf(here.engine, peer.name)).toEqual(stood)
    state.complete = true
    await transferState(deps, session, peer, epoch)
    expect(pausedPositionsOf(here.engine, peer.name).size).toBe(0)
  })

  it('leaves its place in a log that it has followed before where it was, when the peer lacks a table for a moment', async () => {
    const { deps, session, here, state, origin } = await scene((_, payload) => payload)
    const end = origin.engine.flushed()
    const { epoch } = origin.engine
    // The peer's store runs twice: a copy of it has begun another log, which was followed for a moment.
    const stood = { epoch, position: end, shared: 0 }
    await here.engine.setNote(formerNote(peer.name), { followed: 'log of a copy', logs: [stood] })
    await here.engine.setCursor(peer.name, { epoch: 'log of a copy', position: end, sequence: 0 })
    Object.assign(state, { complete: false, confirmed: { epoch: here.engine.epoch, position: end } })
    await transferState(deps, session, peer, epoch)
    expect(here.engine.cursor(peer.name)).toMatchObject({ epoch, position: end })
  })

  it('never sets its place behind what it has confirmed of that log, as where a copy of the peer’s store names an earlier end', async () => {
    const { deps, session, here, state, origin } = await scene((_, payload) => payload)
    const end = origin.engine.flushed()
    const { epoch } = origin.engine
    await here.engine.setCursor(peer.name, { epoch, position: end + 3, sequence: 0 })
    Object.assign(state, { confirmed: { epoch: here.engine.epoch, position: end + 3 } })
    await transferState(deps, session, peer, epoch)
    expect(here.engine.cursor(peer.name)).toEqual({ epoch, position: end + 3, sequence: 0 })
  })

  it('goes on from its note when it was interrupted, with the place in the log that it began at', async () => {
    let isCut = true
    const { deps, session, here, table, origin } = await scene((say, payload) => {
      if (say === 'rows' && isCut) throw new Error('cut')
      return payload
    })
    const begunAt = origin.engine.flushed()
    await expect(transferState(deps, session, peer, origin.engine.epoch)).rejects.toThrow('cut')
    expect(here.engine.cursor(peer.name)).toBeUndefined()
    isCut = false
    await origin.engine.commit([put(table, itemOf('a', 2))])
    await transferState(deps, session, peer, origin.engine.epoch)
    expect(here.engine.cursor(peer.name)?.position).toBe(begunAt)
    expect(here.engine.size(table).items).toBe(2)
  })

  it('is abandoned when a table of it is emptied meanwhile: no cursor is set, and it begins again', async () => {
    const emptied = new Emptied()
    const { deps, session, here, table, origin } = await scene((say, payload) => {
      if (say === 'rows') void emptied.begin(here.engine, [peer])
      return payload
    })
    const { epoch } = origin.engine
    await expect(transferState({ ...deps, emptied }, session, peer, epoch)).rejects.toThrow('was emptied meanwhile')
    expect(here.engine.cursor(peer.name)).toBeUndefined()
    await transferState(deps, session, peer, epoch)
    expect(here.engine.size(table).items).toBe(1)
    expect(here.engine.cursor(peer.name)?.position).toBe(origin.engine.flushed())
  })
})

describe('what only a peer knows', () => {
  it('is merged from a replica that is being made there, but from no other that is not complete', async () => {
    const { deps, session, here, table, state } = await scene((_, payload) => payload)
    state.complete = false
    await mergeFrom(deps, session)
    expect(here.engine.size(table).items).toBe(0)
    state.filling = true
    await mergeFrom(deps, session)
    expect(here.engine.size(table).items).toBe(1)
  })
})
