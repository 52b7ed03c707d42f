/** The story of `longitude demo`, told on a stage: what two regions make of writes on both sides of a cut. */
import { performance } from 'node:perf_hooks'
import { Failure } from '../../../process/failure.ts'

/** Regions that can be cut off from each other, and asked what came of it. */
export type DemoStage = {
  /** By which other commands find the regions, if they can. */
  readonly name?: string
  readonly description: string
  readonly roundTripMs: number
  readonly endpoints: Readonly<Record<string, string>>
  cut(): Promise<void>
  heal(): Promise<void>
  conflicts(table: string): Promise<readonly DemoConflict[]>
  /** How many writes of a region the other one lacks, and how old the oldest of them is. */
  pending(from: string): Promise<{ readonly count: number; readonly lagMs: number }>
  /** A sentence: whether the replicas are equal. */
  verdict(table: string): Promise<string>
  close(): Promise<void>
}

export type DemoConflict = {
  readonly winner: string
  readonly loser: string
  readonly won: { readonly item: Readonly<Record<string, unknown>> | null }
  readonly lost: { readonly item: Readonly<Record<string, unknown>> | null }
}

export const demoRegions = ['us-east-1', 'eu-west-1'] as const

const [here, there] = demoRegions
const TableName = 'Orders'
const key = { id: { S: '1001' } }
/** So long the link is cut: the lag is to be seen. */
const cutMs = 2000
const pollMs = 20
const waitMsMax = 30_000

export async function tellDemo(stage: DemoStage, print: (line: string) => void): Promise<void> {
  print(`\n  Two regions: ${here} and ${there}, ${stage.roundTripMs} ms apart (${stage.description}).\n`)
  await makeTable(stage)
  const began = performance.now()
  const at = (line: string): void =>
    print(`  ${((performance.now() - began) / 1000).toFixed(1).padStart(4)} s  ${line}`)
  await write(stage, here, 'placed')
  const wroteMs = performance.now()
  await until(`${there} has the order`, async () => (await read(stage, there)) === 'placed')
  at(`${here} writes order 1001: placed. ${there} has it ${Math.round(performance.now() - wroteMs)} ms later.`)
  // What is pending later is then what the cut has left.
  await until('everything has arrived', async () => (await pendingOf(stage)) === 0)
  await stage.cut()
  at('The link is CUT. Both regions go on reading and writing:')
  await write(stage, here, 'shipped')
  at(`  ${here} writes order 1001: shipped      200 OK`)
  await pause(cutMs / 2)
  await write(stage, there, 'cancelled')
  at(`  ${there} writes order 1001: cancelled    200 OK`)
  await pause(cutMs / 2)
  for (const region of demoRegions) {
    const { count, lagMs } = await stage.pending(region)
    at(`  ${region} says: ${count} write pending, the oldest ${(lagMs / 1000).toFixed(1)} s old`)
  }
  const healedMs = performance.now()
  await stage.heal()
  at('The link is HEALED.')
  await until('the regions agree', async () => (await read(stage, here)) === (await read(stage, there)))
  await until('nothing is pending', async () => (await pendingOf(stage)) === 0)
  at(`Both regions read ${await read(stage, here)}, ${Math.round(performance.now() - healedMs)} ms after the heal.\n`)
  await tellOutcome(stage, print)
}

async function tellOutcome(stage: DemoStage, print: (line: string) => void): Promise<void> {
  const [conflict] = await stage.conflicts(TableName)
  if (conflict === undefined) throw new Failure('the demo has found no conflict, and there was one')
  print(`  Won:      ${stateOf(conflict.won)}, by ${conflict.winner}: the later write`)
  const feed = stage.name === undefined ? 'the feed of conflicts' : `longitude conflicts ${TableName}`
  print(`  Lost:     ${stateOf(conflict.lost)}, by ${conflict.loser}. It was acknowledged, and it is kept: ${feed}`)
  print(`  Pending:  ${await pendingOf(stage)} writes`)
  print(`  Verdict:  ${await stage.verdict(TableName)}\n`)
}

async function makeTable(stage: DemoStage): Promise<void> {
  await ask(stage, here, 'CreateTable', {
    TableName,
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  })
  await until('the table is there', async () => (await tableIn(stage, here))?.TableStatus === 'ACTIVE')
  await ask(stage, here, 'UpdateTable', { TableName, ReplicaUpdates: [{ Create: { RegionName: there } }] })
  await until('the replica is there', async () => {
    const tables = await Promise.all(demoRegions.map((region) => tableIn(stage, region)))
    return tables.every(
      (table) =>
        table?.TableStatus === 'ACTIVE' && table.Replicas?.every(({ ReplicaStatus }) => ReplicaStatus === 'ACTIVE'),
    )
  })
}

type Table = { readonly TableStatus: string; readonly Replicas?: readonly { readonly ReplicaStatus: string }[] }

async function tableIn(stage: DemoStage, region: string): Promise<Table | undefined> {
  const told = await ask(stage, region, 'DescribeTable', { TableName }).catch(() => undefined)
  return (told as { readonly Table?: Table } | undefined)?.Table
}

async function write(stage: DemoStage, region: string, state: string): Promise<void> {
  await ask(stage, region, 'PutItem', { TableName, Item: { ...key, state: { S: state } } })
}

async function read(stage: DemoStage, region: string): Promise<string | undefined> {
  const told = (await ask(stage, region, 'GetItem', { TableName, Key: key })) as {
    readonly Item?: Record<string, unknown>
  }
  return told.Item === undefined ? undefined : stateOf({ item: told.Item })
}

function stateOf({ item }: { readonly item: Readonly<Record<string, unknown>> | null }): string {
  return (item?.['state'] as { readonly S: string } | undefined)?.S ?? 'nothing'
}

async function pendingOf(stage: DemoStage): Promise<number> {
  const counts = await Promise.all(demoRegions.map(async (region) => (await stage.pending(region)).count))
  return counts.reduce((sum, count) => sum + count, 0)
}

/** As an SDK asks, with any credentials. Rejects with DynamoDB's error. */
async function ask(stage: DemoStage, region: string, operation: string, body: object): Promise<unknown> {
  const reply = await fetch(`${stage.endpoints[region]}/`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `DynamoDB_20120810.${operation}`,
      'X-Amz-Date': '20260101T000000Z',
      Authorization: `AWS4-HMAC-SHA256 Credential=any/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
    },
    body: JSON.stringify(body),
  })
  const told: unknown = await reply.json()
  if (reply.status !== 200) throw new Failure(`${operation} in ${region} was refused: ${JSON.stringify(told)}`)
  return told
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + waitMsMax; !(await holds()); await pause(pollMs))
    if (performance.now() > endMs) throw new Failure(`the demo has waited ${waitMsMax / 1000} s in vain: ${what}`)
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
