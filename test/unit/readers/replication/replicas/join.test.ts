/** What a join decides, step by step: when it begins, which source it takes, when the replica is complete, and when it gives up. */
import { Retries } from '../../../../../src/readers/retries.ts'
import { describe, expect, it } from 'vitest'
import { inOneTurn } from '../../../../../src/core/turns.ts'
import { encodePrimaryKey } from '../../../../../src/core/key/primary-key.ts'
import { answer, type Answers } from '../../../../../src/readers/replication/answer/answers.ts'
import { Mutex } from '../../../../../src/readers/replication/flow/mutex.ts'
import { replicasOf } from '../../../../../src/readers/replication/notes/registers-of.ts'
import { Join, type JoinStep } from '../../../../../src/readers/replication/replicas/join.ts'
import { joinNote } from '../../../../../src/readers/replication/replicas/join-progress.ts'
import { Sources } from '../../../../../src/readers/replication/replicas/copy-sources.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { itemAt, itemOf, makeTable, openRegion, put, tableEdits, topologyOf } from '../../../engine/region.ts'

const [us, eu, ap] = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const peers = [
  { name: us, number: 1 },
  { name: ap, number: 3 },
]
const id = 'id-t'

/** The first region has a table with three items; the second is to get a replica of it, and knows its registers. */
async function scene() {
  const [origin, here] = [await openRegion(us), await openRegion(eu)]
  const table = await makeTable(origin.engine, 't', {
    replicas: [us],
    more: [{ register: `replica/${eu}`, value: { status: 'CREATING' } }],
  })
  for (let n = 1; n <= 3; n++) await origin.engine.commit([put(table, itemOf('a', n))])
  await here.engine.mergeRegisters(id, origin.engine.registers(id))
  const state = { complete: true, isReached: true }
  const answers = {
    engine: origin.engine,
    topology: topologyOf(us),
    reach: (_, cursor) => cursor,
    confirmedBy: () => undefined,
    twice: () => [],
    leaving: () => [],
    mayTell: () => true,
    isComplete: () => state.complete,
    isFilling: () => false,
  } as Pick<Answers, 'engine' | 'topology' | 'reach' | 'isComplete'> as Answers
  const request = (payload: Buffer): Promise<Buffer> =>
    Promise.resolve(inOneTurn(answer(answers, payload, eu)) ?? Buffer.alloc(0))
  const session = { request, pace: new Pace() } as unknown as Session
  const options = {
    env: here.env,
    engine: here.engine,
    peers,
    mutex: new Mutex(),
    retries: new Retries(here.env),
    sources: new Sources(here.clock),
    sessionTo: (region: string) => (region === us && state.isReached ? session : undefined),
  }
  const begin = (): Join => new Join(options, id)
  const own = (): string | undefined => replicasOf(here.engine, id).get(eu)?.status
  const has = (n: number): boolean => {
    const local = here.engine.tableWithId(id)
    return local !== undefined && itemAt(here.engine, local, itemOf('a', n)) !== undefined
  }
  return { origin, here, table, state, begin, own, has }
}

/** The first step after those that brought it on. */
async function end(join: Join): Promise<JoinStep> {
  for (let steps = 0; steps < 10; steps++) {
    const step = await join.step()
    if (step !== 'progress') return step
  }
  return 'progress'
}

describe('a join', () => {
  it('begins the table before it copies a row, and notes where the region stands in its peers’ logs', async () => {
    const { here, begin, has, own } = await scene()
    await here.engine.setCursor(ap, { epoch: 'log of ap', position: 7, sequence: 0 })
    expect(await begin().step()).toBe('progress')
    expect(here.engine.note(joinNote(id))).toMatchObject({ places: { [ap]: { epoch: 'log of ap', position: 7 } } })
    expect([has(1), own()]).toEqual([false, 'CREATING'])
  })

  it('merges the source’s rows, and only then says that the replica is ACTIVE', async () => {
    const { here, begin, has, own } = await scene()
    const join = begin()
    await join.step()
    expect([await join.step(), has(1), own()]).toEqual(['progress', true, 'CREATING'])
    expect(await end(join)).toBe('done')
    expect([has(1), has(2), has(3), own()]).toEqual([true, true, true, 'ACTIVE'])
    expect(here.engine.note(joinNote(id))).toBeUndefined()
  })

  it('waits for a source that has passed the places noted at its beginning', async () => {
    const { origin, here, begin, own } = await scene()
    const place = { epoch: 'log of ap', sequence: 0 }
    await here.engine.setCursor(ap, { ...place, position: 7 })
    await origin.engine.setCursor(ap, { ...place, position: 6 })
    const join = begin()
    expect([await join.step(), await join.step(), own()]).toEqual(['progress', 'wait', 'CREATING'])
    await origin.engine.setCursor(ap, { ...place, position: 7 })
    expect([await end(join), own()]).toEqual(['done', 'ACTIVE'])
  })

  it('waits while no source can be reached, or the source does not have all of the table', async () => {
    const { state, begin, own } = await scene()
    const join = begin()
    await join.step()
    state.isReached = false
    expect(await join.step()).toBe('wait')
    Object.assign(state, { isReached: true, complete: false })
    expect([await join.step(), own()]).toEqual(['wait', 'CREATING'])
    state.complete = true
    expect([await end(join), own()]).toEqual(['done', 'ACTIVE'])
  })

  it('goes on behind the key in its note when the process has died half-way', async () => {
    const { here, table, begin, has } = await scene()
    await begin().step()
    const after = encodePrimaryKey(table.key, itemOf('a', 1)).toString('base64')
    await here.engine.setNote(joinNote(id), { places: {}, after, rows: 1 })
    expect(await end(begin())).toBe('done')
    expect([has(1), has(2), has(3)]).toEqual([false, true, true])
  })

  it('fails where another table has the name, which stays', async () => {
    const { here, begin, own } = await scene()
    await here.engine.define('id-other', [...tableEdits('t')])
    expect(await begin().step()).toBe('failed')
    expect(own()).toBe('CREATION_FAILED')
    expect(here.engine.tableNamed('t')?.id).toBe('id-other')
  })

  it('ends when the replica is not wanted any more', async () => {
    const { here, begin } = await scene()
    const join = begin()
    await join.step()
    await here.engine.define(id, [{ register: `replica/${eu}`, value: { status: 'DELETING' } }])
    expect(await join.step()).toBe('failed')
  })

  it('is complete with what it has once no other region has, or will have, anything of the table', async () => {
    const { here, begin, own } = await scene()
    const join = begin()
    await join.step()
    await here.engine.define(id, [{ register: `replica/${us}`, value: { status: 'DELETING' } }])
    expect([await end(join), own()]).toEqual(['done', 'ACTIVE'])
  })
})
