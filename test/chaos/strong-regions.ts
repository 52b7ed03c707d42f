/** A deployment by `longitude up` with a table of strong consistency in three regions, whose processes a test kills. */
import { readdirSync, readFileSync } from 'node:fs'
import {
  DescribeTableCommand,
  DynamoDBClient,
  type TableDescription,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { eventually, up, type Up } from '../cli/command-line.ts'
import { sendRequest } from './request.ts'

export const names = ['us-east-1', 'us-east-2', 'us-west-2'] as const
export const TableName = 'registers'
/** A machine with much else to do needs long to start nine processes, and to elect. */
export const patienceMs = 120_000

/** Without distance, and with nothing but regions. */
export async function threeRegions(data: string, ...more: readonly string[]): Promise<Up> {
  const bare = ['--no-latency', '--no-cache', '--no-front-door', '--no-console']
  return await up(data, '--regions', names.join(), ...bare, ...more)
}

export const birth = new UpdateTableCommand({
  TableName,
  ReplicaUpdates: names.slice(1).map((RegionName) => ({ Create: { RegionName } })),
  MultiRegionConsistency: 'STRONG',
})
export const dissolution = new UpdateTableCommand({
  TableName,
  ReplicaUpdates: names.slice(1).map((RegionName) => ({ Delete: { RegionName } })),
})

/** In the first region alone. */
export async function plainTable({ overview }: Up): Promise<void> {
  const [first] = overview.regions
  if (first === undefined) throw new Error('no region')
  const dynamodb = clientOf(first)
  await sendRequest(first.endpoint, 'CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  })
  await eventually('the table is active', () => isActive(dynamodb), patienceMs)
  dynamodb.destroy()
}

export async function strongTable(running: Up): Promise<void> {
  await plainTable(running)
  const clients = running.overview.regions.map(clientOf)
  await clients[0]?.send(birth)
  for (const client of clients) await eventually('the table is active everywhere', () => isActive(client), patienceMs)
  for (const client of clients) client.destroy()
}

export async function tableAt(client: DynamoDBClient): Promise<TableDescription | undefined> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName })).catch(() => ({ Table: undefined }))
  return Table
}

async function isActive(client: DynamoDBClient): Promise<boolean> {
  const table = await tableAt(client)
  return table?.TableStatus === 'ACTIVE' && (table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
}

export function clientOf({ endpoint, region }: { readonly endpoint: string; readonly region: string }): DynamoDBClient {
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 1 })
}

/** A process of that region in this deployment; the supervisor starts another in its place. */
export async function killOne(folder: string, isIt: (command: string) => boolean): Promise<void> {
  const pidOf = (): string | undefined =>
    readdirSync('/proc').find((name) => {
      const command = /^\d+$/.test(name) ? commandOf(name) : ''
      return command.includes(folder) && isIt(command)
    })
  await eventually('the process to kill runs', () => pidOf() !== undefined, patienceMs)
  process.kill(Number(pidOf()), 'SIGKILL')
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}
