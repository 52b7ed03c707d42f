/**
 * Every guard at every entrance, as data. A guard is what no request may get past: a size, a type, a state, a limit. A entrance is
 * an operation by which a request could. `cells` is their product; a cell that cannot be says why in `not`.
 */
import { requestSizeBytesMax } from '../../src/core/limits/limits.ts'
import { apiHeaders, type RawReply, send } from './raw-request.ts'

export type Value = Readonly<Record<string, unknown>>
export type Item = Readonly<Record<string, Value>>
type Body = Readonly<Record<string, unknown>>

export type Entrance = { readonly operation: string; readonly body: Body }

/** Tables that a suite makes before: `keyed` has a sort key and a global index on `color` (string); see `tables`. */
export const keyed = 'guarded'
export const going = 'guarded-going'
export const coming = 'guarded-coming'

export const tableInput = (TableName: string) => ({
  TableName,
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' as const },
    { AttributeName: 'sk', AttributeType: 'S' as const },
    { AttributeName: 'color', AttributeType: 'S' as const },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' as const },
    { AttributeName: 'sk', KeyType: 'RANGE' as const },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-color',
      KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
})

/** There in `keyed` before, so that an UPDATE finds it. */
export const there: Item = { pk: { S: 'there' }, sk: { S: 'one' } }

const literal = (item: Item): string =>
  `{${Object.keys(item)
    .map((name) => `'${name}': ?`)
    .join(', ')}}`

const insert = (table: string, item: Item): Body => ({
  Statement: `INSERT INTO "${table}" VALUE ${literal(item)}`,
  Parameters: Object.values(item),
})

const keyOf = ({ pk, sk }: Item): Item => ({ ...(pk === undefined ? {} : { pk }), ...(sk === undefined ? {} : { sk }) })
const restOf = (item: Item): readonly (readonly [string, Value])[] =>
  Object.entries(item).filter(([name]) => name !== 'pk' && name !== 'sk')

const updating = (table: string, item: Item): Body => {
  const rest = restOf({ touched: { BOOL: true }, ...item })
  return {
    TableName: table,
    Key: keyOf(item),
    UpdateExpression: `SET ${rest.map((_, n) => `#n${n} = :v${n}`).join(', ')}`,
    ExpressionAttributeNames: Object.fromEntries(rest.map(([name], n) => [`#n${n}`, name])),
    ExpressionAttributeValues: Object.fromEntries(rest.map(([, value], n) => [`:v${n}`, value])),
  }
}

const update = (table: string, item: Item): Body => {
  const rest = restOf({ touched: { BOOL: true }, ...item })
  const key = Object.entries(keyOf(item))
  return {
    Statement: `UPDATE "${table}" ${rest.map(([name]) => `SET "${name}" = ?`).join(' ')} WHERE ${key.map(([name]) => `"${name}" = ?`).join(' AND ')}`,
    Parameters: [...rest, ...key].map(([, value]) => value),
  }
}

/** The entrances by which an item is put; those that only change one that is there end in `of there`. */
export function writeDoors(table: string, item: Item): Readonly<Record<string, Entrance>> {
  return {
    PutItem: { operation: 'PutItem', body: { TableName: table, Item: item } },
    UpdateItem: { operation: 'UpdateItem', body: updating(table, item) },
    'UpdateItem by AttributeUpdates': {
      operation: 'UpdateItem',
      body: {
        TableName: table,
        Key: keyOf(item),
        AttributeUpdates: Object.fromEntries(restOf(item).map(([name, Value]) => [name, { Action: 'PUT', Value }])),
      },
    },
    BatchWriteItem: {
      operation: 'BatchWriteItem',
      body: { RequestItems: { [table]: [{ PutRequest: { Item: item } }] } },
    },
    'TransactWriteItems Put': {
      operation: 'TransactWriteItems',
      body: { TransactItems: [{ Put: { TableName: table, Item: item } }] },
    },
    'TransactWriteItems Update': {
      operation: 'TransactWriteItems',
      body: { TransactItems: [{ Update: updating(table, item) }] },
    },
    'ExecuteStatement INSERT': { operation: 'ExecuteStatement', body: insert(table, item) },
    'ExecuteStatement UPDATE': { operation: 'ExecuteStatement', body: update(table, { ...there, ...item }) },
    'BatchExecuteStatement INSERT': {
      operation: 'BatchExecuteStatement',
      body: { Statements: [insert(table, item)] },
    },
    'BatchExecuteStatement UPDATE': {
      operation: 'BatchExecuteStatement',
      body: { Statements: [update(table, { ...there, ...item })] },
    },
    'ExecuteTransaction INSERT': {
      operation: 'ExecuteTransaction',
      body: { TransactStatements: [insert(table, item)] },
    },
    'ExecuteTransaction UPDATE': {
      operation: 'ExecuteTransaction',
      body: { TransactStatements: [update(table, { ...there, ...item })] },
    },
  }
}

/** The entrances by which an item is read, named by its key. */
export function readDoors(table: string, key: Item): Readonly<Record<string, Entrance>> {
  const select = {
    Statement: `SELECT * FROM "${table}" WHERE ${Object.keys(key)
      .map((name) => `"${name}" = ?`)
      .join(' AND ')}`,
    Parameters: Object.values(key),
  }
  return {
    GetItem: { operation: 'GetItem', body: { TableName: table, Key: key } },
    BatchGetItem: { operation: 'BatchGetItem', body: { RequestItems: { [table]: { Keys: [key] } } } },
    TransactGetItems: {
      operation: 'TransactGetItems',
      body: { TransactItems: [{ Get: { TableName: table, Key: key } }] },
    },
    'ExecuteStatement SELECT': { operation: 'ExecuteStatement', body: select },
    'BatchExecuteStatement SELECT': { operation: 'BatchExecuteStatement', body: { Statements: [select] } },
    'ExecuteTransaction SELECT': { operation: 'ExecuteTransaction', body: { TransactStatements: [select] } },
    DeleteItem: { operation: 'DeleteItem', body: { TableName: table, Key: key } },
    'BatchWriteItem Delete': {
      operation: 'BatchWriteItem',
      body: { RequestItems: { [table]: [{ DeleteRequest: { Key: key } }] } },
    },
    'TransactWriteItems Delete': {
      operation: 'TransactWriteItems',
      body: { TransactItems: [{ Delete: { TableName: table, Key: key } }] },
    },
    'TransactWriteItems ConditionCheck': {
      operation: 'TransactWriteItems',
      body: {
        TransactItems: [
          { ConditionCheck: { TableName: table, Key: key, ConditionExpression: 'attribute_exists(pk)' } },
        ],
      },
    },
    'ExecuteStatement DELETE': {
      operation: 'ExecuteStatement',
      body: { ...select, Statement: select.Statement.replace('SELECT *', 'DELETE') },
    },
  }
}

/** Tags name a table by its ARN alone. */
function tagDoors(table: string): Readonly<Record<string, Entrance>> {
  const arn = { ResourceArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${table}` }
  return {
    TagResource: { operation: 'TagResource', body: { ...arn, Tags: [{ Key: 'a', Value: 'b' }] } },
    UntagResource: { operation: 'UntagResource', body: { ...arn, TagKeys: ['a'] } },
    ListTagsOfResource: { operation: 'ListTagsOfResource', body: arn },
  }
}

export type Guard = {
  readonly guard: string
  /** What the refusal says, wherever the reply has it. */
  readonly says: RegExp
  readonly entrances: Readonly<Record<string, Entrance>>
  /** Entrances at which the guard cannot be met, with the reason. */
  readonly not?: Readonly<Record<string, string>>
}

const ordinary = (more: Item): Item => ({ ...there, ...more })
const nested = (levels: number): Value => (levels === 1 ? { S: 'x' } : { L: [nested(levels - 1)] })

const noUpdateOfKeys = {
  'ExecuteStatement UPDATE': 'the key is part of WHERE: see the guards of keys that are named',
  'BatchExecuteStatement UPDATE': 'the same',
  'ExecuteTransaction UPDATE': 'the same',
}

const badKey = (guard: string, says: RegExp, key: Item): Guard[] => [
  { guard: `${guard}, of an item`, says, entrances: writeDoors(keyed, key), not: noUpdateOfKeys },
  { guard: `${guard}, named`, says, entrances: readDoors(keyed, key) },
]

const item = (guard: string, says: RegExp, more: Item): Guard => ({
  guard,
  says,
  entrances: writeDoors(keyed, ordinary(more)),
})

const selectsNothing = {
  'ExecuteStatement SELECT': 'a key that no item can have selects nothing',
}

export const guards: readonly Guard[] = [
  item('an item has at most 400 KB', /Item size (to update )?has exceeded the maximum allowed size/, {
    v: { S: 'x'.repeat(410 * 1024) },
  }),
  item('values nest 32 levels', /Nesting Levels have exceeded supported limits/, { v: nested(33) }),
  item('a number has 38 digits', /Attempting to store more than 38 significant digits/, { v: { N: '1'.repeat(39) } }),
  // The second words are those about a parameter of a statement.
  item('a number has a bounded magnitude', /Number overflow|cannot be converted to a numeric value: 1e126/, {
    v: { N: '1e126' },
  }),
  item('a set is not empty', /An string set {2}may not be empty/, { v: { SS: [] } }),
  item('a set has no member twice', /contains duplicates/, { v: { SS: ['a', 'a'] } }),
  item('a value has one type', /more than one datatypes set/, { v: { S: 'a', N: '1' } }),
  item('an index key has its type', /Type mismatch for Index Key color Expected: S Actual: N/, { color: { N: '1' } }),
  item('an index key is not empty', /cannot contain an empty string value/, { color: { S: '' } }),
  item('an index key has at most 2048 bytes', /Size of hashkey has exceeded/, { color: { S: 'x'.repeat(2049) } }),
  ...badKey('a partition key has its type', /(Type mismatch for key pk|does not match (the )?schema)/, {
    pk: { N: '1' },
    sk: { S: 'one' },
  }),
  ...badKey('a partition key is not empty', /cannot contain an empty string value/, {
    pk: { S: '' },
    sk: { S: 'one' },
  }),
  ...badKey('a partition key has at most 2048 bytes', /Size of hashkey has exceeded/, {
    pk: { S: 'x'.repeat(2049) },
    sk: { S: 'one' },
  }),
  ...badKey('a sort key has at most 1024 bytes', /size of all range keys has exceeded/i, {
    pk: { S: 'x' },
    sk: { S: 'x'.repeat(1025) },
  }),
  ...badKey(
    'a key is whole',
    /(Missing the key sk|does not match the schema|mandatory equality|must specify the primary key)/,
    {
      pk: { S: 'x' },
    },
  ).map((guard) => ({ ...guard, not: { ...guard.not, 'ExecuteStatement SELECT': 'it selects a partition' } })),
  ...[
    ['a table exists', 'guarded-none'],
    ['a table that is being made is none yet', coming],
    ['a table that is being removed is none any more', going],
  ].flatMap(([guard = '', table = '']) => [
    {
      guard: `${guard}, written`,
      says: /resource not found/,
      entrances: writeDoors(table, ordinary({ v: { S: 'x' } })),
    },
    { guard: `${guard}, named`, says: /resource not found/, entrances: readDoors(table, there) },
    {
      guard: `${guard}, walked`,
      says: /resource not found/,
      entrances: {
        Scan: { operation: 'Scan', body: { TableName: table } },
        Query: {
          operation: 'Query',
          body: {
            TableName: table,
            KeyConditionExpression: 'pk = :p',
            ExpressionAttributeValues: { ':p': { S: 'x' } },
          },
        },
        'ExecuteStatement SELECT': { operation: 'ExecuteStatement', body: { Statement: `SELECT * FROM "${table}"` } },
      },
    },
  ]),
  {
    guard: 'a table exists, tagged',
    says: /resource not found/,
    entrances: tagDoors('guarded-none'),
  },
  {
    guard: 'a table that is being removed changes no more',
    says: /Table is being deleted/,
    entrances: {
      ...tagDoors(going),
      UpdateTable: { operation: 'UpdateTable', body: { TableName: going, TableClass: 'STANDARD' } },
      UpdateTimeToLive: {
        operation: 'UpdateTimeToLive',
        body: { TableName: going, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } },
      },
      DeleteTable: { operation: 'DeleteTable', body: { TableName: going } },
    },
    not: { ListTagsOfResource: 'it only tells' },
  },
  {
    guard: 'the name of a table that is being removed is taken',
    says: /Table already exists/,
    entrances: { CreateTable: { operation: 'CreateTable', body: tableInput(going) } },
  },
  {
    guard: 'a table that is being made changes only once it is there',
    says: /Table is being created|resource not found/,
    entrances: {
      ...tagDoors(coming),
      UpdateTable: { operation: 'UpdateTable', body: { TableName: coming, TableClass: 'STANDARD' } },
      UpdateTimeToLive: {
        operation: 'UpdateTimeToLive',
        body: { TableName: coming, TimeToLiveSpecification: { Enabled: true, AttributeName: 'expires' } },
      },
      DeleteTable: { operation: 'DeleteTable', body: { TableName: coming } },
      CreateTable: { operation: 'CreateTable', body: tableInput(coming) },
    },
  },
  {
    guard: 'a table is of this account and region, by its ARN',
    says: /Invalid AWS region in/,
    entrances: writeDoors('arn:aws:dynamodb:eu-north-1:000000000000:table/guarded', ordinary({ v: { S: 'x' } })),
    not: Object.fromEntries(
      ['INSERT', 'UPDATE'].flatMap((verb) =>
        ['ExecuteStatement', 'BatchExecuteStatement', 'ExecuteTransaction'].map(
          (operation) => [`${operation} ${verb}`, 'see the next guard'] as const,
        ),
      ),
    ),
  },
  {
    guard: 'a table’s name has 3 to 255 of its characters',
    says: /(validation error|failed to satisfy constraint|resource not found|Invalid table)/i,
    entrances: { ...writeDoors('no such*', ordinary({ v: { S: 'x' } })), ...readDoors('no such*', there) },
  },
  {
    guard: 'a global index is read eventually',
    says: /(Consistent reads are not|Strongly consistent read is not) supported on global secondary indexes/i,
    entrances: {
      Query: {
        operation: 'Query',
        body: {
          TableName: keyed,
          IndexName: 'by-color',
          ConsistentRead: true,
          KeyConditionExpression: 'color = :c',
          ExpressionAttributeValues: { ':c': { S: 'x' } },
        },
      },
      Scan: { operation: 'Scan', body: { TableName: keyed, IndexName: 'by-color', ConsistentRead: true } },
      ExecuteStatement: {
        operation: 'ExecuteStatement',
        body: { Statement: `SELECT * FROM "${keyed}"."by-color" WHERE color = 'x'`, ConsistentRead: true },
      },
    },
    not: {
      'BatchExecuteStatement, ExecuteTransaction': 'a SELECT there names one item of a table by its key',
    },
  },
  {
    guard: 'an operation names a bounded number of items',
    says: /(less than or equal to|Too many items requested)/,
    entrances: {
      BatchWriteItem: {
        operation: 'BatchWriteItem',
        body: {
          RequestItems: { [keyed]: many(26, (n) => ({ DeleteRequest: { Key: { pk: { S: n }, sk: { S: n } } } })) },
        },
      },
      BatchGetItem: {
        operation: 'BatchGetItem',
        body: { RequestItems: { [keyed]: { Keys: many(101, (n) => ({ pk: { S: n }, sk: { S: n } })) } } },
      },
      TransactWriteItems: {
        operation: 'TransactWriteItems',
        body: {
          TransactItems: many(101, (n) => ({ Delete: { TableName: keyed, Key: { pk: { S: n }, sk: { S: n } } } })),
        },
      },
      TransactGetItems: {
        operation: 'TransactGetItems',
        body: { TransactItems: many(101, (n) => ({ Get: { TableName: keyed, Key: { pk: { S: n }, sk: { S: n } } } })) },
      },
      BatchExecuteStatement: {
        operation: 'BatchExecuteStatement',
        body: { Statements: many(26, (n) => insert(keyed, { pk: { S: n }, sk: { S: n } })) },
      },
      ExecuteTransaction: {
        operation: 'ExecuteTransaction',
        body: { TransactStatements: many(101, (n) => insert(keyed, { pk: { S: n }, sk: { S: n } })) },
      },
    },
  },
  {
    guard: 'a transaction has at most 4 MB',
    says: /exceeds the limit of 4 MB/,
    entrances: {
      'TransactWriteItems Put': {
        operation: 'TransactWriteItems',
        body: { TransactItems: many(11, (n) => ({ Put: { TableName: keyed, Item: large(n) } })) },
      },
      'TransactWriteItems Update': {
        operation: 'TransactWriteItems',
        body: { TransactItems: many(11, (n) => ({ Update: updating(keyed, large(n)) })) },
      },
      'ExecuteTransaction INSERT': {
        operation: 'ExecuteTransaction',
        body: { TransactStatements: many(11, (n) => insert(keyed, large(n))) },
      },
      'ExecuteTransaction UPDATE': {
        operation: 'ExecuteTransaction',
        body: { TransactStatements: many(11, (n) => update(keyed, large(n))) },
      },
    },
  },
  {
    guard: 'a transaction names an item once',
    says: /multiple operations on one item/,
    entrances: {
      TransactWriteItems: {
        operation: 'TransactWriteItems',
        body: { TransactItems: many(2, () => ({ Delete: { TableName: keyed, Key: there } })) },
      },
      TransactGetItems: {
        operation: 'TransactGetItems',
        body: { TransactItems: many(2, () => ({ Get: { TableName: keyed, Key: there } })) },
      },
      'ExecuteTransaction UPDATE': {
        operation: 'ExecuteTransaction',
        body: { TransactStatements: many(2, () => update(keyed, ordinary({ v: { S: 'x' } }))) },
      },
    },
  },
  {
    guard: 'an expression has a bounded size',
    says: /Expression size has exceeded/,
    entrances: expressionDoors('a'.repeat(4097)),
  },
  {
    guard: 'an expression has a bounded number of operators',
    says: /too many operators/,
    entrances: expressionDoors(many(400, () => 'b = :v').join(' OR ')),
  },
  {
    guard: 'an IN has a bounded number of operands',
    says: /too many (operands|partitions)/,
    entrances: {
      ...expressionDoors(
        `b IN (${many(101, (n) => `:${n}`).join(', ')})`,
        many(101, (n) => `:${n}`),
      ),
      'ExecuteStatement SELECT': statement(`SELECT * FROM "${keyed}" WHERE b IN [${many(101, () => '1').join()}]`),
      'ExecuteStatement SELECT of partitions': statement(
        `SELECT * FROM "${keyed}" WHERE pk IN [${many(51, (n) => `'${n}'`).join()}]`,
      ),
    },
  },
  {
    guard: 'a literal of a statement is a value like any other',
    says: /(Nesting Levels have exceeded|may not have a empty string|Empty bags are not supported)/,
    entrances: {
      'a deep parameter in a list': statement(
        `INSERT INTO "${keyed}" VALUE {'pk': 'l', 'sk': 'l', 'v': [[?]]}`,
        nested(32),
      ),
      'a deep parameter in a map': statement(
        `INSERT INTO "${keyed}" VALUE {'pk': 'l', 'sk': 'l', 'v': {'w': ?}}`,
        nested(32),
      ),
      'a deep parameter that is set': statement(
        `UPDATE "${keyed}" SET v = [?] WHERE pk = 'there' AND sk = 'one'`,
        nested(32),
      ),
      'a deep literal that is set': statement(
        `UPDATE "${keyed}" SET v = ${'['.repeat(32)}1${']'.repeat(32)} WHERE pk = 'there' AND sk = 'one'`,
      ),
      'a deep parameter that is appended': statement(
        `UPDATE "${keyed}" SET v = list_append([], [?]) WHERE pk = 'there' AND sk = 'one'`,
        nested(32),
      ),
      'an empty set': statement(`INSERT INTO "${keyed}" VALUE {'pk': 'l', 'sk': 'l', 'v': <<>>}`),
    },
  },
].map((guard) => ({
  ...guard,
  not: {
    ...('not' in guard ? guard.not : {}),
    ...(guard.guard.includes('2048') ||
    guard.guard.includes('1024') ||
    guard.guard.includes('not empty') ||
    guard.guard.includes('its type')
      ? selectsNothing
      : {}),
  },
}))

function many<Each>(count: number, make: (name: string) => Each): readonly Each[] {
  return Array.from({ length: count }, (_, n) => make(`n${n}`))
}

function large(name: string): Item {
  return { pk: { S: name }, sk: { S: name }, v: { S: 'x'.repeat(390 * 1024) } }
}

function statement(Statement: string, ...parameters: readonly Value[]): Entrance {
  const body = { Statement, ...(parameters.length === 0 ? {} : { Parameters: parameters }) }
  return { operation: 'ExecuteStatement', body }
}

/** Wherever a condition or a filter can stand; as a statement it would be longer than one may be. */
function expressionDoors(expression: string, names: readonly string[] = [':v']): Readonly<Record<string, Entrance>> {
  const values = { ExpressionAttributeValues: Object.fromEntries(names.map((name) => [name, { S: name }])) }
  const condition = { ConditionExpression: expression, ...values }
  const table = { TableName: keyed }
  const changing = { ...table, Key: there, UpdateExpression: 'REMOVE c' }
  return {
    PutItem: { operation: 'PutItem', body: { ...table, Item: there, ...condition } },
    DeleteItem: { operation: 'DeleteItem', body: { ...table, Key: there, ...condition } },
    UpdateItem: { operation: 'UpdateItem', body: { ...changing, ...condition } },
    ...Object.fromEntries(
      (['Put', 'Delete', 'Update', 'ConditionCheck'] as const).map((action) => {
        const rest =
          action === 'Put' ? { ...table, Item: there } : action === 'Update' ? changing : { ...table, Key: there }
        const body = { TransactItems: [{ [action]: { ...rest, ...condition } }] }
        return [`TransactWriteItems ${action}`, { operation: 'TransactWriteItems', body }]
      }),
    ),
    Scan: { operation: 'Scan', body: { ...table, FilterExpression: expression, ...values } },
    Query: {
      operation: 'Query',
      body: {
        ...table,
        KeyConditionExpression: 'pk = :p',
        FilterExpression: expression,
        ExpressionAttributeValues: { ...values.ExpressionAttributeValues, ':p': { S: 'p' } },
      },
    },
  }
}

/** What a reply refuses with: its own message, those of its cancellation reasons, or of its statements. */
export function refusalIn({ status, json, text }: RawReply): string {
  const body = json as
    | { readonly Responses?: readonly { readonly Error?: { readonly Message?: string } }[] }
    | undefined
  // Of statements: BatchGetItem has an object there.
  const responses = Array.isArray(body?.Responses) ? body.Responses : []
  const ofStatements = responses.flatMap((response) => response.Error?.Message ?? [])
  if (status === 200) return ofStatements.join('; ') || `not refused: ${text.slice(0, 200)}`
  return text
}

export const cells = guards.flatMap((guard) =>
  Object.entries(guard.entrances)
    .filter(([entrance]) => guard.not === undefined || !Object.hasOwn(guard.not, entrance))
    .map(([entrance, { operation, body }]) => ({ guard: guard.guard, entrance, says: guard.says, operation, body })),
)

export type Cell = (typeof cells)[number]

/** On a connection of its own, since the processes of a region are given connections in turn. */
export async function answerOf(endpoint: string, { operation, body }: Cell): Promise<string> {
  const headers = { ...apiHeaders(operation), Connection: 'close' }
  return refusalIn(await send({ endpoint, headers, body: JSON.stringify(body) }))
}

/** Without a signature nothing is answered, whatever the operation is. */
export async function unsigned(endpoint: string, { operation, body }: Entrance): Promise<RawReply> {
  const { Authorization: _, 'X-Amz-Date': __, ...headers } = apiHeaders(operation)
  return send({ endpoint, headers: { ...headers, Connection: 'close' }, body: JSON.stringify(body) })
}

/** One byte more than a request may have. */
export async function tooLarge(endpoint: string): Promise<RawReply> {
  const headers = { ...apiHeaders('PutItem'), Connection: 'close' }
  return send({ endpoint, headers, body: Buffer.alloc(requestSizeBytesMax + 1, 0x20) })
}
