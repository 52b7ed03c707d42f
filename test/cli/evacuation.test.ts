/** `longitude evacuate` and `readmit` with real processes, while a client writes through the front door. */
import { DescribeTableCommand, GetItemCommand, PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { notPrinted, stepsOf } from '../docs/outputs.ts'
import {
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  removeFolder,
  temporaryFolder,
  up,
  type Up,
} from './command-line.ts'

const [leaving, refuge] = ['us-east-1', 'eu-west-1'] as const
const TableName = 'Employees'
const data = temporaryFolder()
let running: Up

beforeAll(async () => {
  prepareProgram()
  running = await up(data, '--regions', `${leaving},${refuge}`, '--no-cache', '--no-console', '--no-latency')
}, 120_000)

afterAll(async () => {
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
})

test('every write that was acknowledged is in the other region, and the front door leads there until it is readmitted', async () => {
  const [own, other] = running.overview.regions
  const [ownClient, otherClient] = [clientAt(own), clientAt(other)]
  const door = clientAt({ endpoint: running.overview.services['frontDoor'] ?? '', region: leaving })
  await createTable(ownClient)
  await ownClient.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: refuge } }] }))
  const put = async (id: string, client = door): Promise<boolean> =>
    await client.send(new PutItemCommand({ TableName, Item: { EmployeeID: { S: id } } })).then(
      () => true,
      () => false,
    )
  const has = async (id: string): Promise<boolean> =>
    (await otherClient.send(new GetItemCommand({ TableName, Key: { EmployeeID: { S: id } } }))).Item !== undefined
  await eventually('the front door takes a write', async () => await put('first'))
  await eventually('the replica has it', async () => await has('first').catch(() => false), 60_000)
  const isReplica = async (): Promise<boolean> => {
    const { Table } = await ownClient.send(new DescribeTableCommand({ TableName }))
    return Table?.Replicas?.every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE') === true
  }
  await eventually('the region that is left knows that the replica is complete', isReplica, 60_000)
  const written: string[] = []
  const over = new AbortController()
  const writing = (async () => {
    for (let n = 0; !over.signal.aborted; n++) if (await put(`item ${n}`)) written.push(`item ${n}`)
  })()
  await eventually('something is written', () => written.length > 5)
  const [{ args, lines } = { args: [], lines: [] }] = stepsOf('docs/operating/evacuation.md', 'evacuate')
  expect(args).toEqual(['evacuate', leaving, '--to', refuge])
  const { status, output } = await longitude(...args, '--data', data)
  expect([status, notPrinted(lines, output)], output).toEqual([0, []])
  const before = written.length
  await eventually('the front door leads to the other region', () => written.length > before + 5)
  over.abort()
  await writing
  expect(await put('behind the fence', ownClient)).toBe(false)
  for (const id of written) expect([id, await has(id)]).toEqual([id, true])
  expect((await longitude('status', '--data', data)).output).toContain(`evacuated to ${refuge}`)
  expect((await longitude('readmit', leaving, '--data', data)).status).toBe(0)
  await eventually('the region takes writes again', async () => await put('after', ownClient))
}, 120_000)
