/** A table as DescribeTable tells it, for the page: what is not there is left out, and nothing is trusted to be there. Pure. */

export type KeyPart = { readonly name: string; readonly type: string; readonly role: string }
export type IndexView = {
  readonly name: string
  readonly kind: 'global' | 'local'
  readonly status: string
  readonly keys: readonly KeyPart[]
  readonly projection: string
}
export type TableView = {
  readonly name: string
  readonly status: string
  readonly keys: readonly KeyPart[]
  readonly indexes: readonly IndexView[]
  readonly replicas: readonly { readonly region: string; readonly status: string }[]
  readonly billing: string
  readonly items: string
  readonly bytes: string
  readonly stream: string
  readonly isProtected: boolean
  readonly consistency: string
}

type Fields = Readonly<Record<string, unknown>>

export function tableView(output: Fields): TableView {
  const table = fieldsIn(output['Table'])
  const attributeTypes = new Map(
    listIn(table['AttributeDefinitions']).map((each) => [text(each['AttributeName']), text(each['AttributeType'])]),
  )
  const keys = (of: Fields): readonly KeyPart[] =>
    listIn(of['KeySchema']).map((each) => {
      const name = text(each['AttributeName'])
      return { name, type: attributeTypes.get(name) ?? 'S', role: text(each['KeyType']) }
    })
  const index =
    (kind: IndexView['kind']) =>
    (each: Fields): IndexView => ({
      name: text(each['IndexName']),
      kind,
      status: kind === 'local' ? 'ACTIVE' : text(each['IndexStatus']),
      keys: keys(each),
      projection: text(fieldsIn(each['Projection'])['ProjectionType']),
    })
  const provisioned = fieldsIn(table['ProvisionedThroughput'])
  const isOnDemand = text(fieldsIn(table['BillingModeSummary'])['BillingMode']) === 'PAY_PER_REQUEST'
  const stream = fieldsIn(table['StreamSpecification'])
  return {
    name: text(table['TableName']),
    status: text(table['TableStatus']),
    keys: keys(table),
    indexes: [
      ...listIn(table['GlobalSecondaryIndexes']).map(index('global')),
      ...listIn(table['LocalSecondaryIndexes']).map(index('local')),
    ],
    replicas: listIn(table['Replicas']).map((each) => ({
      region: text(each['RegionName']),
      status: text(each['ReplicaStatus']),
    })),
    billing: isOnDemand
      ? 'on demand'
      : `provisioned: ${text(provisioned['ReadCapacityUnits'])} read, ${text(provisioned['WriteCapacityUnits'])} write units`,
    items: text(table['ItemCount']),
    bytes: text(table['TableSizeBytes']),
    stream: stream['StreamEnabled'] === true ? text(stream['StreamViewType']) : 'off',
    isProtected: table['DeletionProtectionEnabled'] === true,
    consistency: text(table['MultiRegionConsistency']) || 'EVENTUAL',
  }
}

function fieldsIn(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {}
}

function listIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.map(fieldsIn) : []
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}
