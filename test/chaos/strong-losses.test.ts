/**
 * Tables with strong consistency, with real processes: the store of a replica is lost or damaged while its node is down, and nodes die while a table
 * becomes one or ceases to be one. Long with npm run chaos -- strong.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { eventually, longitude, prepareProgram, removeFolder, temporaryFolder, type Up } from '../cli/command-line.ts'
import { anyOf, goesLong, rounds, testMsMax } from './pace.ts'
import {
  birth,
  clientOf,
  dissolution,
  killOne,
  names,
  patienceMs,
  plainTable,
  strongTable,
  TableName,
  tableAt,
  threeRegions,
} from './strong-regions.ts'
import { pause } from './until.ts'

/** In the long form more than the regions keep of the order, so that a lost store is filled by another replica and not by the order alone. */
const items = rounds(40, 3000)
/** Births and dissolutions, by turns. */
const roundsOfAll = Number(process.env['LONGITUDE_CHAOS_ROUNDS'] ?? 16)
const marker = 'KNOWN-VALUE'
const [virginia, ohio, oregon] = names

let running: Up | undefined
let data = ''

beforeAll(() => prepareProgram(), 240_000)
afterEach(async () => {
  await down()
  removeFolder(data)
})

async function down(): Promise<void> {
  running?.supervisor.kill('SIGTERM')
  await running?.ended
  running = undefined
}

async function start(...flags: readonly string[]): Promise<Up> {
  running = await threeRegions(data, ...flags)
  return running
}

const clientsOf = ({ overview }: Up): readonly DynamoDBClient[] => overview.regions.map(clientOf)
const put = (n: number): PutItemCommand =>
  new PutItemCommand({ TableName, Item: { id: { S: `item ${n}` }, value: { S: `${marker} ${n}` } } })

async function isDone(promise: Promise<unknown>): Promise<boolean> {
  return await promise.then(
    () => true,
    () => false,
  )
}

/** Each from another region, until it is acknowledged. */
async function fill(clients: readonly DynamoDBClient[], from: number, to: number): Promise<void> {
  for (let n = from; n < to; n++) {
    const client = clients[n % clients.length] as DynamoDBClient
    await eventually(`item ${n} is written`, async () => await isDone(client.send(put(n))), patienceMs)
  }
}

/** As strongly consistent reads and the rows of this region see them. */
async function expectItems(client: DynamoDBClient, count: number): Promise<void> {
  const last = new GetItemCommand({ TableName, Key: { id: { S: `item ${count - 1}` } }, ConsistentRead: true })
  const read = async (): Promise<boolean> =>
    await client.send(last).then(
      ({ Item }) => Item !== undefined,
      () => false,
    )
  await eventually('the region answers strong reads', read, patienceMs)
  // A replica that has met a damaged row refuses a scan of it until it is filled again.
  const scan = new ScanCommand({ TableName, Select: 'COUNT' })
  const counted = async (): Promise<number | undefined> => (await client.send(scan).catch(() => undefined))?.Count
  await eventually('all items are there', async () => (await counted()) === count, patienceMs)
}

const groupsFolder = (region: string): string => join(data, region, 'groups')

/** One byte of a row that the store of the region's group has. */
function flipByte(region: string): void {
  const [group = ''] = readdirSync(groupsFolder(region))
  const path = join(groupsFolder(region), group, 'data.mdb')
  const bytes = readFileSync(path)
  let flipped = 0
  for (let at = bytes.indexOf(`${marker} 7`); at >= 0; at = bytes.indexOf(`${marker} 7`, at + 1)) {
    bytes[at + 2] = (bytes[at + 2] as number) ^ 1
    flipped++
  }
  expect(flipped).toBeGreaterThan(0)
  writeFileSync(path, bytes)
}

it(
  'a lost store and a damaged one are filled again from the other replicas',
  { timeout: testMsMax + patienceMs },
  async () => {
    data = temporaryFolder()
    const first = await start()
    await strongTable(first)
    await fill(clientsOf(first), 0, items)
    await down()
    rmSync(groupsFolder(virginia), { recursive: true })
    flipByte(ohio)
    const clients = clientsOf(await start())
    for (const client of clients) await expectItems(client, items)
    // Each item is read, so that the damaged row is found.
    for (const client of clients)
      for (let n = 0; n < 20; n++) {
        const one = new GetItemCommand({ TableName, Key: { id: { S: `item ${n}` } }, ConsistentRead: true })
        const value = async (): Promise<string | undefined> =>
          (await client.send(one).catch(() => undefined))?.Item?.['value']?.S
        await eventually(`item ${n} is read`, async () => (await value()) === `${marker} ${n}`, patienceMs)
      }
    await fill(clients, items, items + 3)
    for (const client of clients) await expectItems(client, items + 3)
    const { output } = await longitude('status', '--json', '--data', data)
    const { groups } = JSON.parse(output) as { groups: { tables: string[]; members: { region: string }[] }[] }
    expect(groups).toMatchObject([
      { tables: [TableName], members: names.map((region) => ({ region, majority: true })) },
    ])
    expect(readdirSync(groupsFolder(ohio)).some((name) => name.endsWith('.1'))).toBe(true)
    expect(readdirSync(groupsFolder(oregon)).some((name) => name.endsWith('.1'))).toBe(false)
  },
)

/** Strong in all regions, or the first region's alone; and nothing is under way any more. */
async function settled(clients: readonly DynamoDBClient[]): Promise<'strong' | 'alone' | undefined> {
  const tables = await Promise.all(clients.map(tableAt))
  const [own, ...others] = tables
  const isActive = (table: (typeof tables)[number]): boolean =>
    table?.TableStatus === 'ACTIVE' && (table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
  if (tables.every((table) => isActive(table) && table?.MultiRegionConsistency === 'STRONG')) return 'strong'
  const isAlone = isActive(own) && own?.MultiRegionConsistency === undefined && (own?.Replicas ?? []).length === 0
  return isAlone && others.every((table) => table === undefined) ? 'alone' : undefined
}

async function untilSettled(clients: readonly DynamoDBClient[]): Promise<'strong' | 'alone'> {
  let found: Awaited<ReturnType<typeof settled>>
  await eventually(
    'the table is whole on one side',
    async () => (found = await settled(clients)) !== undefined,
    patienceMs,
  )
  return found as 'strong' | 'alone'
}

it.runIf(goesLong)(
  'a node that is killed in the midst of a birth or a dissolution leaves a table that is whole on one side',
  { timeout: testMsMax + patienceMs },
  async () => {
    data = temporaryFolder()
    const up = await start()
    await plainTable(up)
    const clients = clientsOf(up)
    const [first] = clients as readonly [DynamoDBClient]
    let state: 'strong' | 'alone' = 'alone'
    let count = 0
    for (let round = 0; round < roundsOfAll; round++) {
      const isBirth: boolean = state === 'alone'
      const wanted = isBirth ? birth : dissolution
      if (state === 'strong') {
        await fill(clients, count, count + 20)
        count += 20
      }
      const asked = isDone(first.send(wanted))
      await pause(400 * Math.random())
      const victim = round % 3 === 2 ? anyOf(names) : virginia
      await killOne(data, (command) => / node /.test(command) && command.includes(`--region=${victim} `))
      await asked
      state = await untilSettled(clients)
      // One that did not begin is asked for again, without a kill.
      if (state === (isBirth ? 'alone' : 'strong')) {
        await eventually('it is asked for again', async () => await isDone(first.send(wanted)), patienceMs)
        const aim: 'strong' | 'alone' = isBirth ? 'strong' : 'alone'
        await eventually('it is done', async () => (await settled(clients)) === aim, patienceMs)
        state = aim
      }
      if (count > 0 && state === 'alone') await expectItems(first, count)
      // A birth begins with an empty table.
      if (state === 'alone') count = await emptied(first)
    }
  },
)

async function emptied(client: DynamoDBClient): Promise<0> {
  for (;;) {
    const { Items = [] } = await client.send(new ScanCommand({ TableName, ProjectionExpression: 'id' }))
    if (Items.length === 0) return 0
    for (const Key of Items) await client.send(new DeleteItemCommand({ TableName, Key }))
  }
}

/** Of version 2.10, the oldest that is taken: LONGITUDE_OLD_NATS_SERVER names it. */
const oldServer = process.env['LONGITUDE_OLD_NATS_SERVER']

it.runIf(oldServer !== undefined)(
  'the oldest nats-server that is taken serves a table with strong consistency',
  { timeout: testMsMax + patienceMs },
  async () => {
    data = temporaryFolder()
    const up = await start('--nats-server', oldServer ?? '')
    await strongTable(up)
    const clients = clientsOf(up)
    await fill(clients, 0, 30)
    for (const client of clients) await expectItems(client, 30)
    await killOne(data, (command) => command.includes(join(data, ohio, 'quorum.conf')))
    await fill(clients, 30, 40)
    for (const client of clients) await expectItems(client, 40)
  },
)
