/** Tables of another endpoint that speaks DynamoDB's API: another deployment, DynamoDB Local, an emulator. */
import { z } from 'zod'
import { recordIn } from './forms/json-lines.ts'
import type { Found, Source } from './load-record.ts'
import type { Target } from './loaded-tables.ts'

const page = z.object({
  Items: z.array(z.unknown()),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
})
const names = z.object({ TableNames: z.array(z.string()), LastEvaluatedTableName: z.string().optional() })
const throughput = z.object({ ReadCapacityUnits: z.number(), WriteCapacityUnits: z.number() })
const index = z.looseObject({
  IndexName: z.string(),
  KeySchema: z.array(z.unknown()),
  Projection: z.unknown(),
  ProvisionedThroughput: throughput.optional(),
})
const described = z.object({
  Table: z.object({
    TableName: z.string(),
    AttributeDefinitions: z.array(z.unknown()),
    KeySchema: z.array(z.unknown()),
    ProvisionedThroughput: throughput.optional(),
    GlobalSecondaryIndexes: z.array(index).optional(),
    LocalSecondaryIndexes: z.array(index).optional(),
  }),
})

export async function tablesOf(from: Target): Promise<readonly string[]> {
  const all: string[] = []
  for (let start: string | undefined, isFirst = true; isFirst || start !== undefined; isFirst = false) {
    const input = start === undefined ? {} : { ExclusiveStartTableName: start }
    const { TableNames, LastEvaluatedTableName } = names.parse(await from.ask('ListTables', input))
    all.push(...TableNames)
    start = LastEvaluatedTableName
  }
  return all
}

/** The input of CreateTable for a table of the same keys and indexes, on demand. */
export async function definitionOf(from: Target, table: string): Promise<Readonly<Record<string, unknown>>> {
  const { Table } = described.parse(await from.ask('DescribeTable', { TableName: table }))
  const indexes = (given: readonly z.output<typeof index>[] | undefined) =>
    given?.map(({ IndexName, KeySchema, Projection }) => ({ IndexName, KeySchema, Projection }))
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } = Table
  return {
    TableName,
    AttributeDefinitions,
    KeySchema,
    BillingMode: 'PAY_PER_REQUEST',
    ...(GlobalSecondaryIndexes === undefined ? {} : { GlobalSecondaryIndexes: indexes(GlobalSecondaryIndexes) }),
    ...(LocalSecondaryIndexes === undefined ? {} : { LocalSecondaryIndexes: indexes(LocalSecondaryIndexes) }),
  }
}

/** Read page by page, as it is at the time of each page. What was read before a position is read again and passed over. */
export function endpointTable(from: Target, table: string, target: string | undefined): Source {
  return { name: `${from.place.endpoint} ${table}`, records: (after) => scan(from, { table, target, after }) }
}

type Scanned = { readonly table: string; readonly target: string | undefined; readonly after: number }

async function* scan(from: Target, { table, target, after }: Scanned): AsyncGenerator<Found> {
  let position = 0
  for (let start: unknown, isFirst = true; isFirst || start !== undefined; isFirst = false) {
    const input = { TableName: table, ...(start === undefined ? {} : { ExclusiveStartKey: start }) }
    const { Items, LastEvaluatedKey } = page.parse(await from.ask('Scan', input))
    for (const item of Items) {
      position++
      if (position <= after) continue
      const record = recordIn({ Item: item }, { table: target ?? table, sizeBytes: JSON.stringify(item).length })
      const place = `${from.place.endpoint}: ${table}, item ${position}`
      yield { position, place, record, ...(record === undefined ? { problem: 'it is no item' } : {}) }
    }
    start = LastEvaluatedKey
  }
}
