/**
 * Strong consistency between regions, with real processes: nodes and quorum servers are killed and links go down, while clients in all
 * regions read, write, write on condition and count. Their history is checked, and kept where it fails. It takes minutes: npm run chaos -- strong.
 */
import { join } from 'node:path'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterEach, beforeAll, it } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { eventually, longitude, prepareProgram, removeFolder, temporaryFolder, type Up } from '../cli/command-line.ts'
import { ask } from '../linearizability/dynamodb-register.ts'
import { Recorder } from '../linearizability/recorder.ts'
import { Workload } from '../linearizability/workload.ts'
import { expectLinearizable } from './linearizable.ts'
import { anyOf, goesLong, testMsMax } from './pace.ts'
import { clientOf, killOne, names, patienceMs, strongTable, TableName, threeRegions } from './strong-regions.ts'
import { pause } from './until.ts'

const clientsEach = 2
const thinkMs = 30
const roundsOfAll = Number(process.env['LONGITUDE_CHAOS_ROUNDS'] ?? 40)
const habits = { registers: 2, counters: 1, counterMax: 12 }

let running: Up | undefined
let data: string | undefined

beforeAll(() => {
  if (goesLong) prepareProgram()
}, 240_000)
afterEach(async () => {
  running?.supervisor.kill('SIGTERM')
  await running?.ended
  if (data !== undefined) removeFolder(data)
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

async function links(folder: string, ...args: readonly string[]): Promise<void> {
  const { status, errors } = await longitude('links', ...args, '--data', folder)
  if (status !== 0) throw new Error(errors)
}

/** Begins; the returned function ends it. */
type Mischief = (folder: string) => Promise<() => Promise<void>>

const nothing = async (): Promise<void> => {}

const mischiefs: readonly Mischief[] = [
  async (folder) => {
    const name = anyOf(names)
    await killOne(folder, (command) => command.includes(join(folder, name, 'quorum.conf')))
    return nothing
  },
  async (folder) => {
    const name = anyOf(names)
    await killOne(folder, (command) => / node /.test(command) && command.includes(`--region=${name} `))
    return nothing
  },
  async (folder) => {
    await links(folder, 'set', `${anyOf(names)}..all`, '--down')
    return async () => await links(folder, 'heal')
  },
  async (folder) => {
    const from = anyOf(names)
    const to = anyOf(names.filter((name) => name !== from))
    await links(folder, 'set', `${from}..${to}`, anyOf(['--down', '--reset']))
    return async () => await links(folder, 'heal')
  },
]

it.runIf(goesLong)(
  'the history of a strongly consistent table is linearizable while processes die and links go down',
  {
    timeout: testMsMax + 2 * patienceMs,
  },
  async () => {
    data = temporaryFolder()
    running = await threeRegions(data)
    await links(data, 'set', 'all', '--rtt', '10ms')
    await strongTable(running)
    const recorder = new Recorder(() => performance.now())
    const random = new SeededRandom(Math.floor(Math.random() * 1e9))
    const clients = running.overview.regions.flatMap((region) =>
      Array.from({ length: clientsEach }, (_, n): Client => {
        const name = `${region.region}/${n + 1}`
        return { name, dynamodb: clientOf(region), workload: new Workload(name, random.fork(), habits) }
      }),
    )
    const over = new AbortController()
    const loads = Promise.all(clients.map((client) => load(client, recorder, over.signal)))
    for (let round = 0; round < roundsOfAll; round++) {
      for (const { workload } of clients) workload.turn(round)
      await pause(1000 + 2000 * Math.random())
      const end = await mischiefs[round % mischiefs.length]?.(data)
      await pause(1000 + 8000 * Math.random())
      await end?.()
      await answering(clients)
    }
    over.abort()
    await loads
    for (const { dynamodb } of clients) dynamodb.destroy()
    expectLinearizable(recorder)
  },
)

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
