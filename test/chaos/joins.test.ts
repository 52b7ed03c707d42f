/** A replica is added to a table in use, and everything fails on the way. */
import { expect, it } from 'vitest'
import type { ChaosRegion } from './chaos-region.ts'
import { countOf, fill } from './fill.ts'
import { Load } from './load.ts'
import { joinItems, testMsMax } from './pace.ts'
import { sendRequest } from './request.ts'
import { sharedDeployment } from './shared.ts'
import { pause, until } from './until.ts'

const deployment = sharedDeployment()
const memoryBytesMax = 768 * 1024 * 1024

it(
  `a replica of a table of ${joinItems} items, killed half-way, is complete when it says ACTIVE`,
  { timeout: testMsMax },
  async () => {
    const world = deployment()
    const [one, other, joining] = world.regions
    if (one === undefined || other === undefined || joining === undefined) return
    await world.globalTable('joined', [one, other])
    await fill(one, 'joined', { items: joinItems })
    // Or a short transfer would be over before it can be disturbed.
    world.setLinks({ bandwidthBitsPerSecond: Math.max(4_000_000, joinItems * 200) }, `*>${joining.name}`)
    const load = new Load(world, 'joined')
    load.start()
    const startedMs = performance.now()
    await sendRequest(one.endpoint, 'UpdateTable', {
      TableName: 'joined',
      ReplicaUpdates: [{ Create: { RegionName: joining.name } }],
    })
    const seen: number[] = []
    const progress = async (): Promise<string> => {
      const { ReplicaStatus, ReplicaStatusPercentProgress: percent } = await replicaOf(one, joining)
      if (percent !== undefined && Number(percent) !== seen.at(-1)) seen.push(Number(percent))
      return ReplicaStatus
    }
    try {
      await until(
        'it is under way',
        async () => {
          await progress()
          return (seen.at(-1) ?? 0) >= 20
        },
        testMsMax / 2,
      )
      await joining.kill('node')
      await pause(500)
      await joining.startNode()
      world.heal()
      await until('it is ACTIVE', async () => (await progress()) === 'ACTIVE', testMsMax / 2)
      const here = await countOf(joining, 'joined')
      expect(here).toBeGreaterThanOrEqual(joinItems)
    } finally {
      await load.stop()
    }
    // Resumed, not begun again. The table grows meanwhile, which may take a percent off.
    for (const [n, percent] of seen.entries())
      expect(percent).toBeGreaterThanOrEqual(Math.max(...seen.slice(0, n + 1)) - 2)
    const peaks = [one, joining].map((region) => region.memoryPeakBytes() ?? 0)
    for (const peak of peaks) expect(peak).toBeLessThan(memoryBytesMax)
    await load.check()
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1)
    const memory = peaks.map((peak) => `${Math.round(peak / 1024 / 1024)} MB`).join(' and ')
    console.log(
      `${joinItems} items joined in ${seconds} s, progress ${seen.join(', ')} %; most memory of source and replica ${memory}`,
    )
  },
)

type Replica = {
  readonly RegionName: string
  readonly ReplicaStatus: string
  readonly ReplicaStatusPercentProgress?: string
}

async function replicaOf(asked: ChaosRegion, region: ChaosRegion): Promise<Replica> {
  const { Table } = (await sendRequest(asked.endpoint, 'DescribeTable', { TableName: 'joined' })) as {
    Table: { Replicas?: readonly Replica[] }
  }
  return (
    Table.Replicas?.find(({ RegionName }) => RegionName === region.name) ?? { RegionName: '', ReplicaStatus: 'none' }
  )
}
