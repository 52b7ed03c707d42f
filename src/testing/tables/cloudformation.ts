/** Tables of CloudFormation and SAM templates: AWS::DynamoDB::Table, AWS::DynamoDB::GlobalTable, AWS::Serverless::SimpleTable. */
import {
  attributeDefinitions,
  type Described,
  isRecord,
  keySchema,
  listIn,
  recordAt,
  type TableDefinition,
  textIn,
  UnreadableTables,
} from './table-definition.ts'
import { Intrinsics } from './intrinsics.ts'

/** What CreateTable takes by the same name. */
const taken = [
  'AttributeDefinitions',
  'KeySchema',
  'BillingMode',
  'ProvisionedThroughput',
  'OnDemandThroughput',
  'LocalSecondaryIndexes',
  'TableClass',
  'DeletionProtectionEnabled',
  'Tags',
]
const takenOfIndex = ['IndexName', 'KeySchema', 'Projection', 'ProvisionedThroughput', 'OnDemandThroughput']
/** Read in another way than by their names. */
const alsoRead = ['TableName', 'GlobalSecondaryIndexes', 'TimeToLiveSpecification', 'Replicas']
const kinds: Readonly<Record<string, (resource: Resource) => TableDefinition>> = {
  'AWS::DynamoDB::Table': tableOf,
  'AWS::DynamoDB::GlobalTable': globalTableOf,
  'AWS::Serverless::SimpleTable': simpleTableOf,
}

type Resource = Described & { readonly name: string }

export function readTemplate(template: Readonly<Record<string, unknown>>, from: string): readonly TableDefinition[] {
  const intrinsics = new Intrinsics(template, from)
  const resources = Object.entries(recordAt(template['Resources'], `${from}: Resources`).values)
  const found = resources.flatMap(([id, given]) => {
    const place = `${from}: Resources.${id}`
    const { values } = recordAt(given, place)
    const kind = kinds[String(values['Type'])]
    if (kind === undefined || !intrinsics.holds(values['Condition'], place)) return []
    const properties = recordAt(intrinsics.resolved(values['Properties'] ?? {}, `${place}.Properties`), place)
    const name = properties.values['TableName'] === undefined ? id : textIn(properties, 'TableName')
    return [kind({ ...properties, name })]
  })
  if (found.length === 0) throw new UnreadableTables(`${from}: the template has no table`)
  return found
}

function tableOf(resource: Resource): TableDefinition {
  const { values, from, name } = resource
  const indexes = listIn(resource, 'GlobalSecondaryIndexes').map((index) => membersOf(index, takenOfIndex))
  return {
    from,
    input: {
      TableName: name,
      ...membersOf(resource, taken),
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
    },
    replicas: [],
    ...timeToLiveOf(resource),
    leftOut: leftOutOf(values, name, [...taken, ...alsoRead]),
  }
}

/** Its capacity is told for each replica; nothing here is throttled by it, so the table is made on demand. */
function globalTableOf(resource: Resource): TableDefinition {
  const { values, from, name } = resource
  const [home, ...others] = listIn(resource, 'Replicas').map((replica) => textIn(replica, 'Region'))
  if (home === undefined) throw new UnreadableTables(`${from}: a global table has at least one replica`)
  const shared = taken.filter(
    (member) => !['BillingMode', 'ProvisionedThroughput', 'OnDemandThroughput'].includes(member),
  )
  const indexes = listIn(resource, 'GlobalSecondaryIndexes').map((index) =>
    membersOf(index, ['IndexName', 'KeySchema', 'Projection']),
  )
  return {
    from,
    input: {
      TableName: name,
      ...membersOf(resource, shared),
      BillingMode: 'PAY_PER_REQUEST',
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
    },
    home,
    replicas: others,
    ...timeToLiveOf(resource),
    leftOut: [
      ...leftOutOf(values, name, [...taken, ...alsoRead]),
      ...(values['BillingMode'] === 'PROVISIONED' ? [`${name}: BillingMode PROVISIONED`] : []),
    ],
  }
}

const simpleTypes: Readonly<Record<string, string>> = { String: 'S', Number: 'N', Binary: 'B' }

function simpleTableOf({ values, from, name }: Resource): TableDefinition {
  const key = recordAt(values['PrimaryKey'] ?? { Name: 'id', Type: 'String' }, `${from}.PrimaryKey`)
  const [attribute, type] = [textIn(key, 'Name'), simpleTypes[textIn(key, 'Type')]]
  if (type === undefined) throw new UnreadableTables(`${key.from}: Type is String, Number or Binary`)
  return {
    from,
    input: {
      TableName: name,
      AttributeDefinitions: attributeDefinitions([[attribute, type]]),
      KeySchema: keySchema(attribute),
      BillingMode: 'PAY_PER_REQUEST',
    },
    replicas: [],
    leftOut: leftOutOf(values, name, ['TableName', 'PrimaryKey']),
  }
}

function timeToLiveOf({ values }: Resource): Pick<TableDefinition, 'timeToLive'> {
  const given = values['TimeToLiveSpecification']
  if (!isRecord(given) || String(given['Enabled']) !== 'true') return {}
  return { timeToLive: String(given['AttributeName']) }
}

/** Templates may write numbers and truth as texts. */
function membersOf({ values }: Described, names: readonly string[]): Record<string, unknown> {
  const members = names.filter((name) => values[name] !== undefined)
  return Object.fromEntries(members.map((name) => [name, plain(values[name], name)]))
}

function plain(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value.map((each) => plain(each, name))
  if (isRecord(value)) return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, key)]))
  if (typeof value === 'string' && name.endsWith('Units') && /^\d+$/.test(value)) return Number(value)
  if (name === 'DeletionProtectionEnabled' && (value === 'true' || value === 'false')) return value === 'true'
  return value
}

function leftOutOf(values: Described['values'], name: string, known: readonly string[]): readonly string[] {
  return Object.keys(values)
    .filter((member) => !known.includes(member))
    .map((member) => `${name}: ${member}`)
}
