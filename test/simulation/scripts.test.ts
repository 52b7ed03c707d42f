/** Single faults, each at its moment, in a world where nothing else goes wrong: what seeds have found, without their draws. */
import { describe, expect, it } from 'vitest'
import { type Batch, decodeBatch, encodeBatch } from '../../src/core/change/batch.ts'
import { type Announcement, decodeAnnouncement, encodeControl } from '../../src/core/change/control.ts'
import { kindOf } from '../../src/core/change/message.ts'
import { decodeItem } from '../../src/core/item/item-bytes.ts'
import { decodeRow, encodeRow } from '../../src/core/item/row.ts'
import { keyAttributesOf } from '../../src/core/key/primary-key.ts'
import { Administrator } from './administrator.ts'
import { difference } from './checks.ts'
import { Client } from './client.ts'
import { rowsOf } from './rows-of.ts'
import type { SimulatedRegion } from './simulated-region.ts'
import { World } from './world.ts'
import { updateTable } from '../../src/operations/tables/update-table.ts'

const habits = {
  thinkMs: 100,
  hotKeys: 1,
  coldKeys: 1,
  hotChance: 1,
  transactionChance: 0,
  deleteChance: 0,
  largeChance: 0,
}

const yearsMs = 10 * 365 * 24 * 3600 * 1000

type Scene = {
  readonly world: World
  readonly origin: SimulatedRegion
  readonly peer: SimulatedRegion
  readonly others: readonly SimulatedRegion[]
  /** One more write in the origin. */
  readonly write: () => Promise<void>
}

/** What the peer hears of the origin. */
function alterAnnouncements({ world, origin, peer }: Scene, change: (said: Announcement) => Announcement): void {
  world.network.link(origin.name, peer.name).alter = world.signedWrong((payload) =>
    kindOf(payload) === 'control' && payload.includes('"here"')
      ? encodeControl(change(decodeAnnouncement(payload)))
      : payload,
  )
}

/** Two regions or more with one table, complete in all of them. */
async function play(
  script: (scene: Scene) => Promise<void>,
  { regionCount = 2, withIndexes = false } = {},
): Promise<void> {
  const world = new World({ seed: 1, regionCount, variant: { tombstoneAgeMsMin: 1000 } })
  const [origin, peer, ...others] = world.regions as [SimulatedRegion, SimulatedRegion, ...SimulatedRegion[]]
  const scene = async (): Promise<void> => {
    await Promise.all(world.regions.map((region) => region.start()))
    const administrator = new Administrator(world)
    await administrator.createTable(origin, 'orders', withIndexes)
    await administrator.addReplicas(origin, 'orders', [peer, ...others])
    await administrator.untilComplete()
    const client = new Client(world, origin, { name: 'client', habits })
    await script({ world, origin, peer, others, write: () => client.hurry('orders', { id: 'hot1', part: 'a' }) })
  }
  await world.scheduler.run(scene())
  for (const region of world.regions) region.crash()
}

/** What the origin's batches become on their way to the peer, from now on. */
function alterBatches({ world, origin, peer }: Scene, change: (batch: Batch) => Batch): void {
  world.network.link(origin.name, peer.name).alter = world.signedWrong((payload) =>
    kindOf(payload) === 'batch' ? encodeBatch(change(decodeBatch(payload))) : payload,
  )
}

function stampedLater(batch: Batch): Batch {
  const changes = batch.changes.map((change) => {
    const row = decodeRow(change.row)
    return { ...change, row: encodeRow({ ...row, stamp: { ...row.stamp, wallMs: row.stamp.wallMs + yearsMs } }) }
  })
  return { ...batch, changes }
}

describe('a message from years ahead', () => {
  it('keeps back what follows it only until the origin’s log is asked', async () => {
    await play(async (scene) => {
      const { world, write } = scene
      let forged = 0
      alterBatches(scene, (batch) => (batch.changes.length > 0 && forged++ === 0 ? stampedLater(batch) : batch))
      await write()
      await world.scheduler.sleep(2000)
      expect(forged).toBeGreaterThan(0)
      expect(difference(world)).toBeDefined()
      await write()
      await world.scheduler.sleep(20_000)
      expect(difference(world)).toBeUndefined()
    })
  })
})

describe('an announcement of a clock that is years ahead', () => {
  it('does not move the watermark past what has come', async () => {
    await play(async (scene) => {
      const { world, origin, peer, write } = scene
      alterAnnouncements(scene, (said) => ({ ...said, clock: { ...said.clock, wallMs: said.clock.wallMs + yearsMs } }))
      await write()
      await world.scheduler.sleep(5000)
      const watermark = peer.replication?.status().peers[0]?.watermark
      expect(watermark?.wallMs).toBeLessThan(origin.clock.peekMs())
    })
  })
})

/** As the region itself compares its replicas, again and again for so long: keys that it calls different, and why it could not say. */
async function comparedFor({ world }: Scene, region: SimulatedRegion, ms: number): Promise<readonly string[]> {
  const said: Promise<string>[] = []
  for (const untilMs = world.scheduler.nowMs + ms; world.scheduler.nowMs < untilMs; await world.scheduler.sleep(200)) {
    const [table] = region.engine?.tables() ?? []
    if (table === undefined || region.replication === undefined) continue
    said.push(
      region.replication.compare(table).then(
        ({ differing }) => (differing.length === 0 ? 'equal' : 'different'),
        (error: unknown) => String(error),
      ),
    )
  }
  return await Promise.all(said)
}

describe('an announcement of an end that no log has', () => {
  it('does not keep a replica from becoming a table of its own', async () => {
    await play(async (scene) => {
      const { world, origin, peer } = scene
      alterAnnouncements(scene, (said) => ({ ...said, flushed: said.flushed + 1_000_000_000 }))
      await world.scheduler.sleep(2000)
      const disassociated = new Administrator(world).disassociate(peer, 'orders')
      await world.scheduler.sleep(3000)
      expect(peer.idOf('orders')).toBe(origin.idOf('orders'))
      alterAnnouncements(scene, (said) => said)
      await disassociated
      expect(peer.idOf('orders')).not.toBe(origin.idOf('orders'))
    })
  })
})

describe('a store that was set back', () => {
  it('is not called different from the others while it is to be filled again', async () => {
    await play(async (scene) => {
      const { world, origin, write } = scene
      const putBack = origin.copyDisk()
      await write()
      await world.scheduler.sleep(3000)
      putBack()
      await origin.start()
      const said = await comparedFor(scene, origin, 10_000)
      expect(said.filter((each) => each === 'different')).toEqual([])
      expect(said.some((each) => each.includes('does not have all of the table'))).toBe(true)
      expect(said.at(-1)).toBe('equal')
    })
  })

  it('still gives a peer what that has passed over because of a pause', async () => {
    await play(async ({ world, origin, peer, write }) => {
      const table = origin.idOf('orders') ?? ''
      await peer.replication?.pauses.pause({ table }, 20_000)
      await write()
      await world.scheduler.sleep(3000)
      const putBack = origin.copyDisk()
      await write()
      await world.scheduler.sleep(3000)
      putBack()
      await origin.start()
      await world.scheduler.sleep(60_000)
      expect(difference(world)).toBeUndefined()
    })
  })

  it('tells nobody what it has before its peers have said whether it is the latest', async () => {
    await play(
      async ({ world, origin, peer, others, write }) => {
        const [other] = others as [SimulatedRegion]
        await write()
        await world.scheduler.sleep(3000)
        const putBack = origin.copyDisk()
        await removeAll(other)
        await world.scheduler.sleep(30_000)
        expect(world.regions.flatMap(({ engine }) => engine && rowsOf(engine, engine.tables()[0]?.id ?? ''))).toEqual(
          [],
        )
        // The copy is of the whole machine, its stream too; and who fills a new disk asks the nearest.
        world.network.server(origin.name).wipe()
        for (const link of [world.network.link(peer.name, other.name), world.network.link(other.name, peer.name)])
          link.delayMs = 1000
        for (const link of [world.network.link(origin.name, other.name), world.network.link(other.name, origin.name)])
          link.delayMs = 200
        peer.wipeDisk()
        await peer.start()
        putBack()
        await origin.start()
        await world.scheduler.sleep(60_000)
        expect(difference(world)).toBeUndefined()
      },
      { regionCount: 3 },
    )
  })

  it('brings no index back that was deleted since, and of which that is forgotten', async () => {
    await play(
      async ({ world, origin, peer, write }) => {
        await write()
        await world.scheduler.sleep(3000)
        const putBack = origin.copyDisk()
        await new Administrator(world).insist(peer, async (context) => {
          const GlobalSecondaryIndexUpdates = [{ Delete: { IndexName: 'by-group' } }]
          await updateTable.run({ TableName: 'orders', GlobalSecondaryIndexUpdates }, context)
        })
        await world.scheduler.sleep(40_000)
        const indexes = (): readonly string[] =>
          world.regions.map(({ name, engine }) => {
            const [table] = engine?.tables() ?? []
            const names = table === undefined ? [] : engine?.registers(table.id).map(({ key }) => String(key))
            const known = names?.filter((each) => each.startsWith('index/')).join()
            return `${name} knows ${known} and has ${table?.indexes.map((index) => index.name).join()}`
          })
        const gone = world.regions.map(({ name }) => `${name} knows index/by-count and has by-count`)
        expect(indexes()).toEqual(gone)
        // Streams keep the end of a log alone.
        for (const { name } of world.regions) world.network.server(name).wipe()
        putBack()
        await origin.start()
        expect(indexes()[0]).toContain('by-group')
        await world.scheduler.sleep(60_000)
        expect(indexes()).toEqual(gone)
        expect(difference(world)).toBeUndefined()
      },
      { regionCount: 3, withIndexes: true },
    )
  })
})

describe('a region whose disk is lost', () => {
  it('is known by what it had told only a replica that was still being made', async () => {
    const world = new World({ seed: 1, regionCount: 3, variant: { tombstoneAgeMsMin: 1000 } })
    const [origin, peer, joining] = world.regions as [SimulatedRegion, SimulatedRegion, SimulatedRegion]
    const writeIn = (region: SimulatedRegion, id: string): Promise<void> =>
      new Client(world, region, { name: `client of ${region.name}`, habits }).hurry('orders', { id, part: 'a' })
    const cutOff = (way: 'cut' | 'heal'): void => {
      world.network[way](origin.name, peer.name, 'reset')
      world.network[way](peer.name, origin.name, 'reset')
    }
    const scene = async (): Promise<void> => {
      await Promise.all(world.regions.map((region) => region.start()))
      const administrator = new Administrator(world)
      await administrator.createTable(origin, 'orders', false)
      await administrator.addReplicas(origin, 'orders', [peer])
      await administrator.untilComplete()
      cutOff('cut')
      // Each of the two lacks what the joining one has of the other, so neither is a source for it.
      for (const region of [origin, peer]) await writeIn(region, region.name)
      await world.scheduler.sleep(3000)
      await administrator.addReplicas(origin, 'orders', [joining])
      await world.scheduler.sleep(6000)
      await writeIn(origin, 'told one only')
      await world.scheduler.sleep(3000)
      for (const region of [origin, peer])
        world.network.link(region.name, joining.name).alter = (payload, { question }) =>
          question?.includes('"say":"rows"') === true ? payload.subarray(0, 1) : payload
      world.network.server(origin.name).wipe()
      origin.wipeDisk()
      await origin.start()
      cutOff('heal')
      await world.scheduler.sleep(10_000)
      expect(joining.engine?.tables()[0]?.status).toBe('CREATING')
      world.network.mend()
      await world.scheduler.sleep(60_000)
      expect(difference(world)).toBeUndefined()
    }
    await world.scheduler.run(scene())
    for (const region of world.regions) region.crash()
  })
})

async function removeAll({ engine }: SimulatedRegion): Promise<void> {
  const [table] = engine?.tables() ?? []
  if (engine === undefined || table === undefined) throw new Error('no table')
  for (const { key, row } of rowsOf(engine, table.id)) {
    const item = decodeItem(decodeRow(row).body)
    await engine.commit([{ kind: 'delete', table: table.id, key, keyAttributes: keyAttributesOf(table.key, item) }])
  }
}

describe('messages that are recorded and sent again', () => {
  it('of a stream, of announcements and of questions, change nothing', async () => {
    await play(async ({ world, origin, peer, write }) => {
      const random = world.random.fork()
      let replayed = 0
      for (const [from, to] of [
        [origin, peer],
        [peer, origin],
      ] as const) {
        const recorded: Buffer[] = []
        world.network.link(from.name, to.name).alter = (payload, { question }) => {
          // An answer is signed for its question: the next test.
          if (question !== undefined) return payload
          recorded.push(Buffer.from(payload))
          if (!random.chance(0.5)) return payload
          replayed++
          return Buffer.from(random.pick(recorded))
        }
      }
      for (let n = 0; n < 30; n++) {
        await write()
        await world.scheduler.sleep(500)
      }
      world.network.mend()
      await world.scheduler.sleep(10_000)
      expect(replayed).toBeGreaterThan(50)
      expect(difference(world)).toBeUndefined()
      for (const region of [origin, peer]) {
        expect(world.story.count(region.name, 'fetch the peer’s state')).toBe(0)
        expect(world.story.count(region.name, 'set a peer’s change aside')).toBe(0)
      }
    })
  })

  it('as answers to other questions are refused by name', async () => {
    await play(async ({ world, origin, peer, write }) => {
      const recorded: Buffer[] = []
      await write()
      world.network.link(origin.name, peer.name).alter = (payload, { question }) => {
        if (question === undefined) return payload
        recorded.push(Buffer.from(payload))
        return recorded[0] ?? payload
      }
      // A new session asks anew.
      world.network.cut(origin.name, peer.name, 'reset')
      await world.scheduler.sleep(1000)
      world.network.heal(origin.name, peer.name)
      await world.scheduler.sleep(20_000)
      const told = peer.replication?.status().peers[0]
      expect(told?.suspect?.last).toMatch(/answer: its signature does not verify/)
      world.network.mend()
      await write()
      await world.scheduler.sleep(30_000)
      expect(difference(world)).toBeUndefined()
    })
  })
})
