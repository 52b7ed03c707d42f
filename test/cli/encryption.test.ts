/** A deployment with a keyring: real processes, and no file of it that holds a value in plain. */
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateBackupCommand,
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateContinuousBackupsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  removeFolder,
  temporaryFolder,
  up,
} from './command-line.ts'

const TableName = 'Employees'
const marker = 'KNOWN-VALUE-THAT-IS-NO-KEY'
const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1']
const data = temporaryFolder()
const keys = temporaryFolder()
const keyring = join(keys, 'keyring')
const options = ['--regions', names.join(','), '--no-latency', '--no-cache', '--workers', '2', '--keyring', keyring]

beforeAll(() => prepareProgram())
afterAll(() => {
  removeFolder(data)
  removeFolder(keys)
})

const valueIn = async (client: DynamoDBClient, id: string, of = TableName): Promise<string | undefined> => {
  const { Item } = await client.send(
    new GetItemCommand({ TableName: of, Key: { EmployeeID: { S: id } }, ConsistentRead: true }),
  )
  return Item?.['value']?.S
}

const Strong = 'Registers'

/** Three regions share it, and the store of each has it. */
async function strongTable(clients: readonly DynamoDBClient[]): Promise<void> {
  const [first] = clients as [DynamoDBClient]
  await first.send(
    new CreateTableCommand({
      TableName: Strong,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'EmployeeID', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'EmployeeID', KeyType: 'HASH' }],
    }),
  )
  const isActive = async (): Promise<boolean> =>
    (await first.send(new DescribeTableCommand({ TableName: Strong }))).Table?.TableStatus === 'ACTIVE'
  await eventually('the table may become strong', isActive, 60_000)
  const ReplicaUpdates = names.slice(1).map((RegionName) => ({ Create: { RegionName } }))
  await first.send(new UpdateTableCommand({ TableName: Strong, ReplicaUpdates, MultiRegionConsistency: 'STRONG' }))
  const put = new PutItemCommand({
    TableName: Strong,
    Item: { EmployeeID: { S: 'E0' }, value: { S: `${marker}-strong` } },
  })
  const isTaken = async (client: DynamoDBClient): Promise<boolean> =>
    await client.send(put).then(
      () => true,
      () => false,
    )
  for (const client of clients) await eventually('the table takes writes', async () => await isTaken(client), 90_000)
}

test('holds no value in plain, serves through its workers, and needs its keyring', { timeout: 240_000 }, async () => {
  const first = await up(data, ...options)
  const clients = names.map((name) => clientAt(first.overview.regions.find(({ region }) => region === name)))
  const [us, eu] = clients as [DynamoDBClient, DynamoDBClient]
  await createTable(us)
  await us.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    }),
  )
  await us.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: names[1] } }] }))
  await Promise.all(
    Array.from({ length: 30 }, (_, n) =>
      us.send(new PutItemCommand({ TableName, Item: { EmployeeID: { S: `E${n}` }, value: { S: `${marker}-${n}` } } })),
    ),
  )
  await us.send(new CreateBackupCommand({ TableName, BackupName: 'a-backup' }))
  await eventually(
    'the peer has it',
    async () => (await valueIn(eu, 'E29').catch(() => undefined)) === `${marker}-29`,
    60_000,
  )
  await strongTable(clients)
  for (const n of [0, 7, 13]) expect(await valueIn(us, `E${n}`)).toBe(`${marker}-${n}`)
  expect(plainFiles()).toEqual([])
  first.supervisor.kill('SIGTERM')
  await first.ended
  expect(plainFiles()).toEqual([])

  const { errors } = await longitude('node', '--region', 'us-east-1', '--data', join(data, 'us-east-1'), '--port', '1')
  expect(errors).toContain('is encrypted: give the --keyring or the --key-service that it was encrypted with')

  // One replica of the other table is filled again.
  rmSync(join(data, 'us-east-1', 'groups'), { recursive: true })
  const second = await up(data, ...options)
  const again = clientAt(second.overview.regions[0])
  expect(await valueIn(again, 'E3')).toBe(`${marker}-3`)
  const strong = async (): Promise<string | undefined> => await valueIn(again, 'E0', Strong).catch(() => undefined)
  await eventually('the replica is whole again', async () => (await strong()) === `${marker}-strong`, 60_000)
  expect(existsSync(join(data, 'us-east-1', 'groups'))).toBe(true)
  expect(plainFiles()).toEqual([])
  second.supervisor.kill('SIGTERM')
  await second.ended
})

function plainFiles(): readonly string[] {
  const files = readdirSync(data, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  expect(files.length).toBeGreaterThan(10)
  return files.map(({ parentPath, name }) => join(parentPath, name)).filter((path) => contentOf(path)?.includes(marker))
}

/** Undefined of a file that was renamed since it was listed: it is there under its name by the end. */
function contentOf(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
