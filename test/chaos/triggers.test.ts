/** Triggers through kill -9 of the node under load: every record is handled at least once, and those of an item in their order; and the example of docs/coding/triggers.md. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { prepareProgram } from '../cli/command-line.ts'
import { type ChaosRegion, root } from './chaos-region.ts'
import { Deployment } from './deployment.ts'
import { rounds, testMsMax } from './pace.ts'
import { Refused, sendRequest } from './request.ts'
import { until } from './until.ts'

const open: Deployment[] = []
const folders: string[] = []
/** The machine may have much else to do. */
const patienceMs = 90_000

beforeAll(prepareProgram, 300_000)
afterEach(async () => {
  for (const deployment of open.splice(0)) await deployment.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const handler = `
import { appendFileSync } from 'node:fs'
export const handler = async ({ Records }) => {
  for (const { dynamodb: { NewImage } } of Records)
    appendFileSync(new URL('handled.txt', import.meta.url), NewImage.id.S + ' ' + NewImage.n.N + '\\n')
}
`

type Reply = { readonly Table?: { readonly TableStatus: string; readonly LatestStreamArn?: string } }

async function createTable({ endpoint }: ChaosRegion, TableName: string): Promise<string> {
  await sendRequest(endpoint, 'CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  })
  const { Table } = (await sendRequest(endpoint, 'DescribeTable', { TableName })) as Reply
  return Table?.LatestStreamArn ?? ''
}

async function trigger({ endpoint }: ChaosRegion, FunctionName: string, EventSourceArn: string): Promise<void> {
  const reply = await fetch(`${endpoint}/2015-03-31/event-source-mappings`, {
    method: 'POST',
    headers: {
      'x-amz-date': '20260101T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=chaos/20260101/local/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=0',
    },
    body: JSON.stringify({ FunctionName, EventSourceArn, StartingPosition: 'TRIM_HORIZON', BatchSize: 20 }),
  })
  expect([reply.status, await reply.json()]).toMatchObject([202, { State: 'Creating' }])
}

/** Counts up each of some items, and tries again what was not answered, until it is told to stop. */
function countUp({ endpoint }: ChaosRegion, items: readonly string[]) {
  const counts = new Map(items.map((id) => [id, 0]))
  const stopping = new AbortController()
  const all = items.map(async (id) => {
    while (!stopping.signal.aborted) {
      const n = (counts.get(id) ?? 0) + 1
      try {
        await sendRequest(endpoint, 'PutItem', { TableName: 'Orders', Item: { id: { S: id }, n: { N: String(n) } } })
        counts.set(id, n)
      } catch (error) {
        if (error instanceof Refused && error.status < 500) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  })
  return {
    counts,
    total: () => [...counts.values()].reduce((sum, count) => sum + count, 0),
    stop: async () => {
      stopping.abort()
      await Promise.all(all)
    },
  }
}

/** In the order of their first handling. */
function handled(path: string): ReadonlyMap<string, readonly number[]> {
  const first = new Map<string, number[]>()
  if (!existsSync(path)) return first
  for (const line of readFileSync(path, 'utf8').trim().split('\n')) {
    const [id = '', n = ''] = line.split(' ')
    const known = first.get(id) ?? []
    if (!known.includes(Number(n))) first.set(id, [...known, Number(n)])
  }
  return first
}

test(
  'every record is handled at least once and in the order of its item, through kill -9 of the node, and the example keeps its log',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'triggers-'))
    folders.push(folder)
    writeFileSync(join(folder, 'handler.mjs'), handler)
    writeFileSync(
      join(folder, 'functions.json'),
      JSON.stringify({
        functions: {
          count: { module: './handler.mjs#handler', timeout: 30 },
          audit: { module: `${join(root, 'examples/triggers/audit.mjs')}#handler`, timeout: 30 },
        },
      }),
    )
    const flags = ['--functions', join(folder, 'functions.json')]
    const deployment = await Deployment.start({ regions: ['us-east-1'], flags })
    open.push(deployment)
    const region = deployment.region('us-east-1')
    await createTable(region, 'Audit')
    const arn = await createTable(region, 'Orders')
    for (const name of ['count', 'audit']) await trigger(region, name, arn)
    const load = countUp(region, ['a', 'b', 'c', 'd', 'e', 'f'])
    for (let round = 1; round <= rounds(1, 10); round++) {
      const before = load.total()
      await until('the load is under way', () => Promise.resolve(load.total() > before + 60), patienceMs)
      await region.kill('node')
      await region.startNode()
    }
    const before = load.total()
    await until('the load goes on', () => Promise.resolve(load.total() > before + 60), patienceMs)
    await load.stop()
    const path = join(folder, 'handled.txt')
    const upTo = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n + 1)
    const wanted = [...load.counts].map(([id, count]) => [id, upTo(count)] as const)
    const isHandled = (): boolean => wanted.every(([id, all]) => handled(path).get(id)?.length === all.length)
    await until('all is handled', () => Promise.resolve(isHandled()), patienceMs)
    expect(Object.fromEntries(handled(path))).toEqual(Object.fromEntries(wanted))
    await until(
      'the audit log is whole',
      async () => {
        const { Count } = await sendRequest(region.endpoint, 'Scan', { TableName: 'Audit', Select: 'COUNT' })
        return Number(Count) >= load.total()
      },
      patienceMs,
    )
    const shown = await deployment.operator('triggers', '--json')
    expect(JSON.parse(shown.output)).toMatchObject({
      triggers: expect.arrayContaining([
        expect.objectContaining({
          region: 'us-east-1',
          table: 'Orders',
          function: 'count',
          state: 'Enabled',
          lastResult: 'OK',
        }),
      ]),
    })
  },
  2 * testMsMax,
)
