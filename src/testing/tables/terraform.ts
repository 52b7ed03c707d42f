/** Tables of a Terraform plan as JSON (`terraform show -json PLAN`): aws_dynamodb_table, aws_dynamodb_table_item, aws_dynamodb_global_table. */
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

const modulesDepthMax = 50
const resourcesMax = 10_000
const known = [
  'attribute',
  'billing_mode',
  'deletion_protection_enabled',
  'global_secondary_index',
  'hash_key',
  'local_secondary_index',
  'name',
  'range_key',
  'read_capacity',
  'region',
  'replica',
  'table_class',
  'tags',
  'tags_all',
  'ttl',
  'write_capacity',
]

type Resource = Described & { readonly type: string }

export function readPlan(plan: Readonly<Record<string, unknown>>, from: string): readonly TableDefinition[] {
  const { values } = recordAt(plan['planned_values'], `${from}: planned_values`)
  const resources = resourcesOf(recordAt(values['root_module'] ?? {}, `${from}: root_module`), from)
  const ofType = (type: string): readonly Resource[] => resources.filter((resource) => resource.type === type)
  const [unread] = ofType('aws_dynamodb_table_replica')
  if (unread !== undefined)
    throw new UnreadableTables(
      `${unread.from}: a plan does not say of which table an aws_dynamodb_table_replica is; write it as a replica block of the table`,
    )
  const tables = ofType('aws_dynamodb_table').map((resource) =>
    tableOf(resource, { items: ofType('aws_dynamodb_table_item'), global: ofType('aws_dynamodb_global_table') }),
  )
  if (tables.length === 0) throw new UnreadableTables(`${from}: the plan has no aws_dynamodb_table`)
  return tables
}

function resourcesOf(module: Described, from: string, depth = 0): readonly Resource[] {
  if (depth > modulesDepthMax)
    throw new UnreadableTables(`${from}: modules are nested more than ${modulesDepthMax} deep`)
  const own = listIn(module, 'resources').map(({ values }) => {
    const place = `${from}: ${String(values['address'])}`
    return { ...recordAt(values['values'] ?? {}, place), type: String(values['type']) }
  })
  const all = [...own, ...listIn(module, 'child_modules').flatMap((child) => resourcesOf(child, from, depth + 1))]
  if (all.length > resourcesMax) throw new UnreadableTables(`${from}: the plan has more than ${resourcesMax} resources`)
  return all
}

type Beside = { readonly items: readonly Resource[]; readonly global: readonly Resource[] }

function tableOf(resource: Resource, { items, global }: Beside): TableDefinition {
  const { values, from } = resource
  const TableName = textIn(resource, 'name')
  const isOf = (member: string) => (other: Resource) => other.values[member] === TableName
  const replicas = [resource, ...global.filter(isOf('name'))].flatMap((each) => listIn(each, 'replica'))
  const ttl = listIn(resource, 'ttl').find((each) => each.values['enabled'] === true)
  return {
    from,
    input: { TableName, ...schemaOf(resource), ...settingsOf(resource) },
    ...(typeof values['region'] === 'string' ? { home: values['region'] } : {}),
    replicas: replicas.map((replica) => textIn(replica, 'region_name')),
    ...(ttl === undefined ? {} : { timeToLive: textIn(ttl, 'attribute_name') }),
    items: items.filter(isOf('table_name')).map(itemOf),
    leftOut: Object.entries(values)
      .filter(([name, value]) => !known.includes(name) && isSaid(value))
      .map(([name]) => `${TableName}: ${name}`),
  }
}

function isSaid(value: unknown): boolean {
  return value !== null && value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)
}

function schemaOf(resource: Resource): object {
  const attributes = listIn(resource, 'attribute').map((each) => [textIn(each, 'name'), textIn(each, 'type')] as const)
  const isProvisioned = billingOf(resource) === 'PROVISIONED'
  const global = listIn(resource, 'global_secondary_index').map((index) => ({
    IndexName: textIn(index, 'name'),
    KeySchema: keyOf(index),
    Projection: projectionOf(index),
    ...(isProvisioned ? { ProvisionedThroughput: throughputOf(index) } : {}),
  }))
  const local = listIn(resource, 'local_secondary_index').map((index) => ({
    IndexName: textIn(index, 'name'),
    KeySchema: keySchema(textIn(resource, 'hash_key'), textIn(index, 'range_key')),
    Projection: projectionOf(index),
  }))
  return {
    AttributeDefinitions: attributeDefinitions(attributes),
    KeySchema: keyOf(resource),
    ...(global.length === 0 ? {} : { GlobalSecondaryIndexes: global }),
    ...(local.length === 0 ? {} : { LocalSecondaryIndexes: local }),
  }
}

/** An index may name several attributes, as blocks of `key_schema`. */
function keyOf(given: Described): object[] {
  const blocks = listIn(given, 'key_schema')
  if (blocks.length > 0)
    return blocks.map((block) => ({
      AttributeName: textIn(block, 'attribute_name'),
      KeyType: textIn(block, 'key_type'),
    }))
  const sort = given.values['range_key']
  return keySchema(textIn(given, 'hash_key'), typeof sort === 'string' && sort !== '' ? sort : undefined)
}

function projectionOf({ values }: Described): object {
  const names = values['non_key_attributes']
  const included = Array.isArray(names) && names.length > 0 ? { NonKeyAttributes: names as unknown[] } : {}
  return { ProjectionType: values['projection_type'], ...included }
}

function billingOf(table: Described): string {
  return isSaid(table.values['billing_mode'] ?? null) ? textIn(table, 'billing_mode') : 'PROVISIONED'
}

function throughputOf({ values }: Described): object {
  return { ReadCapacityUnits: values['read_capacity'], WriteCapacityUnits: values['write_capacity'] }
}

function settingsOf(resource: Resource): object {
  const { values } = resource
  const BillingMode = billingOf(resource)
  const tags = isRecord(values['tags']) ? Object.entries(values['tags']) : []
  return {
    BillingMode,
    ...(BillingMode === 'PROVISIONED' ? { ProvisionedThroughput: throughputOf(resource) } : {}),
    ...(typeof values['table_class'] === 'string' ? { TableClass: values['table_class'] } : {}),
    ...(values['deletion_protection_enabled'] === true ? { DeletionProtectionEnabled: true } : {}),
    ...(tags.length === 0 ? {} : { Tags: tags.map(([Key, Value]) => ({ Key, Value })) }),
  }
}

function itemOf(resource: Resource): object {
  try {
    return recordAt(JSON.parse(textIn(resource, 'item')), resource.from).values
  } catch (error) {
    if (error instanceof UnreadableTables) throw error
    throw new UnreadableTables(`${resource.from}: item is not JSON`)
  }
}
