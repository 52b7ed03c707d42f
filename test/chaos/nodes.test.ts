/**
 * Regions of three nodes, with real processes: nodes die, with their NATS servers and with their disks, are stopped in order, and stand still, while clients read, write,
 * write on condition and count through the region's endpoint, and its writes replicate to another region. Nothing acknowledged is lost, the history of the region is
 * linearizable, and each node comes back by itself. How long writes stood still after each loss is printed. Briefly in the default run; npm run chaos -- nodes for many rounds.
 */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, expect, it } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { nodeEndpointsOf } from '../../src/deployment/data-folder.ts'
import { foundToken } from '../../src/deployment/secrets/admin-token.ts'
import { type NodeAnswer, nodesStatusOf } from '../../src/deployment/status/nodes-status.ts'
import type { FaultKind, Part } from '../../src/supervisor/control/supervisor-calls.ts'
import { type ControlClient, controlOf } from '../../src/supervisor/control/supervisor-client.ts'
import { prepareProgram, removeFolder, temporaryFolder, up, type Up } from '../cli/command-line.ts'
import { ask } from '../linearizability/dynamodb-register.ts'
import { Recorder } from '../linearizability/recorder.ts'
import { Workload } from '../linearizability/workload.ts'
import { expectLinearizable } from './linearizable.ts'
import { anyOf, goesLong, rounds, testMsMax } from './pace.ts'
import { pause, until } from './until.ts'

const [here, there] = ['us-east-1', 'eu-west-1'] as const
const nodes = ['a', 'b', 'c'] as const
const TableName = 'registers'
const clients = 4
const thinkMs = 20
const writeEveryMs = 25
const habits = { registers: 2, counters: 1, counterMax: 12 }
const patienceMs = goesLong ? 180_000 : 90_000
const roundsLong = Number(process.env['LONGITUDE_CHAOS_ROUNDS'] ?? 40)
const owner = 'chaos'
const faultMsMax = 10 * 60_000

let running: Up | undefined
let data = ''

beforeAll(() => prepareProgram(), 600_000)
afterEach(async () => {
  running?.supervisor.kill('SIGTERM')
  await running?.ended
  if (data !== '') removeFolder(data)
})

function clientOf(region: string, maxAttempts: number): DynamoDBClient {
  const endpoint = running?.overview.regions.find((each) => each.region === region)?.endpoint ?? ''
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint, region, credentials, maxAttempts })
}

/** Writes items of its own, one after the other with the retries of the SDK, and knows which were acknowledged, and when. */
class Ledger {
  readonly acknowledged: string[] = []
  /** The longest time without an acknowledgement since `mark`. */
  #longestMs = 0
  #lastMs = performance.now()
  readonly #client: DynamoDBClient
  readonly #prefix: string

  constructor(client: DynamoDBClient, prefix: string) {
    this.#client = client
    this.#prefix = prefix
  }

  async run(over: AbortSignal): Promise<void> {
    for (let n = 0; !over.aborted; n++) {
      const id = `${this.#prefix}-${n}`
      const isDone = await this.#client.send(new PutItemCommand({ TableName, Item: { id: { S: id } } })).then(
        () => true,
        () => false,
      )
      if (isDone) {
        this.acknowledged.push(id)
        this.#longestMs = Math.max(this.#longestMs, performance.now() - this.#lastMs)
        this.#lastMs = performance.now()
      }
      await pause(writeEveryMs)
    }
  }

  mark(): void {
    this.#longestMs = 0
  }

  get stoodStillMs(): number {
    return Math.round(Math.max(this.#longestMs, performance.now() - this.#lastMs))
  }
}

async function load(name: string, workload: Workload, recorder: Recorder, over: AbortSignal): Promise<void> {
  const dynamodb = clientOf(here, 1)
  while (!over.aborted) {
    const request = workload.next()
    const end = recorder.begin(name, request.key, request.action, request.isEventual)
    const told = await ask(dynamodb, TableName, request)
    end(told)
    if (told.value !== undefined) workload.saw(request.key, told.value)
    await pause(thinkMs * 2 * Math.random())
  }
  dynamodb.destroy()
}

async function globalTable(): Promise<void> {
  const dynamodb = clientOf(here, 5)
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    }),
  )
  const isActive = async (): Promise<boolean> => {
    const { Table } = await dynamodb.send(new DescribeTableCommand({ TableName })).catch(() => ({ Table: undefined }))
    return Table?.TableStatus === 'ACTIVE' && (Table.Replicas ?? []).every((one) => one.ReplicaStatus === 'ACTIVE')
  }
  await until('the table is active', isActive, patienceMs)
  await dynamodb.send(new UpdateTableCommand({ TableName, ReplicaUpdates: [{ Create: { RegionName: there } }] }))
  await until('its replica is active', isActive, patienceMs)
  dynamodb.destroy()
}

async function nodesOf(region: string): Promise<readonly NodeAnswer[]> {
  return await nodesStatusOf(nodeEndpointsOf(data)[region] ?? {}, foundToken({ data }))
}

async function leaderOf(region: string): Promise<string> {
  let leader: string | undefined
  await until(
    `${region} has a leading node`,
    async () => {
      leader = (await nodesOf(region)).find(({ role }) => role === 'leading')?.node
      return leader !== undefined
    },
    patienceMs,
  )
  return leader ?? ''
}

/** Begins; the returned function ends it. */
type Loss = {
  readonly name: string
  readonly isBrief: boolean
  begin(control: ControlClient, region: string): Promise<() => Promise<void>>
}

async function breakParts(
  control: ControlClient,
  of: { region: string; node: string },
  kind: FaultKind,
  parts: readonly Part[],
) {
  await Promise.all(parts.map((part) => control.break({ owner, ...of, part, kind, forMs: faultMsMax })))
  return async (): Promise<void> => void (await control.heal({ owner, region: of.region }))
}

const followerOf = async (region: string): Promise<string> => {
  const leader = await leaderOf(region)
  return anyOf(nodes.filter((node) => node !== leader))
}

const losses: readonly Loss[] = [
  {
    name: 'kill -9 of the leading node',
    isBrief: true,
    begin: async (control, region) => breakParts(control, { region, node: await leaderOf(region) }, 'kill', ['node']),
  },
  {
    name: 'kill -9 of the leading node and its two NATS servers',
    isBrief: true,
    begin: async (control, region) =>
      breakParts(control, { region, node: await leaderOf(region) }, 'kill', ['node', 'nats']),
  },
  {
    name: 'a node that follows loses its whole folder while it is down',
    isBrief: true,
    begin: async (control, region) => {
      const node = await followerOf(region)
      const end = await breakParts(control, { region, node }, 'kill', ['node', 'nats'])
      rmSync(join(data, region, node), { recursive: true, force: true })
      return end
    },
  },
  {
    name: 'kill -9 of a node that follows',
    isBrief: false,
    begin: async (control, region) => breakParts(control, { region, node: await followerOf(region) }, 'kill', ['node']),
  },
  {
    name: 'the leading node loses its whole folder while it is down',
    isBrief: false,
    begin: async (control, region) => {
      const node = await leaderOf(region)
      const end = await breakParts(control, { region, node }, 'kill', ['node', 'nats'])
      rmSync(join(data, region, node), { recursive: true, force: true })
      return end
    },
  },
  {
    name: 'SIGTERM of the leading node',
    isBrief: false,
    begin: async (control, region) => breakParts(control, { region, node: await leaderOf(region) }, 'stop', ['node']),
  },
  {
    name: 'the leading node stands still (SIGSTOP)',
    isBrief: false,
    begin: async (control, region) => breakParts(control, { region, node: await leaderOf(region) }, 'freeze', ['node']),
  },
  {
    name: 'the NATS servers of the leading node stand still, as behind a cut',
    isBrief: false,
    begin: async (control, region) => breakParts(control, { region, node: await leaderOf(region) }, 'freeze', ['nats']),
  },
  {
    name: 'kill -9 of the quorum and NATS servers of the leading node',
    isBrief: false,
    begin: async (control, region) => breakParts(control, { region, node: await leaderOf(region) }, 'kill', ['nats']),
  },
]

/** So long a part is lost, which a region that goes on does not need. */
const lostMs = (): number => (goesLong ? 4000 + 8000 * Math.random() : 4000)

it(
  'a region of three nodes loses any one of them, and no acknowledged write',
  { timeout: testMsMax + 2 * patienceMs },
  async () => {
    data = temporaryFolder()
    const around = ['--no-latency', '--no-cache', '--no-front-door', '--no-console']
    running = await up(data, '--regions', [here, there].join(), '--nodes', '3', ...around)
    const control = controlOf({ data })
    if (control === undefined) throw new Error('no control')
    await globalTable()
    const recorder = new Recorder(() => performance.now())
    const random = new SeededRandom(Math.floor(Math.random() * 1e9))
    const workloads = Array.from({ length: clients }, (_, n) => new Workload(`client-${n}`, random.fork(), habits))
    const over = new AbortController()
    const ledger = new Ledger(clientOf(here, 10), 'own')
    const loads = [
      ledger.run(over.signal),
      ...workloads.map((workload, n) => load(`client-${n}`, workload, recorder, over.signal)),
    ]
    const chosen = losses.filter(({ isBrief }) => goesLong || isBrief)
    try {
      for (let round = 0; round < rounds(chosen.length, roundsLong); round++) {
        const loss = chosen[round % chosen.length]
        // The region that only receives loses its nodes too, now and then.
        const region = goesLong && round % 4 === 3 ? there : here
        for (const workload of workloads) workload.turn(round)
        await pause(1000)
        ledger.mark()
        const end = await loss?.begin(control, region)
        await pause(lostMs())
        const count = ledger.acknowledged.length
        await until('the region goes on without it', async () => ledger.acknowledged.length > count + 10, patienceMs)
        const stoodStillMs = ledger.stoodStillMs
        await replicated(ledger)
        await end?.()
        await until(
          'every node is back',
          async () => (await nodesOf(region)).every(({ health }) => health === 'ready'),
          patienceMs,
        )
        console.log(`${region}: ${loss?.name}: writes stood still for ${stoodStillMs} ms`)
      }
    } finally {
      over.abort()
      await Promise.all(loads)
    }
    expectLinearizable(recorder)
    await allThere(ledger, here)
    await allThere(ledger, there)
  },
)

/** What was acknowledged last arrives in the other region. */
async function replicated({ acknowledged }: Ledger): Promise<void> {
  const id = acknowledged.at(-1) ?? ''
  const dynamodb = clientOf(there, 5)
  const isThere = async (): Promise<boolean> => {
    const read = dynamodb.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }))
    return (await read.catch(() => ({ Item: undefined }))).Item !== undefined
  }
  await until(`${id} is replicated`, isThere, patienceMs)
  dynamodb.destroy()
}

async function allThere({ acknowledged }: Ledger, region: string): Promise<void> {
  const dynamodb = clientOf(region, 10)
  const missing: string[] = []
  for (const id of acknowledged) {
    const { Item } = await dynamodb.send(
      new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }),
    )
    if (Item === undefined) missing.push(id)
  }
  dynamodb.destroy()
  expect(acknowledged.length).toBeGreaterThan(50)
  expect(missing, `acknowledged, and not in ${region}`).toEqual([])
}
