/** What a peer's word about this region's log says of the store, and what a region does that may not write to it. */
import { expect, it } from 'vitest'
import { proofByStart } from '../../../../../src/core/change/proof.ts'
import { Claims, type Finding } from '../../../../../src/readers/replication/prove/claims.ts'
import type { Places } from '../../../../../src/readers/replication/talk/questions.ts'
import { itemOf, makeTable, openRegion, put, type TestRegion } from '../../../engine/region.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const

async function scene(): Promise<
  TestRegion & { readonly claims: Claims; readonly said: (places: Partial<Places>) => Promise<readonly string[]> }
> {
  const region = await openRegion(us)
  const findings: Finding[] = []
  const claims = new Claims({ ...region, onFinding: (finding) => findings.push(finding) })
  const said = async (places: Partial<Places>): Promise<readonly string[]> => {
    findings.length = 0
    await claims.examine(eu, { epoch: 'log of eu', cursors: [], numbers: [], left: [], owed: [], ...places })
    return findings.map(({ found }) => found)
  }
  return { ...region, claims, said }
}

const knows = (epoch: string, position: number): Pick<Places, 'cursors'> => ({
  cursors: [{ region: us, epoch, position }],
})

it('a store that knows another log of the peer, which knows another log of the region, is another deployment’s', async () => {
  const { engine, said } = await scene()
  await engine.setCursor(eu, { epoch: 'log of another eu', position: 3, sequence: 3 })
  expect(await said(knows('log of another us', 5))).toEqual(['foreign'])
})

it('a store that has met the peer in a former log is an older copy', async () => {
  const { engine, said } = await scene()
  await engine.setCursor(eu, { epoch: 'former log of eu', position: 3, sequence: 3 })
  expect(await said({ ...knows('later log of us', 5), earlier: ['former log of eu'] })).toEqual(['older'])
  expect(engine.lineage.earlier).toContain('later log of us')
  expect(await said({ ...knows('later log of us', 5), earlier: ['former log of eu'] })).toEqual([])
})

it('a store that has never met the peer is a new disk', async () => {
  const { engine, said } = await scene()
  expect(await said(knows('former log of us', 5))).toEqual([])
  expect(engine.lineage.earlier).toContain('former log of us')
})

it('a place beyond the end of the log is an older copy’s', async () => {
  const { engine, said } = await scene()
  expect(await said(knows(engine.epoch, engine.flushed()))).toEqual([])
  expect(await said(knows(engine.epoch, engine.flushed() + 1))).toEqual(['older'])
})

it('a store that stands in a former log of the peer, of whose present log it had confirmed something, is an older copy', async () => {
  const { engine, said } = await scene()
  await engine.setCursor(eu, { epoch: 'former log of eu', position: 30, sequence: 3 })
  const confirmed = (position: number) => ({ confirmed: { epoch: engine.epoch, position } })
  expect(await said({ ...confirmed(0), earlier: ['former log of eu'] })).toEqual([])
  expect(await said({ ...confirmed(5), earlier: ['former log of eu'] })).toEqual(['older'])
  // It is the peer's store that is an older copy: it knows nothing of the log that this region stands in.
  expect(await said(confirmed(5))).toEqual([])
})

it('a store whose log never led to the end of its stream is an older copy, and is not to speak any more', async () => {
  const { engine, claims } = await scene()
  const end = { epoch: engine.epoch, position: engine.flushed() }
  expect(claims.holdsOnStream(end, 0)).toBe(true)
  expect(claims.hasFound).toBe(false)
  expect(claims.holdsOnStream({ ...end, position: end.position + 1 }, 0)).toBe(false)
  expect(claims.hasFound).toBe(true)
})

it('a process that is named as the later of two is one of a store in use twice', async () => {
  const { engine, said } = await scene()
  await makeTable(engine, 'orders')
  expect(await said({ twice: ['another process'] })).toEqual([])
  expect(await said({ twice: ['another process', engine.lineage.start ?? ''] })).toEqual(['twice'])
})

it('a place that a copy of the store has proven is false once the peer had agreed to what this process wrote', async () => {
  const { engine, claims } = await scene()
  const table = await makeTable(engine, 'orders')
  await engine.commit([put(table, itemOf('a', 1))])
  const { epoch } = engine
  const at = engine.flushed()
  const byCopy = { epoch, position: at, proof: { at, of: 'panother process' } }
  expect(claims.judge(eu, { epoch, position: at, proof: proofByStart(at, engine.lineage.start ?? '') })).toBe(
    'possible',
  )
  expect(claims.judge(eu, byCopy)).toBe('false')
  expect(claims.judge(eu, { ...byCopy, epoch: 'log of the copy' })).toBe('possible')
  expect(claims.hasFound).toBe(false)
  expect(claims.judge('ap-northeast-1', byCopy)).toBe('doubtful')
  expect(claims.hasFound).toBe(true)
})

it('every log begins at the same place, whatever is said to prove it', async () => {
  const { engine, claims } = await scene()
  const beginning = { epoch: engine.epoch, position: 0, proof: { at: 0, of: 'panother process' } }
  expect(claims.judge(eu, beginning)).toBe('possible')
})

it('a region that may not write says why, and reads on', async () => {
  const { engine } = await scene()
  const table = await makeTable(engine, 'orders')
  await engine.commit([put(table, itemOf('a', 1))])
  engine.lineage.refuseWrites('a copy runs elsewhere')
  await expect(engine.commit([put(table, itemOf('a', 2))])).rejects.toThrow('takes no writes: a copy runs elsewhere.')
  expect(engine.size(table).items).toBe(1)
})

it('what a new log keeps stays through the next new log, until a peer agrees to it', async () => {
  const { engine } = await scene()
  const table = await makeTable(engine, 'orders')
  for (let n = 0; n < 4; n++) await engine.commit([put(table, itemOf('a', n))])
  await engine.lineage.renew({ notes: [], after: 3 })
  expect(engine.lineage.partedAfter(0)).toBe(3)
  await engine.commit([put(table, itemOf('b', 1))])
  const [first, second] = [engine.lineage.earlier[0], engine.epoch]
  await engine.lineage.renew({ notes: [], after: engine.lineage.partedAfter(0) })
  expect(engine.lineage.begunAfter).toBe(3)
  expect(engine.lineage.shared).toEqual([
    { epoch: expect.any(String) as string, position: 3 },
    { epoch: second, position: 3 },
  ])
  expect(engine.lineage.earlier).toEqual([engine.lineage.shared[0]?.epoch, second])
  expect(engine.lineage.earlier[0]).toBe(first)
})

it('a new log holds what the former one held, for a peer that had not come so far in that', async () => {
  const { engine } = await scene()
  const table = await makeTable(engine, 'orders')
  for (let n = 0; n < 4; n++) await engine.commit([put(table, itemOf('a', n))])
  const former = engine.epoch
  await engine.lineage.renew({ notes: [], after: 3 })
  expect(engine.oldest()).toBe(1)
  expect(engine.lineage.shared).toEqual([{ epoch: former, position: 3 }])
})

it('a store with a log of its own is unverified until each peer has answered once since the process began', async () => {
  const { engine, env } = await openRegion(us)
  const fresh = new Claims({ engine, env, onFinding: () => {} })
  expect(fresh.unverifiedBy([eu, 'ap-northeast-1'])).toEqual([])
  await makeTable(engine, 'orders')
  const claims = new Claims({ engine, env, onFinding: () => {} })
  expect(claims.unverifiedBy([eu, 'ap-northeast-1'])).toEqual([eu, 'ap-northeast-1'])
  await claims.examine(eu, { epoch: 'log of eu', cursors: [], numbers: [], left: [], owed: [] })
  expect(claims.unverifiedBy([eu, 'ap-northeast-1'])).toEqual(['ap-northeast-1'])
  claims.forget(eu)
  expect(claims.unverifiedBy([eu])).toEqual([eu])
})
