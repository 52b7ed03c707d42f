import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GetItemCommand, PutItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  alive,
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

const two = ['--regions', 'us-east-1,eu-west-1', '--no-latency']

function client({ overview }: Up, index: number): DynamoDBClient {
  return clientAt(overview.regions[index])
}

const item = { EmployeeID: { S: 'E001' }, Name: { S: 'Ann' } }

describe('longitude up', { timeout: 60_000 }, () => {
  test('runs three regions with the distances between them, and Ctrl-C leaves none of its processes', async () => {
    const running = await upWith(folder())
    const { regions, processes } = running.overview
    expect(regions.map(({ region, state }) => [region, state])).toEqual([
      ['us-east-1', 'ready'],
      ['eu-west-1', 'ready'],
      ['ap-northeast-1', 'ready'],
    ])
    expect(regions[0]?.distances).toEqual({ 'eu-west-1': 69.6, 'ap-northeast-1': 149.7 })
    for (const { endpoint } of regions)
      for (const path of ['/health', '/ready', '/metrics']) expect(await statusOf(endpoint + path)).toBe(200)
    expect(alive(processes)).toEqual(processes)
    const [{ endpoint } = { endpoint: '' }, { region, endpoint: there } = { region: '', endpoint: '' }] = regions
    const misdirected = clientAt({ endpoint, region })
    const sent = misdirected.send(new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: item.EmployeeID } }))
    await expect(sent).rejects.toThrow(`${region} is at ${there}`)
    misdirected.destroy()
    // As a terminal does it: to the whole group, of which the children are no part.
    process.kill(-(running.supervisor.pid ?? 0), 'SIGINT')
    expect(await running.ended).toMatchObject({ status: 0 })
    expect(alive(processes)).toEqual([])
  })

  test('has all data again after a stop and a start', async () => {
    const data = folder()
    // Other users read nothing of it, whatever the shell's umask is.
    const umask = process.umask(0)
    const before = await upWith(data, ...two).finally(() => process.umask(umask))
    await createTable(client(before, 0))
    await client(before, 0).send(new PutItemCommand({ TableName: 'Employees', Item: item }))
    const paths = readdirSync(data, { recursive: true, encoding: 'utf8' })
    expect(paths.filter((path) => path.endsWith('.blk')).length).toBeGreaterThan(0)
    expect(paths.filter((path) => (statSync(join(data, path)).mode & 0o077) !== 0)).toEqual([])
    before.supervisor.kill('SIGTERM')
    await before.ended
    const after = await upWith(data, ...two)
    const found = await client(after, 0).send(
      new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: item.EmployeeID } }),
    )
    expect(found.Item).toEqual(item)
  })

  test('leaves none of its processes when the supervisor is killed, and starts again on what was acknowledged', async () => {
    const data = folder()
    // Other users read nothing of it, whatever the shell's umask is.
    const umask = process.umask(0)
    const before = await upWith(data, ...two).finally(() => process.umask(umask))
    await createTable(client(before, 0))
    await client(before, 0).send(new PutItemCommand({ TableName: 'Employees', Item: item }))
    const paths = readdirSync(data, { recursive: true, encoding: 'utf8' })
    expect(paths.filter((path) => path.endsWith('.blk')).length).toBeGreaterThan(0)
    expect(paths.filter((path) => (statSync(join(data, path)).mode & 0o077) !== 0)).toEqual([])
    before.supervisor.kill('SIGKILL')
    const after = await upWith(data, ...two)
    expect(alive(before.overview.processes)).toEqual([])
    const found = await client(after, 0).send(
      new GetItemCommand({ TableName: 'Employees', Key: { EmployeeID: item.EmployeeID } }),
    )
    expect(found.Item).toEqual(item)
  })

  test('starts a node and a NATS server again that have died, and says so', async () => {
    const running = await upWith(folder(), ...two)
    const [first, second] = running.overview.regions
    if (first === undefined || second === undefined) throw new Error('two regions were asked for')
    process.kill(first.processes.node, 'SIGKILL')
    process.kill(second.processes.natsServer, 'SIGKILL')
    await eventually('both are ready again', () => running.errors().split('is ready again').length === 3)
    expect(running.errors()).toContain('node ended and is started again')
    expect(running.errors()).toContain('nats-server ended and is started again')
    expect(await statusOf(`${first.endpoint}/ready`)).toBe(200)
    expect(await statusOf(`${second.endpoint}/ready`)).toBe(200)
  })

  test('refuses a folder and ports that another run is using, and does not disturb it', async () => {
    const data = folder()
    const running = await upWith(data, ...two)
    const sameFolder = await longitude('up', '--data', data, '--base-port', String(randomBasePort()))
    expect(sameFolder.status).toBe(1)
    expect(sameFolder.errors).toContain(`${data} is in use by process ${running.supervisor.pid}`)
    const refused = join(folder(), 'new', 'data')
    const samePorts = await longitude('up', '--data', refused, '--base-port', String(running.basePort), ...two)
    expect(samePorts.status).toBe(1)
    // Nothing is left of what it had made.
    expect(existsSync(dirname(refused))).toBe(false)
    const sameName = await longitude('up', '--data', refused, '--name', running.overview.name, ...two)
    expect(sameName).toMatchObject({ status: 1, errors: expect.stringContaining(`${data} (process`) })
    expect(existsSync(dirname(refused))).toBe(false)
    expect(samePorts.errors).toContain(`port ${running.basePort} (the endpoint of us-east-1)`)
    expect(samePorts.errors).toContain('--base-port')
    expect(alive(running.overview.processes)).toEqual(running.overview.processes)
  })

  test('is described by status from any folder, also where a region is down', async () => {
    const data = folder()
    const { basePort, overview } = await upWith(data, ...two, '--name', 'shop')
    expect(overview.name).toBe('shop')
    // From another folder: it is the only one that runs, it has a name, and its ports name it too.
    for (const args of [[], ['--data', data], ['--name', 'shop'], ['--base-port', String(basePort)]]) {
      const lines = await longitude('status', ...args)
      expect(lines).toMatchObject({ status: 0, errors: '' })
      expect(lines.output).toMatch(/us-east-1 .* ready/)
    }
    // Somebody without the token learns that they are ready, and what to do to learn more.
    const elsewhere = [
      '--data',
      folder(),
      '--base-port',
      String(basePort),
      '--regions',
      'us-east-1,eu-west-1',
      '--check',
    ]
    const stranger = await longitude('status', ...elsewhere)
    expect(stranger.output).toMatch(/us-east-1 .* ready .*administration needs its token/)
    expect(stranger.status).toBe(2)
    const other = await longitude('status', '--json', '--data', folder(), '--base-port', String(randomBasePort()))
    expect(other.status).toBe(1)
    const { regions } = JSON.parse(other.output) as { regions: { health: string }[] }
    expect(regions.map(({ health }) => health)).toEqual(['down', 'down', 'down'])
  })
})
