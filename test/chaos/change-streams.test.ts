/** Change streams of every region, through processes that die: each change once and in its item's order, whoever made it. */
import { DescribeTableCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { expect, it } from 'vitest'
import { recordsOf, streamsClientOf, type StreamRecord } from '../conformance/streams.ts'
import type { ChaosRegion } from './chaos-region.ts'
import { anyOf, rounds, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause } from './until.ts'

const deployment = sharedDeployment()
const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }

it(
  'each region’s stream replays to its table after kills of nodes and nats-servers',
  { timeout: testMsMax },
  async () => {
    const table = 'streamed'
    await underLoad(deployment(), table, async () => {
      for (let round = 0; round < rounds(2, 40); round++) {
        await pause(200 + 500 * Math.random())
        const victim = anyOf(deployment().regions)
        await victim.kill('node')
        if (round % 2 === 1) {
          await victim.kill('nats-server')
          await victim.startNats()
        }
        await victim.startNode()
      }
    })
    for (const region of deployment().regions) {
      const { records, items } = await streamAndTable(region, table)
      const { replayed, wrong } = replay(records)
      expect(wrong, `${region.name}\n${region.story()}`).toEqual([])
      expect(replayed).toEqual(items)
      expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(records.length)
    }
  },
)

type Values = ReadonlyMap<string, string>

async function streamAndTable(
  { endpoint, name }: ChaosRegion,
  TableName: string,
): Promise<{ readonly records: readonly StreamRecord[]; readonly items: Values }> {
  const client = new DynamoDBClient({ endpoint, region: name, credentials })
  const streams = streamsClientOf(endpoint, name)
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName }))
    const items = new Map<string, string>()
    for await (const { Items = [] } of paginateScan({ client }, { TableName }))
      for (const { id, v } of Items) items.set(id?.S ?? '', v?.S ?? '')
    return { records: await recordsOf(streams, Table?.LatestStreamArn ?? ''), items }
  } finally {
    client.destroy()
    streams.destroy()
  }
}

/** Each record goes on from what those before it have left: one that is missing, twice or out of order does not. */
function replay(records: readonly StreamRecord[]): { readonly replayed: Values; readonly wrong: readonly string[] } {
  const replayed = new Map<string, string>()
  const wrong: string[] = []
  for (const { dynamodb } of records) {
    const id = dynamodb?.Keys?.['id']?.S ?? ''
    const [before, after] = [dynamodb?.OldImage?.['v']?.S, dynamodb?.NewImage?.['v']?.S]
    if (replayed.get(id) !== before) wrong.push(`${id} was ${replayed.get(id)}, and a record says ${before}`)
    if (after === undefined) replayed.delete(id)
    else replayed.set(id, after)
  }
  return { replayed, wrong }
}
