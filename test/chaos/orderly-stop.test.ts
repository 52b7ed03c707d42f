/** What is executed is answered, whichever process is asked to stop under load, over connections that are kept and pipelined. */
import { readFileSync, readdirSync } from 'node:fs'
import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import {
  alive,
  clientAt,
  createTable,
  eventually,
  prepareProgram,
  removeFolder,
  statusOf,
  temporaryFolder,
  up,
  type Up,
} from '../cli/command-line.ts'
import { rounds, testMsMax } from './pace.ts'
import { startLoad, type Load, type Outcome } from './pipelining-client.ts'

const started: Up[] = []
const folders: string[] = []
const region = 'us-east-1'

beforeAll(prepareProgram, 60_000)
afterEach(async () => {
  for (const { supervisor, ended } of started.splice(0)) {
    supervisor.kill('SIGTERM')
    await ended
  }
  for (const made of folders.splice(0)) removeFolder(made)
})

async function upWith(data: string): Promise<Up> {
  const running = await up(data, '--regions', region, '--workers', '2')
  started.push(running)
  return running
}

function folder(): string {
  const made = temporaryFolder()
  folders.push(made)
  return made
}

/** To the node, through its cache and through the front door; one request at a time, and several. */
function loadOn({ overview }: Up): Load {
  const [first] = overview.regions
  const endpoints = [first?.endpoint, first?.cache, overview.services['frontDoor']]
  return startLoad({
    endpoints: endpoints.filter((endpoint) => endpoint !== undefined),
    region,
    depths: [1, 1, 1, 2, 5],
    valueBytes: 500,
  })
}

async function answers(load: Load, count: number): Promise<void> {
  await eventually('the load is under way', () => load.outcomes.filter(({ status }) => status === 200).length >= count)
}

async function idsIn(client: DynamoDBClient): Promise<ReadonlySet<string | undefined>> {
  const ids = new Set<string | undefined>()
  const pages = paginateScan(
    { client },
    { TableName: 'Employees', ConsistentRead: true, ProjectionExpression: 'EmployeeID' },
  )
  for await (const { Items: items = [] } of pages) for (const item of items) ids.add(item['EmployeeID']?.S)
  return ids
}

/** A 500 says that it may have been done; everything else is a yes or a no. */
function wrong(outcomes: readonly Outcome[], there: ReadonlySet<string | undefined>): readonly Outcome[] {
  return outcomes.filter(({ id, status }) => status !== 500 && there.has(id) !== (status === 200))
}

function counts(outcomes: readonly Outcome[]): Readonly<Record<string, number>> {
  const by: Record<string, number> = {}
  for (const { status } of outcomes) by[String(status)] = (by[String(status)] ?? 0) + 1
  return by
}

function childrenOf(pid: number): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(Number(name)) === pid)
    .map(Number)
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return undefined
  }
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
}

describe('an orderly stop answers all that it executes', { timeout: testMsMax }, () => {
  const stops = {
    'of everything': ({ supervisor }: Up) => [supervisor.pid ?? 0],
    // As systemd does it, to all processes of a unit.
    'of all processes at once': ({ supervisor, overview }: Up) => [...overview.processes, supervisor.pid ?? 0],
  }
  for (const [name, pidsOf] of Object.entries(stops).slice(0, rounds(1, 2)))
    test(name, async () => {
      const data = folder()
      const running = await upWith(data)
      await createTable(clientAt(running.overview.regions[0]))
      const load = loadOn(running)
      await answers(load, 300)
      for (const pid of pidsOf(running)) process.kill(pid, 'SIGTERM')
      expect(await running.ended).toMatchObject({ status: 0 })
      await load.stop()
      expect(alive(running.overview.processes)).toEqual([])
      const again = await upWith(data)
      const there = await idsIn(clientAt(again.overview.regions[0]))
      expect(wrong(load.outcomes, there), JSON.stringify(counts(load.outcomes))).toEqual([])
    })

  test('of one process, while the others go on', async () => {
    const running = await upWith(folder())
    const [first] = running.overview.regions
    await createTable(clientAt(first))
    const node = first?.processes.node ?? 0
    const frontDoor = running.overview.processes.find((pid) => commandOf(pid).includes('front-door'))
    const [worker] = childrenOf(node)
    const victims = [worker, node, first?.processes.cache, frontDoor].slice(0, rounds(2, 4))
    for (const victim of victims) {
      const load = loadOn(running)
      await answers(load, 300)
      process.kill(victim ?? 0, 'SIGTERM')
      await eventually('it has ended', () => alive([victim ?? 0]).length === 0)
      await load.stop()
      await eventually('the node serves', async () => (await statusOf(`${first?.endpoint}/ready`)) === 200)
      const there = await idsIn(clientAt(first))
      expect(wrong(load.outcomes, there), JSON.stringify(counts(load.outcomes))).toEqual([])
    }
  })
})
