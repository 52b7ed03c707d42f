/**
 * The real thing over a narrow line: nats-servers, the links, and 300 kbit/s between two regions. An item of 390 KB needs ten
 * seconds, which is longer than every time-out. The simulator has the other rates, distances and transfers.
 */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { startNatsBus } from '../../src/adapters/nats/nats-bus.ts'
import { Links } from '../../src/links/links.ts'
import { eventually } from './eventually.ts'
import { NatsServerProcess, quiet } from './nats.ts'
import { agreed, TestRegion } from './region.ts'

const names = ['us', 'eu'] as const
const shape = { roundTripMs: 80, jitterMs: 0, bandwidthBitsPerSecond: 300_000, stall: null, state: 'up' } as const
/** What may be carried beside the items: announcements and confirmations, both ways, for as long as it takes. */
const besideShare = 0.3
const itemBytes = 390_000
const patienceMs = 90_000
/** Three items, and a join, instead of one item. */
const isLong = process.env['LONGITUDE_NARROW_LONG'] === '1'

const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

async function world(): Promise<{ us: TestRegion; eu: TestRegion; links: Links }> {
  const servers = await Promise.all(names.map(() => NatsServerProcess.start()))
  for (const server of servers) undo.push(() => server.remove())
  const links = await Links.open(
    names.map((from, n) => ({
      from,
      to: names[1 - n] as string,
      listen: { host: '127.0.0.1', port: 0 },
      target: { host: '127.0.0.1', port: servers[1 - n]?.port ?? 0 },
      shape,
    })),
  )
  undo.push(() => links.close())
  const [us, eu] = names.map((name) => new TestRegion(name, names)) as [TestRegion, TestRegion]
  for (const [n, region] of [us, eu].entries()) {
    const peer = names[1 - n] as string
    const port = links.list().find(({ from }) => from === region.name)?.port?.listen
    const peers = { [peer]: { url: `nats://127.0.0.1:${port?.port}` } }
    await region.start(startNatsBus({ region: region.name, own: { url: servers[n]?.url ?? '' }, peers, log: quiet }))
    undo.push(() => region.stop())
  }
  return { us, eu, links }
}

const carried = (links: Links): number => links.list().find(({ from }) => from === 'us')?.carriedBytes ?? 0

/** Waits for the item, and collects what the two say of the line meanwhile. */
async function arrived(id: string, { us, eu }: { us: TestRegion; eu: TestRegion }): Promise<Set<string>> {
  const said = new Set<string>()
  await eventually(
    `${id} has arrived`,
    () => {
      said.add(eu.peer('us').state).add(us.peer('eu').outbound)
      if (eu.peer('us').line.receiving) said.add('receiving')
      return eu.value('T', id) !== undefined
    },
    patienceMs,
  )
  return said
}

const large = (): string => randomBytes(itemBytes / 2).toString('hex')

describe('a line of 300 kbit/s', () => {
  it('brings an item that needs ten seconds, once, and is not called cut', { timeout: 2 * patienceMs }, async () => {
    const { us, eu, links } = await world()
    await us.makeTable('T', ['eu'])
    await eventually('the replica is active', () => us.replicaStatus('T', 'eu') === 'ACTIVE', patienceMs)
    const before = carried(links)
    const count = isLong ? 3 : 1
    for (let n = 0; n < count; n++) await us.put('T', `large ${n}`, large())
    const said = await arrived(`large ${count - 1}`, { us, eu })
    expect(said).toContain('receiving')
    expect([...said].filter((state) => state === 'cut' || state === 'unknown')).toEqual([])
    expect(carried(links) - before).toBeLessThan(count * itemBytes * (1 + besideShare))
    await us.put('T', 'after', 'x')
    await agreed([us, eu], 'T', patienceMs)
  })

  it.runIf(isLong)('brings a replica of many items', { timeout: 2 * patienceMs }, async () => {
    const { us, eu, links } = await world()
    await us.makeTable('T')
    for (let n = 0; n < 1000; n++) await us.put('T', `item ${n}`, randomBytes(500).toString('hex'))
    const before = carried(links)
    await us.addReplicas('T', ['eu'])
    await eventually('the replica is active', () => us.replicaStatus('T', 'eu') === 'ACTIVE', patienceMs)
    expect(carried(links) - before).toBeLessThan(1_080_000 * (1 + besideShare))
    await agreed([us, eu], 'T', patienceMs)
  })
})
