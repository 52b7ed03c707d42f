/** A peer whose store was put back to an older copy, and which writes on at the same positions, is asked for its log. */
import { Retries } from '../../../../../src/readers/retries.ts'
import { expect, it } from 'vitest'
import { MemoryDisk, MemoryStore } from '../../../../../src/adapters/memory/memory-store.ts'
import type { Announcement } from '../../../../../src/core/change/control.ts'
import { inOneTurn } from '../../../../../src/core/turns.ts'
import { answer, type Answers } from '../../../../../src/readers/replication/answer/answers.ts'
import { Claims } from '../../../../../src/readers/replication/prove/claims.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import { PausedPositions, pausedPositionsNote } from '../../../../../src/readers/replication/pause/paused-positions.ts'
import { Pauses } from '../../../../../src/readers/replication/pause/pauses.ts'
import { Declined, Questions } from '../../../../../src/readers/replication/talk/questions.ts'
import { repairGap } from '../../../../../src/readers/replication/receive/gap-repair.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { PeerErrors } from '../../../../../src/readers/replication/talk/peer-errors.ts'
import { itemOf, makeTable, openRegion, put, type TestRegion, topologyOf } from '../../../engine/region.ts'

const peer = { name: 'us-east-1', number: 1 } as const
const replicas = ['us-east-1', 'eu-west-1'] as const

/** Answers of a process of the peer, with what it has found out about its store. */
function answersOf(origin: TestRegion, mayTell = true) {
  const found: string[] = []
  const claims = new Claims({ ...origin, onFinding: ({ found: what }) => found.push(what) })
  const answers: Answers = {
    engine: origin.engine,
    topology: topologyOf('us-east-1'),
    announcement: () => ({}) as Announcement,
    onPulse: () => {},
    onConfirmed: () => {},
    reach: (_, cursor) => cursor,
    standing: (region, place) => claims.judge(region, place),
    confirmedBy: () => undefined,
    twice: () => [],
    leaving: () => [],
    mayTell: () => mayTell,
    isComplete: () => true,
    isFilling: () => false,
  }
  const request = async (payload: Buffer): Promise<Buffer> =>
    Promise.resolve(inOneTurn(answer(answers, payload, 'eu-west-1')) ?? Buffer.alloc(0))
  return { found, session: { request, pace: new Pace() } as unknown as Session }
}

async function write(origin: TestRegion, changes: number): Promise<void> {
  const table = origin.engine.tableNamed('t') ?? (await makeTable(origin.engine, 't', { replicas }))
  for (let n = 0; n < changes; n++) {
    origin.clock.wall++
    await origin.engine.commit([put(table, itemOf(`item-${n}`, n))])
  }
}

/** This region has followed the peer, up to beyond where its store is put back to; there it has written more since than had been lost. */
async function scene() {
  const disk = new MemoryDisk()
  const first = await openRegion('us-east-1', new MemoryStore({ disk }))
  const here = await openRegion('eu-west-1')
  await makeTable(here.engine, 't', { replicas })
  await write(first, 3)
  const copy = disk.copy()
  await write(first, 3)
  const { epoch } = first.engine
  await here.engine.setCursor(peer.name, { epoch, position: 0, sequence: 0 })
  const fill = (session: Session, upTo: number) => {
    const asked = { ...here, clock: here.env.clock, session, peer, upTo, onApplied: () => {} }
    return repairGap({ ...asked, apply: (batch, sequence) => here.engine.apply(batch, sequence) })
  }
  expect(await fill(answersOf(first).session, first.engine.flushed())).toBe('whole')
  const second = await openRegion('us-east-1', new MemoryStore({ disk: copy }))
  for (const { clock } of [second, here]) clock.wall += 1000
  await write(second, 6)
  return { here, fill, second, position: first.engine.flushed(), ...answersOf(second) }
}

it('a hole is not filled from its second life', async () => {
  const { here, fill, second, position, session, found } = await scene()
  expect(second.engine.epoch).toBe(here.engine.cursor(peer.name)?.epoch)
  await expect(fill(session, second.engine.flushed())).rejects.toThrow(Declined)
  expect(here.engine.cursor(peer.name)?.position).toBe(position)
  expect(found).toEqual(['older'])
})

it('a table does not catch up from its second life after a pause', async () => {
  const { here, session, found } = await scene()
  const cursor = here.engine.cursor(peer.name)
  if (cursor === undefined) throw new Error('no cursor')
  const table = here.engine.tables()[0]?.id ?? ''
  const stood = new Map([[table, { epoch: cursor.epoch, position: 1 }]])
  await here.engine.setCursor(peer.name, cursor, [pausedPositionsNote(peer.name, stood)])
  const { env, clock } = here
  const deps = {
    ...here,
    clock,
    log: env.log,
    retries: new Retries(env),
    peer,
    peerErrors: new PeerErrors(env, peer),
    onCaughtUp: () => {},
  }
  const parked = new PausedPositions({ ...deps, pauses: new Pauses(deps) })
  expect(await parked.catchUp(session)).toBe(false)
  expect(parked.tables).toEqual([table])
  expect(found).toEqual(['older'])
})

it('what it has is not told before its peers have been asked whether it is the latest', async () => {
  const { second } = await scene()
  const questions = new Questions(answersOf(second, false).session, 'eu-west-1')
  const [table] = second.engine.tables()
  const id = table?.id ?? ''
  await expect(questions.tables()).rejects.toThrow(Declined)
  await expect(questions.registers(id)).rejects.toThrow(Declined)
  await expect(questions.rows(id, undefined)).rejects.toThrow(Declined)
  await expect(questions.digest(id, { watermark: { wallMs: 1, counter: 0 } })).rejects.toThrow(Declined)
  expect((await questions.places()).epoch).toBe(second.engine.epoch)
})
