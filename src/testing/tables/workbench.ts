/** Tables of a model of NoSQL Workbench, with their sample data. */
import {
  attributeDefinitions,
  type Described,
  keySchema,
  listIn,
  recordAt,
  type TableDefinition,
  textIn,
  UnreadableTables,
} from './table-definition.ts'

/** What a model says for people, or of capacity: nothing here is throttled by it, so the tables are made on demand. */
const forPeople = ['NonKeyAttributes', 'TableFacets', 'DataAccess', 'SampleDataFormats']
const read = [
  'TableName',
  'KeyAttributes',
  'GlobalSecondaryIndexes',
  'LocalSecondaryIndexes',
  'TableData',
  ...forPeople,
]

export function readModel(model: Readonly<Record<string, unknown>>, from: string): readonly TableDefinition[] {
  const tables = listIn({ values: model, from }, 'DataModel').map(tableOf)
  if (tables.length === 0) throw new UnreadableTables(`${from}: the model has no table`)
  return tables
}

type Key = { readonly attributes: readonly (readonly [string, string])[]; readonly schema: object[] }

function tableOf(table: Described): TableDefinition {
  const { values, from } = table
  const TableName = textIn(table, 'TableName')
  const key = keyOf(table)
  const global = listIn(table, 'GlobalSecondaryIndexes')
  const local = listIn(table, 'LocalSecondaryIndexes')
  const indexed = [...global, ...local].flatMap((index) => keyOf(index).attributes)
  return {
    from,
    input: {
      TableName,
      AttributeDefinitions: attributeDefinitions([...key.attributes, ...indexed]),
      KeySchema: key.schema,
      BillingMode: 'PAY_PER_REQUEST',
      ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global.map(indexOf) }),
      ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local.map(indexOf) }),
    },
    replicas: 'every',
    items: listIn(table, 'TableData').map((item) => item.values),
    leftOut: Object.keys(values)
      .filter((member) => !read.includes(member))
      .map((member) => `${TableName}: ${member}`),
  }
}

function indexOf(index: Described): object {
  return {
    IndexName: textIn(index, 'IndexName'),
    KeySchema: keyOf(index).schema,
    Projection: index.values['Projection'] ?? { ProjectionType: 'ALL' },
  }
}

function keyOf({ values, from }: Described): Key {
  const key = recordAt(values['KeyAttributes'], `${from}.KeyAttributes`)
  const attribute = (name: string): readonly [string, string] => {
    const given = recordAt(key.values[name], `${key.from}.${name}`)
    return [textIn(given, 'AttributeName'), textIn(given, 'AttributeType')]
  }
  const partition = attribute('PartitionKey')
  if (key.values['SortKey'] === undefined) return { attributes: [partition], schema: keySchema(partition[0]) }
  const sort = attribute('SortKey')
  return { attributes: [partition, sort], schema: keySchema(partition[0], sort[0]) }
}
