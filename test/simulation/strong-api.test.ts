/**
 * Strongly consistent tables as applications use them: the API through the AWS SDK, in an embedded cluster on virtual time, from seeds. Clients
 * in all regions read, write, write on condition and count, while regions die and links are cut. Their history is checked.
 */
import { CreateTableCommand, DescribeTableCommand, DynamoDBClient, UpdateTableCommand } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { SeededRandom } from '../../src/adapters/memory/seeded-random.ts'
import { LocalEngine } from '../../src/engine/local-engine.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { check } from '../linearizability/check.ts'
import { drawingOf } from '../linearizability/drawing.ts'
import { ask } from '../linearizability/dynamodb-register.ts'
import { offenceIn } from '../linearizability/offence.ts'
import { Recorder } from '../linearizability/recorder.ts'
import { Workload } from '../linearizability/workload.ts'

const names = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const TableName = 'registers'
const seeds = Number(process.env['LONGITUDE_STRONG_SEEDS'] ?? 1)
const rounds = 4
const clientsEach = 2
const operationsMax = 150
const habits = { registers: 2, counters: 1, counterMax: 10 }
const activeMsMax = 120_000

type Client = { readonly name: string; readonly dynamodb: DynamoDBClient; readonly workload: Workload }

async function clusterOf(seed: number): Promise<EmbeddedCluster> {
  return await EmbeddedCluster.made({
    regions: [...names],
    clock: 'manual',
    seed,
    links: { default: { ms: 30 } },
  })
}

async function makeStrong(
  cluster: EmbeddedCluster,
  clients: readonly Client[],
  witness: string | undefined,
): Promise<void> {
  const [first] = clients
  const others = names.slice(1).filter((name) => name !== witness)
  const ReplicaUpdates = others.map((RegionName) => ({ Create: { RegionName } }))
  const witnesses = witness === undefined ? {} : { GlobalTableWitnessUpdates: [{ Create: { RegionName: witness } }] }
  const definition = {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
    BillingMode: 'PAY_PER_REQUEST' as const,
  }
  await answered(cluster, first?.dynamodb.send(new CreateTableCommand(definition)))
  await cluster.advance(1000)
  const update = { TableName, MultiRegionConsistency: 'STRONG' as const, ReplicaUpdates, ...witnesses }
  await answered(cluster, first?.dynamodb.send(new UpdateTableCommand(update)))
  for (let ms = 0; ms < activeMsMax; ms += 1000) {
    const shown = await Promise.all(
      clients.map(({ dynamodb }) => dynamodb.send(new DescribeTableCommand({ TableName })).catch(() => undefined)),
    )
    const isActive = (table: (typeof shown)[number]): boolean =>
      table?.Table?.TableStatus === 'ACTIVE' &&
      (table.Table.Replicas ?? []).every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE')
    if (shown.every(isActive)) return
    await cluster.advance(1000)
  }
  throw new Error('the table did not become active')
}

/** Moves time until it is answered. */
async function answered<T>(cluster: EmbeddedCluster, asked: Promise<T> | undefined): Promise<T | undefined> {
  const state = { isOver: asked === undefined }
  const over = asked?.finally(() => (state.isOver = true))
  over?.catch(() => undefined)
  while (!state.isOver) await cluster.advance(20)
  return await over
}

/** A client whose region does not answer asks again once something has changed. */
class Turns {
  #waiting: (() => void)[] = []

  async next(): Promise<void> {
    await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  turn(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}

type Load = { readonly recorder: Recorder; readonly over: AbortSignal; readonly turns: Turns }

async function load({ name, dynamodb, workload }: Client, { recorder, over, turns }: Load): Promise<void> {
  for (let n = 0; n < operationsMax && !over.aborted; n++) {
    const request = workload.next()
    const end = recorder.begin(name, request.key, request.action, request.isEventual)
    const told = await ask(dynamodb, TableName, request)
    end(told)
    if (told.value !== undefined) workload.saw(request.key, told.value)
    if (told.outcome === 'unknown' && !over.aborted) await turns.next()
  }
}

/** Returns what ends it. */
async function mischief(cluster: EmbeddedCluster, random: SeededRandom): Promise<() => Promise<void>> {
  const name = random.pick(names)
  if (random.chance(0.4)) {
    cluster.region(name).kill()
    return async () => await cluster.region(name).restart()
  }
  const others = names.filter((other) => other !== name)
  const cut = random.chance(0.5) ? others : [random.pick(others)]
  for (const other of cut) cluster.link(name, other).cut()
  return async () => {
    for (const other of cut) cluster.link(name, other).heal()
    await Promise.resolve()
  }
}

async function run(seed: number): Promise<Recorder> {
  const cluster = await clusterOf(seed)
  const random = new SeededRandom(seed)
  const witness = random.chance(0.5) ? names[2] : undefined
  const clientOf = (region: string, n: number): Client => {
    const dynamodb = new DynamoDBClient({ ...cluster.client(region), maxAttempts: 1 })
    return { name: `${region}/${n}`, dynamodb, workload: new Workload(`${region}/${n}`, random.fork(), habits) }
  }
  const having = names.filter((name) => name !== witness)
  const clients = having.flatMap((region) => Array.from({ length: clientsEach }, (_, n) => clientOf(region, n)))
  const over = new AbortController()
  const recorder = new Recorder(() => cluster.now().getTime())
  try {
    await makeStrong(cluster, clients, witness)
    const turns = new Turns()
    const loads = Promise.all(clients.map((client) => load(client, { recorder, over: over.signal, turns })))
    for (let round = 0; round < rounds; round++) {
      await cluster.advance(random.between(100, 1000))
      const end = await mischief(cluster, random)
      turns.turn()
      await cluster.advance(random.between(500, 8000))
      await end()
      turns.turn()
    }
    over.abort()
    turns.turn()
    await answered(cluster, loads)
    await cluster.advance(10_000)
    for (const { name, dynamodb } of clients) {
      const key = 'r1'
      const end = recorder.begin(name, key, { op: 'read' })
      const told = await answered(cluster, ask(dynamodb, TableName, { key, action: { op: 'read' }, isEventual: false }))
      expect(told?.outcome, `seed ${seed}: ${name} is answered in the end`).toBe('ok')
      if (told !== undefined) end(told)
    }
    return recorder
  } finally {
    for (const { dynamodb } of clients) dynamodb.destroy()
    await cluster.close()
  }
}

/** Returns the drawing of what is not linearizable. */
async function offenceOf(seed: number): Promise<string | undefined> {
  const history = (await run(seed)).history()
  const result = check(history)
  expect(history.operations.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(50)
  if (result.verdict === 'not linearizable') return drawingOf(result.key, offenceIn(null, result.refuted))
  return result.verdict === 'linearizable' ? undefined : result.verdict
}

test(`what applications are answered is linearizable, for seeds 1 to ${seeds}`, { timeout: 300_000 }, async () => {
  for (let seed = 1; seed <= seeds; seed++) expect([seed, await offenceOf(seed)]).toEqual([seed, undefined])
})

test('a strong read that does not wait for what has a place by now is found', { timeout: 300_000 }, async () => {
  const { prototype } = LocalEngine
  const usual = Object.getOwnPropertyDescriptor(prototype, 'barrier')
  Object.defineProperty(prototype, 'barrier', { ...usual, value: () => Promise.resolve() })
  try {
    expect(await offenceOf(1)).toContain('read')
  } finally {
    Object.defineProperty(prototype, 'barrier', usual ?? {})
  }
})
