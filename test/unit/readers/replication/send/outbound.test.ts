/** What a region says of a peer by the peer's confirmations. */
import { expect, it } from 'vitest'
import { Claims } from '../../../../../src/readers/replication/prove/claims.ts'
import { PeerState } from '../../../../../src/readers/replication/talk/peer-state.ts'
import { Ledger } from '../../../../../src/readers/replication/send/ledger.ts'
import { Outbound } from '../../../../../src/readers/replication/send/outbound.ts'
import type { OutboundStatus } from '../../../../../src/readers/replication/send/outbound.ts'
import { itemOf, makeTable, openRegion, put } from '../../../engine/region.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const

type Scene = Awaited<ReturnType<typeof openRegion>> & { readonly ledger: Ledger; readonly outbound: Outbound }

/** Three changes of a table that the peer has, too, and that are counted. */
async function scene(): Promise<Scene> {
  const region = await openRegion(us)
  const { engine, env } = region
  const orders = await makeTable(engine, 'orders')
  await engine.define(
    orders.id,
    [us, eu].map((name) => ({ register: `replica/${name}`, value: { status: 'ACTIVE' } })),
  )
  const table = engine.tableWithId(orders.id) ?? orders
  for (const n of [1, 2, 3]) await engine.commit([put(table, itemOf('a', n))])
  const ledger = new Ledger(engine, new Map([[eu, 0]]))
  while (ledger.readOn());
  const claims = new Claims({ ...region, onFinding: () => undefined })
  return { ...region, ledger, outbound: new Outbound({ engine, clock: env.clock, ledger, claims }) }
}

it('a peer that confirms less than before is unknown, until it has confirmed as much again', async () => {
  const { engine, env, outbound } = await scene()
  const end = engine.flushed()
  const confirmed = (position: number): OutboundStatus => {
    outbound.confirmed({ say: 'confirm', region: eu, epoch: engine.epoch, position }, undefined)
    return outbound.statusOf(eu, new PeerState(env.clock))
  }
  expect(confirmed(end - 1)).toMatchObject({ outbound: 'live', pending: 1, safeToEvacuate: false })
  const goneBack = confirmed(end - 3)
  expect(goneBack).toMatchObject({ outbound: 'unknown', safeToEvacuate: false })
  expect(goneBack.tables.map(({ watermark }) => watermark)).toEqual([undefined])
  expect(confirmed(end)).toMatchObject({ outbound: 'idle', pending: 0, safeToEvacuate: true })
})

it('what another process of the peer confirms is not built upon at first, and lets nothing of the log go for some time longer', async () => {
  const { engine, clock, ledger, outbound } = await scene()
  const end = engine.flushed()
  const confirmed = (start: string, position: number): readonly number[] => {
    outbound.confirmed({ say: 'confirm', region: eu, epoch: engine.epoch, position, start }, undefined)
    return [ledger.confirmed(eu), outbound.needed(eu)]
  }
  expect(confirmed('first', end - 2)).toEqual([end - 2, end - 2])
  expect(confirmed('copy', end)).toEqual([end - 2, end - 2])
  clock.monotonic += 3000
  expect(confirmed('copy', end)).toEqual([end, end - 2])
  clock.monotonic += 9000
  expect(confirmed('copy', end)).toEqual([end, end - 2])
  clock.monotonic += 2000
  expect(confirmed('copy', end)).toEqual([end, end])
})
