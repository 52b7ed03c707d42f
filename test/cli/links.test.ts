import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { notPrinted, stepsOf } from '../docs/outputs.ts'
import { ran } from '../unit/cli/run.ts'
import {
  background,
  longitude,
  prepareProgram,
  randomBasePort,
  removeFolder,
  temporaryFolder,
  up,
  type Up,
} from './command-line.ts'

const data = temporaryFolder()
let running: Up
const ends: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  prepareProgram()
  running = await up(data, '--regions', 'us-east-1,eu-west-1', '--failover', 'nearest')
}, 90_000)
afterAll(async () => {
  for (const end of ends) await end()
  running.supervisor.kill('SIGTERM')
  await running.ended
  removeFolder(data)
})

type View = {
  readonly from: string
  readonly to: string
  readonly roundTripMs: number
  readonly state: string
  readonly faults: readonly { readonly owner: string; readonly what: string; readonly endsAt: string | null }[]
}

async function links(...args: readonly string[]): Promise<readonly View[]> {
  const { status, output, errors } = await longitude('links', ...args, '--json', '--data', data)
  expect({ status, errors }).toEqual({ status: 0, errors: '' })
  return (JSON.parse(output) as { links: readonly View[] }).links
}

function client(endpoint: string, region: string): DynamoDBClient {
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint, region, credentials, maxAttempts: 6 })
}

/** The region that the front door says has answered. */
async function answering(dynamo: DynamoDBClient): Promise<string | undefined> {
  let region: string | undefined
  dynamo.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      region = (result.response as { headers: Record<string, string> }).headers['x-longitude-region']
      return result
    },
    { step: 'deserialize', priority: 'low', name: 'region', override: true },
  )
  await dynamo.send(new ListTablesCommand({}))
  return region
}

describe('links, vantage and front door of what `up` runs', { timeout: 120_000 }, () => {
  test('links are shown, changed, cut one way for a time, and healed', async () => {
    const table = await longitude('links', '--data', data)
    expect(table.output).toMatch(/us-east-1 +eu-west-1 +69\.6ms +the same +up/)
    const slow = await links(
      'set',
      'us-east-1..eu-west-1',
      '--rtt',
      '120ms',
      '--jitter',
      '10ms',
      '--bandwidth',
      '50mbit',
    )
    expect(slow.map(({ roundTripMs, state }) => [roundTripMs, state])).toEqual([
      [120, 'up'],
      [120, 'up'],
    ])
    const cut = await links('set', 'us-east-1..eu-west-1', '--one-way', '--down', '--for', '5m', '--owner', 'me')
    expect(cut).toMatchObject([{ from: 'us-east-1', to: 'eu-west-1', state: 'down', roundTripMs: 120 }])
    expect(cut[0]?.faults.at(-1)).toMatchObject({ owner: 'me', what: 'down' })
    const told = await longitude('links', '--data', data)
    expect(told.output).toMatch(
      /us-east-1 +eu-west-1 .* 120ms ± 10ms, 50mbit +down .* down by me since [\d:]+ until [\d:]+/,
    )
    expect((await links('set', 'all', '--up')).map(({ state, roundTripMs }) => [state, roundTripMs])).toEqual([
      ['up', 120],
      ['up', 120],
    ])
    expect((await links('heal')).map(({ roundTripMs, faults }) => [roundTripMs, faults])).toEqual([
      [69.6, []],
      [69.6, []],
    ])
  })

  test('links and faults of the API are shown as their pages show them', async () => {
    for (const [page, name] of [
      ['docs/operating/links.md', 'links'],
      ['docs/coding/faults.md', 'faults'],
    ] as const)
      for (const { args, lines } of stepsOf(page, name)) {
        const { status, output, errors } = await ran(...args, '--data', data)
        expect([args.join(' '), status, errors]).toEqual([args.join(' '), 0, ''])
        expect(notPrinted(lines, output), output).toEqual([])
      }
  })

  test('a mistake is told in a sentence', async () => {
    const own = ['--data', data]
    for (const [args, told] of [
      [['set', 'us-east-1..mars', '--down', ...own], 'no link us-east-1..mars here'],
      [['set', 'all', '--rtt', 'soon', ...own], '"soon"'],
      [['set', 'all', '--up', '--down', ...own], 'only one of'],
    ] as const) {
      const { status, output, errors } = await longitude('links', ...args)
      expect([status, output]).toEqual([1, ''])
      expect(errors).toContain(told)
      expect(errors).not.toContain('    at ')
    }
  })

  test('the front door leads an SDK with one endpoint to the region of its client, and on to the nearest when that is gone', async () => {
    const door = running.overview.services['frontDoor'] ?? ''
    const [virginia, ireland] = [client(door, 'us-east-1'), client(door, 'eu-west-1')]
    expect([await answering(virginia), await answering(ireland)]).toEqual(['us-east-1', 'eu-west-1'])
    await expect(answering(client(door, 'ap-south-1'))).rejects.toThrow(/not 'ap-south-1'/)
    process.kill(running.overview.regions[1]?.processes.node ?? 0, 'SIGKILL')
    expect(await answering(ireland)).toBe('us-east-1')
  })

  test('a vantage opens a local port to each region, as far as it is from there', async () => {
    const vantage = background('vantage', 'ap-southeast-2', '--json', '--data', data)
    ends.push(async () => {
      vantage.process.kill('SIGTERM')
      expect(await vantage.ended).toMatchObject({ status: 0 })
    })
    const line = await new Promise<string>((resolve) => {
      vantage.process.stdout?.once('data', (chunk: Buffer) => resolve(chunk.toString()))
    })
    const { regions, control } = JSON.parse(line) as {
      regions: { region: string; endpoint: string; roundTripMs: number }[]
      control: string
    }
    expect(regions.map(({ region, roundTripMs }) => [region, roundTripMs])).toEqual([
      ['us-east-1', 199.8],
      ['eu-west-1', 255.7],
    ])
    expect(regions[0]?.endpoint).toBe(`http://127.0.0.1:${running.basePort + 800}`)
    expect(await requestMs(regions[0]?.endpoint ?? '')).toBeGreaterThan(2 * 199)
    const set = ['links', 'set', 'all', '--rtt', '2ms', '--control', control, '--json', '--data', data]
    expect((await longitude(...set)).status).toBe(0)
    expect(await requestMs(regions[0]?.endpoint ?? '')).toBeLessThan(199)
  })
})

test('a vantage is shown as its page shows it', async () => {
  const [{ args, lines } = { args: [], lines: [] }] = stepsOf('docs/operating/links.md', 'vantage')
  const upstream = ['us-east-1', 'eu-west-1', 'ap-northeast-1'].flatMap((region, n) => [
    '--upstream',
    `${region}=http://127.0.0.1:${8000 + n}`,
  ])
  const vantage = background(...args, ...upstream, '--vantage-port', String(randomBasePort()), '--data', data)
  const printed = await new Promise<string>((resolve) => {
    let said = ''
    vantage.process.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('Ctrl-C')) resolve(said)
    })
    void vantage.ended.then(({ output, errors }) => resolve(output + errors))
  })
  vantage.process.kill('SIGTERM')
  expect(notPrinted(lines, printed), printed).toEqual([])
  const distances = (text: string): readonly string[] => text.match(/[\d.]+ ms/g) ?? []
  expect(distances(lines.join('\n'))).toEqual(distances(printed))
  await vantage.ended
}, 120_000)

/** Of a connection and a request on it. */
async function requestMs(endpoint: string): Promise<number> {
  const { hostname: host, port } = new URL(endpoint)
  const started = performance.now()
  const socket = connect({ host, port: Number(port) })
  socket.write('GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  await new Promise((resolve, reject) => {
    socket.once('data', resolve).once('error', reject)
  })
  socket.destroy()
  return performance.now() - started
}
