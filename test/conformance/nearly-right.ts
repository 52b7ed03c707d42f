/**
 * Requests that would do something, each changed in one to three places: they get further into the node than junk does.
 * A seed gives the same one again.
 */
import { pick, type Random } from './malformed.ts'

export type NearlyRight = { readonly operation: string; readonly body: string }

/** `table`: key pk (S), sk (N), local index `local` on l (B), global index `global` on g (S). `simple`: key pk (S). */
export function nearlyRight(random: Random, table: string, simple: string): NearlyRight {
  const [operation, text] = pick(random, right)
  let request = JSON.parse(text.replaceAll('TABLE', table).replaceAll('SIMPLE', simple)) as Fields
  for (let changes = 1 + below(random, 3); changes > 0; changes--) request = changed(random, request)
  return { operation, body: JSON.stringify(request) }
}

type Fields = Record<string, unknown>
type Place = { readonly holder: Fields; readonly key: string }

const below = (random: Random, bound: number): number => Math.floor(random() * bound)

/** Removes, replaces, repeats or renames a member anywhere in the request, or damages a text. */
function changed(random: Random, request: Fields): Fields {
  const places = [...placesIn(request, 0)]
  if (places.length === 0) return request
  const { holder, key } = pick(random, places)
  const value = holder[key]
  const way = below(random, 6)
  if (way === 0) Reflect.deleteProperty(holder, key)
  else if (way === 1 && typeof value === 'string') holder[key] = damaged(random, value)
  else if (way === 2 && Array.isArray(value)) for (let n = below(random, 30); n > 0; n--) value.push(copy(value[0]))
  else if (way === 3 && !Array.isArray(holder)) holder[pick(random, names)] = copy(value)
  else if (way === 4) holder[key] = copy(pick(random, places).holder)
  else holder[key] = copy(pick(random, junk))
  return request
}

function* placesIn(holder: Fields, depth: number): Iterable<Place> {
  if (depth > 60) return
  for (const key of Object.keys(holder)) {
    yield { holder, key }
    const value = holder[key]
    if (typeof value === 'object' && value !== null) yield* placesIn(value as Fields, depth + 1)
  }
}

function damaged(random: Random, text: string): string {
  const at = below(random, text.length + 1)
  return text.slice(0, at) + pick(random, words) + text.slice(at + below(random, 4))
}

const copy = (value: unknown): unknown => (value === undefined ? null : JSON.parse(JSON.stringify(value)))

const deep = (levels: number): unknown => (levels === 0 ? { S: 'x' } : { L: [deep(levels - 1)] })

const names = ['constructor', 'a', 'pk', 'sk', 'S', 'N', 'M', 'L', ':z', '#z', '', 'x'.repeat(300)]

const junk: readonly unknown[] = [
  [
    null,
    '',
    'a',
    '__proto__',
    'constructor',
    0,
    -1,
    1.5,
    1e30,
    true,
    false,
    [],
    {},
    [null],
    [[]],
    'pk',
    'sk',
    '\ud800',
  ],
  [{ S: 'a' }, { N: '1' }, { N: '1e125' }, { N: '-9.9e-130' }, { B: 'AA==' }, { B: '' }, { S: '' }, { NULL: true }],
  [{ L: [] }, { M: {} }, { SS: ['a'] }, { M: { constructor: { N: '1' } } }, { S: 'é'.repeat(1024) }, deep(40)],
  ['global', 'local', ':a', '#p', 'ALL_NEW', 'UPDATED_OLD', 'COUNT', 'x'.repeat(3000), 2 ** 31],
].flat()

const words = [
  ['pk', 'sk', ' = ', ':a', ':n', '#p', '(', ')', ' AND ', ' OR ', 'NOT ', '[0]', '[99]', '.', ',', ' + ', ' - '],
  [' SET ', ' REMOVE ', ' ADD ', 'size(', 'attribute_exists(', 'list_append(', ' BETWEEN ', ' IN ', ' WHERE ', "'"],
  ['"', '?', '<<', '>>', '{', '}', ' IS MISSING', ' RETURNING ALL OLD *', '\u0000', '💥', '--', '/*'],
].flat()

const S = (text: string) => ({ S: text })
const N = (text: string) => ({ N: text })
const key = { pk: S('a'), sk: N('1') }
const values = { ':a': S('a'), ':n': N('1'), ':l': { L: [S('a'), { M: { b: { NS: ['1'] } } }] }, ':ss': { SS: ['a'] } }
const compared = (ComparisonOperator: string, ...AttributeValueList: unknown[]) => ({
  ComparisonOperator,
  AttributeValueList,
})

const requests: Record<string, readonly object[]> = {
  PutItem: [
    {
      TableName: 'TABLE',
      Item: { ...key, l: { B: 'AAA=' }, g: S('g'), x: { M: { a: { L: [N('1'), { NULL: true }] } } } },
      ConditionExpression: '#p <> :a OR size(x.a[0]) > :n',
      ExpressionAttributeNames: { '#p': 'pk' },
      ExpressionAttributeValues: { ':a': S('z'), ':n': N('5') },
      ReturnValues: 'ALL_OLD',
      ReturnConsumedCapacity: 'INDEXES',
      ReturnItemCollectionMetrics: 'SIZE',
    },
  ],
  GetItem: [{ TableName: 'TABLE', Key: key, ProjectionExpression: 'x.a[0], g', ReturnConsumedCapacity: 'TOTAL' }],
  UpdateItem: [
    {
      TableName: 'TABLE',
      Key: key,
      UpdateExpression:
        'SET n = if_not_exists(n, :n) + :n, li = list_append(:l, if_not_exists(li, :l)), g = :a REMOVE q ADD st :ss, num :n DELETE st2 :ss',
      ExpressionAttributeValues: values,
      ReturnValues: 'UPDATED_NEW',
    },
    {
      TableName: 'TABLE',
      Key: key,
      AttributeUpdates: { a: { Action: 'ADD', Value: N('1') }, b: { Action: 'DELETE' }, c: { Value: { SS: ['a'] } } },
      Expected: { pk: compared('IN', S('a'), S('b')), q: { Exists: false } },
      ConditionalOperator: 'OR',
    },
  ],
  DeleteItem: [
    {
      TableName: 'TABLE',
      Key: key,
      ConditionExpression: 'attribute_exists(pk) AND contains(st, :a)',
      ExpressionAttributeValues: { ':a': S('a') },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  ],
  Query: [
    {
      TableName: 'TABLE',
      KeyConditionExpression: 'pk = :a AND sk BETWEEN :n AND :m',
      FilterExpression: 'attribute_type(x, :t) OR n IN (:n, :m)',
      ExpressionAttributeValues: { ':a': S('a'), ':n': N('0'), ':m': N('9'), ':t': S('M') },
      ScanIndexForward: false,
      Limit: 5,
      ExclusiveStartKey: { pk: S('a'), sk: N('5') },
      Select: 'ALL_ATTRIBUTES',
    },
    {
      TableName: 'TABLE',
      IndexName: 'local',
      KeyConditions: { pk: compared('EQ', S('a')), l: compared('BEGINS_WITH', { B: 'AA==' }) },
      QueryFilter: { x: { ComparisonOperator: 'NOT_NULL' } },
      AttributesToGet: ['x', 'pk'],
    },
    {
      TableName: 'TABLE',
      IndexName: 'global',
      KeyConditionExpression: 'g = :a',
      ExpressionAttributeValues: { ':a': S('a') },
      ExclusiveStartKey: { g: S('a'), ...key },
    },
  ],
  Scan: [
    { TableName: 'TABLE', Segment: 1, TotalSegments: 3, Limit: 2, ScanFilter: { x: compared('NE', N('1')) } },
    { TableName: 'TABLE', IndexName: 'local', FilterExpression: 'begins_with(pk, pk2)', ConsistentRead: true },
  ],
  BatchWriteItem: [
    {
      RequestItems: {
        TABLE: [
          { PutRequest: { Item: { ...key, l: { B: 'AA==' } } } },
          { DeleteRequest: { Key: { ...key, sk: N('2') } } },
        ],
        SIMPLE: [{ PutRequest: { Item: { pk: S('c') } } }],
      },
      ReturnConsumedCapacity: 'INDEXES',
    },
  ],
  BatchGetItem: [
    {
      RequestItems: {
        TABLE: { Keys: [key, { ...key, sk: N('2') }], ProjectionExpression: 'pk' },
        SIMPLE: { Keys: [{ pk: S('c') }], AttributesToGet: ['pk'], ConsistentRead: true },
      },
    },
  ],
  TransactWriteItems: [
    {
      TransactItems: [
        { Put: { TableName: 'TABLE', Item: { ...key, sk: N('3') } } },
        {
          Update: {
            TableName: 'TABLE',
            Key: key,
            UpdateExpression: 'SET n = :n',
            ExpressionAttributeValues: { ':n': N('1') },
          },
        },
        { Delete: { TableName: 'TABLE', Key: { ...key, sk: N('4') } } },
        {
          ConditionCheck: {
            TableName: 'SIMPLE',
            Key: { pk: S('z') },
            ConditionExpression: 'attribute_not_exists(pk)',
          },
        },
      ],
      ClientRequestToken: 'token',
      ReturnConsumedCapacity: 'INDEXES',
    },
  ],
  TransactGetItems: [
    {
      TransactItems: [{ Get: { TableName: 'TABLE', Key: key } }, { Get: { TableName: 'SIMPLE', Key: { pk: S('c') } } }],
    },
  ],
  ExecuteStatement: [
    {
      Statement: `SELECT pk, x.a[0] FROM "TABLE" WHERE pk = ? AND sk IN [1, 2] AND NOT (n > 5 OR begins_with(g, 'x')) ORDER BY sk DESC`,
      Parameters: [S('a')],
      Limit: 3,
    },
    {
      Statement: `UPDATE "TABLE" SET n = n + 1 SET li = list_append(li, [1]) REMOVE q WHERE pk='a' AND sk=1 RETURNING ALL NEW *`,
    },
    { Statement: `INSERT INTO "TABLE" VALUE {'pk':'a','sk':?,'m':{'a':[1,<<'x'>>]}}`, Parameters: [N('77')] },
  ],
  BatchExecuteStatement: [
    { Statements: [{ Statement: `DELETE FROM "TABLE" WHERE pk='a' AND sk=77` }], ReturnConsumedCapacity: 'TOTAL' },
  ],
  ExecuteTransaction: [
    {
      TransactStatements: [
        { Statement: `EXISTS(SELECT * FROM "SIMPLE" WHERE pk='c' AND z IS MISSING)` },
        { Statement: `DELETE FROM "TABLE" WHERE pk='a' AND sk=78` },
      ],
    },
  ],
}

const right = Object.entries(requests).flatMap(([operation, bodies]) =>
  bodies.map((body) => [operation, JSON.stringify(body)] as const),
)
