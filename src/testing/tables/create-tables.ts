/** Makes tables of a cluster by its own API, as a client would: the table in one region, its replicas one after the other. */
import type { SdkRequestHandler } from '../cluster-api.ts'
import { type TableDefinition, UnreadableTables } from './table-definition.ts'

export type Making = {
  readonly regions: readonly string[]
  readonly handlerOf: (region: string) => SdkRequestHandler
  /** Resolves when nothing is in transition any more. */
  readonly settle: () => Promise<void>
}

export async function createTables(definitions: readonly TableDefinition[], making: Making): Promise<void> {
  for (const definition of definitions) {
    try {
      await createTable(definition, making)
    } catch (error) {
      if (error instanceof UnreadableTables) throw error
      const message = error instanceof Error ? error.message : String(error)
      throw new UnreadableTables(`${definition.from}: ${message}`, { cause: error })
    }
  }
}

async function createTable(definition: TableDefinition, { regions, handlerOf, settle }: Making): Promise<void> {
  const { input, from, timeToLive, items = [], home = regions[0] ?? '', replicas } = definition
  const { TableName } = input
  const named = [home, ...(replicas === 'every' ? regions : replicas).filter((name) => name !== home)]
  const missing = named.filter((name) => !regions.includes(name))
  if (missing.length > 0)
    throw new UnreadableTables(
      `${from}: ${TableName} has a replica in ${missing.join(', ')}, and the cluster has ${regions.join(', ')}`,
    )
  const [first = '', ...others] = named
  const ask = (target: string, body: object): Promise<unknown> =>
    call(handlerOf(first), { region: first, target, body })
  await ask('CreateTable', input)
  await settle()
  if (timeToLive !== undefined)
    await ask('UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { AttributeName: timeToLive, Enabled: true },
    })
  for (const Item of items) await ask('PutItem', { TableName, Item })
  for (const RegionName of others) {
    await ask('UpdateTable', { TableName, ReplicaUpdates: [{ Create: { RegionName } }] })
    await settle()
  }
}

type Call = { readonly region: string; readonly target: string; readonly body: object }

/** Throws an Error with the name and the message that DynamoDB answers. */
async function call(handler: SdkRequestHandler, { region, target, body }: Call): Promise<unknown> {
  const { response } = await handler.handle({
    method: 'POST',
    path: '/',
    headers: {
      host: 'localhost',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${target}`,
      'x-amz-date': '20260101T000000Z',
      authorization: `AWS4-HMAC-SHA256 Credential=cluster/20260101/${region}/dynamodb/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`,
    },
    body: JSON.stringify(body),
  })
  const answer = JSON.parse(Buffer.from(response.body).toString()) as Record<string, unknown>
  if (response.statusCode === 200) return answer
  const [, name = ''] = String(answer['__type']).split('#')
  throw new Error(`${target} was refused: ${name}: ${String(answer['message'] ?? answer['Message'])}`)
}
