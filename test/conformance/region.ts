/**
 * What the conformance tests run against: the endpoint that LONGITUDE_TEST_ENDPOINT names (an address, or "aws" for
 * the real DynamoDB with the environment's credentials and AWS_REGION), or else a region of the embedded cluster
 * (src/testing/), empty. `client` reaches that without a socket, `endpoint` by one. So a file that passes here can be pointed at AWS, which
 * is how its messages are checked.
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
import { createCluster } from '../../src/testing/cluster.ts'

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
  const node =
    given === undefined
      ? await startCluster(logged)
      : { endpoint: given, client: clientOf(given), close: async () => {} }
  const { client } = node
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

async function startCluster(logged: LoggedLine[]) {
  const cluster = await createCluster({
    regions: ['us-east-1'],
    log: ({ level, event, fields }) => {
      if (level === 'warn' || level === 'error') logged.push({ level, event, fields })
    },
  })
  const client = new DynamoDBClient({ ...cluster.client(), maxAttempts: 1 })
  return { endpoint: await cluster.endpoint(), client, close: () => cluster.close() }
}

async function removeTables(client: DynamoDBClient, names: readonly string[]): Promise<void> {
  for (const TableName of names)
    await client.send(new DeleteTableCommand({ TableName })).catch((error: unknown) => {
      if (!(error instanceof ResourceNotFoundException)) throw error
    })
}
