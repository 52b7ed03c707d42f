/** One region alone, and what becomes of its data when others join it, or leave. */
import { GetItemCommand, PutItemCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  background,
  clientAt,
  createTable,
  eventually,
  longitude,
  prepareProgram,
  randomBasePort,
  removeFolder,
  statusOf,
  temporaryFolder,
  up,
} from './command-line.ts'
import type { Up } from './command-line.ts'

const started: Up[] = []
const folders: string[] = []

beforeAll(prepareProgram, 60_000)
afterEach(async () => {
  for (const { supervisor, ended } of started.splice(0)) {
    supervisor.kill('SIGTERM')
    await ended
  }
  for (const made of folders.splice(0)) removeFolder(made)
})

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

async function upWith(data: string, ...args: readonly string[]): Promise<Up> {
  const running = await up(data, ...args)
  started.push(running)
  return running
}

async function stop(running: Up): Promise<void> {
  started.splice(started.indexOf(running), 1)
  running.supervisor.kill('SIGTERM')
  expect(await running.ended).toMatchObject({ status: 0 })
}

const row = (id: string, by: string) => ({ EmployeeID: { S: id }, by: { S: by } })

async function put({ overview }: Up, index: number, id: string): Promise<void> {
  const region = overview.regions[index]
  await clientAt(region).send(
    new PutItemCommand({ TableName: 'Employees', Item: row(id, region?.region ?? 'no region') }),
  )
}

async function get({ overview }: Up, index: number, id: string) {
  const { Item: item } = await clientAt(overview.regions[index]).send(
    new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: { S: id } }, ConsistentRead: true }),
  )
  return item
}

describe('one region alone', { timeout: 90_000 }, () => {
  test('starts without each part, and its data serves in three regions, two and one again', async () => {
    const data = folder()
    const alone = await upWith(
      data,
      '--regions',
      'us-east-1',
      '--no-cache',
      '--no-front-door',
      '--no-latency',
      '--workers',
      '2',
    )
    expect(alone.overview.regions.map(({ region, state }) => [region, state])).toEqual([['us-east-1', 'ready']])
    await createTable(clientAt(alone.overview.regions[0]))
    await put(alone, 0, 'alone')
    await stop(alone)

    const three = await upWith(data, '--no-latency')
    await clientAt(three.overview.regions[0]).send(
      new UpdateTableCommand({
        TableName: 'Employees',
        ReplicaUpdates: [{ Create: { RegionName: 'eu-west-1' } }],
      }),
    )
    await eventually('the item has arrived', async () => {
      const found = await get(three, 1, 'alone').catch(() => undefined)
      return found !== undefined
    })
    await put(three, 1, 'by another')
    await eventually('the other item has arrived', async () => (await get(three, 0, 'by another')) !== undefined)
    await stop(three)

    const again = await upWith(data, '--regions', 'eu-west-1')
    expect(await get(again, 0, 'alone')).toEqual(row('alone', 'us-east-1'))
    await put(again, 0, 'later')
    expect(await get(again, 0, 'later')).toEqual(row('later', 'eu-west-1'))
  })

  test('answers every command of an operator', async () => {
    const data = folder()
    const running = await upWith(data, '--regions', 'us-east-1')
    await createTable(clientAt(running.overview.regions[0]))
    expect(await longitude('links', '--json', '--data', data)).toMatchObject({ status: 0, output: '{"links":[]}\n' })
    expect(await longitude('links', 'heal', '--json', '--data', data)).toMatchObject({ status: 0 })
    const cut = await longitude('links', 'set', 'all', '--down', '--data', data)
    expect(cut).toMatchObject({ status: 1, errors: expect.stringContaining('one region alone has no links') })
    expect(await longitude('status', '--data', data)).toMatchObject({ status: 0, errors: '' })
    expect(await longitude('verify', 'Employees', '--data', data)).toMatchObject({ status: 0, errors: '' })
  })

  test('links that carry nothing serve their control', async () => {
    const port = String(randomBasePort())
    const links = background('links', 'run', '--control-port', port)
    await eventually('it serves', async () => (await statusOf(`http://127.0.0.1:${port}/health`)) === 200)
    links.process.kill('SIGTERM')
    expect(await links.ended).toMatchObject({ status: 0 })
  })
})
