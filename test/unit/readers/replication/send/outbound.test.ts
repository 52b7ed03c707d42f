/** What a region says of a peer by the peer's confirmations. */
import { expect, it } from 'vitest'
import { Claims } from '../../../../../src/readers/replication/prove/claims.ts'
import { PeerState } from '../../../../../src/readers/replication/talk/peer-state.ts'
import { Ledger } from '../../../../../src/readers/replication/send/ledger.ts'
import { Outbound } from '../../../../../src/readers/replication/send/outbound.ts'
import type { OutboundStatus } from '../../../../../src/readers/replication/send/outbound.ts'
import { itemOf, makeTable, openRegion, put } from '../../../engine/region.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const

it('a peer that confirms less than before is unknown, until it has confirmed as much again', async () => {
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
  const outbound = new Outbound({ engine, clock: env.clock, ledger, claims })
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
