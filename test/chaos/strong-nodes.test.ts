/**
 * Strong consistency between regions of three nodes each, with real processes: nodes of the first region that lead die, with their servers and with their disks, while clients in
 * all regions read, write, write on condition and count. Their history is checked. It takes minutes: npm run chaos -- strong-nodes.
 */
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, it } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { nodeEndpointsOf } from '../../src/deployment/data-folder.ts'
import { foundToken } from '../../src/deployment/secrets/admin-token.ts'
import { nodesStatusOf } from '../../src/deployment/status/nodes-status.ts'
import type { FaultKind, Part } from '../../src/supervisor/control/supervisor-calls.ts'
import { controlOf } from '../../src/supervisor/control/supervisor-client.ts'
import { eventually, prepareProgram, removeFolder, temporaryFolder, type Up } from '../cli/command-line.ts'
import { ask } from '../linearizability/dynamodb-register.ts'
import { Recorder } from '../linearizability/recorder.ts'
import { Workload } from '../linearizability/workload.ts'
import { expectLinearizable } from './linearizable.ts'
import { goesLong, testMsMax } from './pace.ts'
import { clientOf, names, patienceMs, strongTable, TableName, threeRegions } from './strong-regions.ts'
import { pause } from './until.ts'

const thinkMs = 50
const rounds = Number(process.env['LONGITUDE_CHAOS_ROUNDS'] ?? 12)
const habits = { registers: 2, counters: 1, counterMax: 12 }
const [here] = names
const owner = 'chaos'

let running: Up | undefined
let data = ''

beforeAll(() => {
  if (goesLong) prepareProgram()
}, 240_000)
afterEach(async () => {
  running?.supervisor.kill('SIGTERM')
  await running?.ended
  if (data !== '') removeFolder(data)
})

type Client = { readonly name: string; readonly dynamodb: DynamoDBClient; readonly workload: Workload }

async function load({ name, dynamodb, workload }: Client, recorder: Recorder, over: AbortSignal): Promise<void> {
  while (!over.aborted) {
    const request = workload.next()
    const end = recorder.begin(name, request.key, request.action, request.isEventual)
    const told = await ask(dynamodb, TableName, request)
    end(told)
    if (told.value !== undefined) workload.saw(request.key, told.value)
    await pause(thinkMs * 2 * Math.random())
  }
}

async function leader(): Promise<string> {
  let found: string | undefined
  await eventually(
    `${here} has a leading node`,
    async () => {
      const nodes = await nodesStatusOf(nodeEndpointsOf(data)[here] ?? {}, foundToken({ data }))
      found = nodes.find(({ role }) => role === 'leading')?.node
      return found !== undefined
    },
    patienceMs,
  )
  return found ?? ''
}

type Loss = { readonly parts: readonly Part[]; readonly kind: FaultKind; readonly ofRegion?: boolean }
const losses: readonly Loss[] = [
  { parts: ['node'], kind: 'kill' },
  { parts: ['node', 'nats'], kind: 'kill' },
  { parts: ['node'], kind: 'wipe' },
  { parts: ['node'], kind: 'freeze' },
  { parts: ['node'], kind: 'stop' },
  // With it goes the server that the region has among those of the other regions.
  { parts: ['nats'], kind: 'kill', ofRegion: true },
]

/** Every region answers a strong read again. */
async function answering(clients: readonly Client[]): Promise<void> {
  const request = { key: 'answering', action: { op: 'read' }, isEventual: false } as const
  for (const { name, dynamodb } of clients)
    await eventually(
      `${name} is answered`,
      async () => (await ask(dynamodb, TableName, request)).outcome === 'ok',
      patienceMs,
    )
}

it.runIf(goesLong)(
  'the history of a strongly consistent table is linearizable while nodes that lead a region of it are lost',
  { timeout: testMsMax + 4 * patienceMs },
  async () => {
    data = temporaryFolder()
    running = await threeRegions(data, '--nodes', '3')
    await strongTable(running)
    const control = controlOf({ data })
    if (control === undefined) throw new Error('no control')
    const recorder = new Recorder(() => performance.now())
    const random = new SeededRandom(Math.floor(Math.random() * 1e9))
    const clients = running.overview.regions.flatMap((region) =>
      Array.from({ length: region.region === here ? 2 : 1 }, (_, n): Client => {
        const name = `${region.region}/${n + 1}`
        return { name, dynamodb: clientOf(region), workload: new Workload(name, random.fork(), habits) }
      }),
    )
    const over = new AbortController()
    const loads = Promise.all(clients.map((client) => load(client, recorder, over.signal)))
    for (let round = 0; round < rounds; round++) {
      for (const { workload } of clients) workload.turn(round)
      await pause(2000)
      const { parts, kind, ofRegion = false } = losses[round % losses.length] as Loss
      const at = ofRegion ? {} : { node: await leader() }
      for (const part of parts) await control.break({ owner, region: here, ...at, part, kind, forMs: 600_000 })
      await pause(3000 + 6000 * Math.random())
      await control.heal({ owner })
      await answering(clients)
    }
    over.abort()
    await loads
    for (const { dynamodb } of clients) dynamodb.destroy()
    expectLinearizable(recorder)
  },
)
