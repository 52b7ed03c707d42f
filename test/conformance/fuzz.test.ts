/**
 * Mutated requests of every operation, to a live node and to a cache before it. `npm run fuzz` sends a million, with `--workers N` to a region of
 * that many further processes; a failure prints the seed of its request, and the same seed gives the same request again.
 */
import { crc32 } from 'node:zlib'
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  type DynamoDBClient,
  ResourceInUseException,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Fuzzed, inThisProcess, withWorkers } from './fuzzed.ts'
import { seeded } from './malformed.ts'
import { mutatedRequest, type Tables } from './mutated.ts'
import { call, type RawReply, send } from './raw-request.ts'
import { isLocal } from './region.ts'

const requests = Number(process.env['LONGITUDE_FUZZ_REQUESTS'] ?? 1200)
const workers = Number(process.env['LONGITUDE_FUZZ_WORKERS'] ?? 0)
const firstSeed = Number(process.env['LONGITUDE_FUZZ_SEED'] ?? 1)
const atOnce = 8
/** Some of them delete the tables, which are made again so often. */
const tablesEvery = 400
/** Rows and edits that the requests of one turn may cost together: the tables hold few rows. */
const workMax = 40_000
const replyBytesMax = 2 * 1024 * 1024
const answerMsMax = 60_000
const tables: Tables = { table: 'fuzz-table', simple: 'fuzz-simple' }

describe.runIf(isLocal)('a live node, and a cache before it,', () => {
  let region: Fuzzed

  beforeAll(async () => {
    region = await (workers === 0 ? inThisProcess() : withWorkers(workers))
  })
  afterAll(() => region.close())

  test(
    `answers ${requests} mutated requests in form and goes on serving`,
    { timeout: 6 * 60 * 60 * 1000 },
    async () => {
      let dearest: readonly { readonly seed: number; readonly cpuMs: number }[] = []
      for (let seed = firstSeed; seed < firstSeed + requests; seed += atOnce) {
        if ((seed - firstSeed) % tablesEvery === 0) await makeTables(region)
        const before = region.work()
        const cpu = process.cpuUsage()
        await Promise.all(Array.from({ length: atOnce }, (_, n) => checkReply(seed + n)))
        expect(region.work() - before, `rows that the seeds from ${seed} cost`).toBeLessThan(workMax)
        const { user, system } = process.cpuUsage(cpu)
        dearest = [...dearest, { seed, cpuMs: Math.round((user + system) / 1000) }]
          .toSorted((a, b) => b.cpuMs - a.cpuMs)
          .slice(0, 5)
        expect(region.logged(), `logged for the seeds from ${seed}`).toEqual([])
      }
      // For those who look: processor time is no reason to fail.
      if (requests > 10_000) console.log('the dearest requests, by eights:', JSON.stringify(dearest))
      for (const endpoint of region.endpoints)
        expect((await call(endpoint, 'GetItem', { TableName: 'none', Key: {} })).status).toBe(400)
    },
  )

  async function checkReply(seed: number): Promise<void> {
    const endpoint = region.endpoints[seed % 2] ?? ''
    const request = mutatedRequest(seeded(seed), endpoint, tables)
    const about = `seed ${seed}: ${request.headers?.['X-Amz-Target']}`
    const reply = await answered(request, about)
    const shown = `${about} ${reply.status} ${reply.text.slice(0, 300)} ${JSON.stringify(region.logged())}`
    // A body that cannot be decoded, and nothing else, is answered as AWS's front end fails at it.
    if (reply.status === 500) expect(reply.json, shown).toEqual({ __type: 'com.amazon.coral.service#InternalFailure' })
    else expect([200, 400, 403, 404, 413], shown).toContain(reply.status)
    expect(reply.headers['x-amz-crc32'], shown).toBe(String(crc32(reply.bytes)))
    expect(reply.bytes.length, shown).toBeLessThan(replyBytesMax)
    if (reply.status === 400 && reply.headers['content-encoding'] === undefined)
      expect(reply.json, shown).toMatchObject({ __type: expect.stringMatching(/#\w+$/) })
    if (reply.status === 200 && reply.headers['content-encoding'] === undefined && reply.text !== '')
      expect(reply.json, shown).toBeTypeOf('object')
  }
})

async function answered(request: Parameters<typeof send>[0], about: string): Promise<RawReply> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${about}: no answer`)), answerMsMax)
  })
  try {
    return await Promise.race([send(request), late])
  } catch (error) {
    throw new Error(`${about}: ${String(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

const attributes = { pk: 'S', sk: 'N', l: 'B', g: 'S' } as const
const keyOf = (hash: string, range?: string) => [
  { AttributeName: hash, KeyType: 'HASH' as const },
  ...(range === undefined ? [] : [{ AttributeName: range, KeyType: 'RANGE' as const }]),
]

async function makeTables({ region: client }: Fuzzed): Promise<void> {
  const definitions = Object.entries(attributes).map(([AttributeName, AttributeType]) => ({
    AttributeName,
    AttributeType,
  }))
  const BillingMode = 'PAY_PER_REQUEST' as const
  const inputs = [
    { TableName: tables.simple, BillingMode, KeySchema: keyOf('pk'), AttributeDefinitions: definitions.slice(0, 1) },
    {
      TableName: tables.table,
      BillingMode,
      KeySchema: keyOf('pk', 'sk'),
      AttributeDefinitions: definitions,
      LocalSecondaryIndexes: [
        { IndexName: 'local', KeySchema: keyOf('pk', 'l'), Projection: { ProjectionType: 'KEYS_ONLY' as const } },
      ],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'global',
          KeySchema: keyOf('g'),
          Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['x'] },
        },
      ],
    },
  ]
  for (const input of inputs) await makeTable(client, input)
}

/** A table of that name may be about to go. */
async function makeTable(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  for (let tries = 0; tries < 1000; tries++) {
    await client.send(new CreateTableCommand(input)).catch((error: unknown) => {
      if (!(error instanceof ResourceInUseException)) throw error
    })
    const { Table: table } = await client
      .send(new DescribeTableCommand({ TableName: input.TableName }))
      .catch((): Partial<DescribeTableCommandOutput> => ({}))
    if (table?.TableStatus === 'ACTIVE') return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`${input.TableName} does not become active`)
}
