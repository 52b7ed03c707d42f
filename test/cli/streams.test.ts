/** `longitude streams tail` beside a running region. */
import { PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  background,
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

const data = temporaryFolder()
let running: Up

beforeAll(async () => {
  prepareProgram()
  const flags = ['--no-cache', '--no-front-door', '--stream-shards', '2']
  running = await up(data, '--regions', 'us-east-1', ...flags)
}, 180_000)

afterAll(async () => {
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
})

test('prints what there is and what comes, a line a record, and ends with the stream', async () => {
  const client = clientAt(running.overview.regions[0])
  const setStream = (StreamEnabled: boolean) =>
    client.send(
      new UpdateTableCommand({
        TableName: 'Employees',
        StreamSpecification: StreamEnabled ? { StreamEnabled, StreamViewType: 'NEW_IMAGE' } : { StreamEnabled },
      }),
    )
  const put = (id: string) =>
    client.send(new PutItemCommand({ TableName: 'Employees', Item: { EmployeeID: { S: id } } }))
  await createTable(client)
  expect(await longitude('streams', 'tail', 'Employees', '--data', data)).toMatchObject({ status: 1 })
  await setStream(true)
  await put('before')
  const tail = background('streams', 'tail', 'Employees', '--from', 'oldest', '--data', data)
  let printed = ''
  tail.process.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()))
  await eventually('the first record is printed', () => printed.includes('before'))
  await put('after')
  await eventually('the second record is printed', () => printed.includes('after'))
  await setStream(false)
  const { status, output } = await tail.ended
  expect(status).toBe(0)
  const records = output
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly eventName: string })
  expect(records.map(({ eventName }) => eventName)).toEqual(['INSERT', 'INSERT'])
}, 180_000)
