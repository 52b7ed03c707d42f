/**
 * What the conformance tests run against: the endpoint that LONGITUDE_TEST_ENDPOINT names (an address, or "aws" for
 * the real DynamoDB with the environment's credentials and AWS_REGION), or else one region in this process, empty
 * and in memory. So a file that passes here can be pointed at AWS, which is how its messages are checked.
 *
 *   const region = await testRegion()                    once for a file, in beforeAll
 *   const table = await region.createTable({ … })        unique name, waited for until it is ACTIVE
 *   await region.client.send(new PutItemCommand({ … }))  through the SDK, or
 *   await call(region.endpoint, 'PutItem', { … })        below it (raw-request.ts); not on AWS, which wants signatures
 *   await region.close()                                 removes the tables it made
 */
import { randomUUID } from 'node:crypto'
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DynamoDBClient,
  type DynamoDBClientConfig,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb'
import { systemClock } from '../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../src/adapters/memory/memory-bus.ts'
import { MemoryStore } from '../../src/adapters/memory/memory-store.ts'
import { prometheusMeter } from '../../src/adapters/metrics/prometheus-meter.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { startRegion } from '../../src/region/start-region.ts'
import type { Log } from '../../src/ports/log.ts'

export type TestRegion = {
  readonly endpoint: string
  readonly client: DynamoDBClient
  /** Warnings and errors that the node has logged; always empty for an endpoint elsewhere. */
  readonly logged: readonly LoggedLine[]
  /** With defaults: key `pk` (string), on-demand. Returns the table's name. */
  createTable(input?: Partial<CreateTableCommandInput>): Promise<string>
  close(): Promise<void>
}

export type LoggedLine = { readonly level: 'warn' | 'error'; readonly event: string; readonly fields: unknown }

const given = process.env['LONGITUDE_TEST_ENDPOINT']

/** For tests that look below the SDK or at what only our node has. */
export const isLocal = given === undefined

export async function testRegion(): Promise<TestRegion> {
  const logged: LoggedLine[] = []
  const node = given === undefined ? await startNode(logged) : { endpoint: given, close: async () => {} }
  const client = clientOf(node.endpoint)
  const made: string[] = []
  return {
    endpoint: node.endpoint,
    client,
    logged,
    createTable: async (input = {}) => {
      const TableName = input.TableName ?? tableName()
      made.push(TableName)
      await client.send(new CreateTableCommand({ ...simpleTable, ...input, TableName }))
      await waitUntilTableExists({ client, maxWaitTime: 60, minDelay: isLocal ? 0.01 : 1, maxDelay: 2 }, { TableName })
      return TableName
    },
    close: async () => {
      if (!isLocal) await removeTables(client, made)
      client.destroy()
      await node.close()
    },
  }
}

export const tableName = (): string => `longitude-test-${randomUUID()}`

/** Retries would hide what a test is after. */
export function clientOf(endpoint: string, more: DynamoDBClientConfig = {}): DynamoDBClient {
  if (endpoint === 'aws') return new DynamoDBClient({ maxAttempts: 1, ...more })
  const credentials = { accessKeyId: 'anyone', secretAccessKey: 'anything' }
  return new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts: 1, ...more })
}

/** The error that a call is refused with, as [name, message]. */
export async function refusal(sent: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await sent
  } catch (error) {
    if (error instanceof Error) return [error.name, error.message]
    throw error
  }
  throw new Error('was not refused')
}

const simpleTable: Pick<CreateTableCommandInput, 'AttributeDefinitions' | 'KeySchema' | 'BillingMode'> = {
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
}

async function startNode(
  logged: LoggedLine[],
): Promise<{ readonly endpoint: string; readonly close: () => Promise<void> }> {
  const self = { name: 'us-east-1', number: 1 }
  const meter = prometheusMeter()
  const log = logInto(logged)
  const bus = new MemoryNetwork(systemClock, systemRandom).join(self.name)
  const env = { clock: systemClock, random: systemRandom, store: new MemoryStore(), bus, log, meter }
  const region = await startRegion(env, { topology: { self, regions: [self] } })
  const server = await region.serve({
    port: 0,
    readiness: () => ({ ready: true }),
    metrics: async () => ({ contentType: meter.contentType, text: await meter.render() }),
  })
  return { endpoint: server.url, close: () => region.stop() }
}

async function removeTables(client: DynamoDBClient, names: readonly string[]): Promise<void> {
  for (const TableName of names)
    await client.send(new DeleteTableCommand({ TableName })).catch((error: unknown) => {
      if (!(error instanceof ResourceNotFoundException)) throw error
    })
}

function logInto(lines: LoggedLine[]): Log {
  const at =
    (level: LoggedLine['level']) =>
    (event: string, fields: unknown = {}) =>
      void lines.push({ level, event, fields })
  return { debug: () => {}, info: () => {}, warn: at('warn'), error: at('error'), with: () => logInto(lines) }
}
