/**
 * What a cache must understand of a request to answer it in the region's place. Whatever it does not understand whole, or would
 * have to refuse, it passes on: the region refuses in its own words.
 */
import type { Item } from '../../core/attribute/value.ts'
import { parseCondition } from '../../core/expression/parse.ts'
import type { Projection } from '../../core/expression/projection.ts'
import { projectItem } from '../../core/item/project.ts'
import { keyValuesProblem, matchesKey } from '../../core/key/key-problem.ts'
import { encodePrimaryKey, partitionPrefix } from '../../core/key/primary-key.ts'
import { keyComparisons } from '../../core/read/key-condition.ts'
import { checkValues } from '../../core/wire/attribute-values.ts'
import { isObject } from '../../core/wire/json.ts'
import type { ItemRead } from '../core/asks.ts'
import type { CachedTable } from '../core/cached-table.ts'
import { type CapacityDetail, isCapacityDetail } from './kept-capacity.ts'
import { expressionParameters } from '../../operations/checks/expression-parameters.ts'
import { placeholdersOf, projectionOf } from '../../operations/items/condition-of.ts'

export type Input = Readonly<Record<string, unknown>>

/** The members of GetItem, and of one table in BatchGetItem, that say what is to be shown. */
const projecting = ['ProjectionExpression', 'ExpressionAttributeNames', 'AttributesToGet'] as const
const getItemMembers: ReadonlySet<string> = new Set([
  'TableName',
  'Key',
  'ConsistentRead',
  'ReturnConsumedCapacity',
  ...projecting,
])
const keysMembers: ReadonlySet<string> = new Set(['Keys', 'ConsistentRead', ...projecting])

function hasOnlyGetItemMembers(input: Input): boolean {
  for (const name in input) if (!getItemMembers.has(name)) return false
  return isFlag(input['ConsistentRead'])
}

export function hasOnlyKeysMembers(input: Input): boolean {
  for (const name in input) if (!keysMembers.has(name)) return false
  return isFlag(input['ConsistentRead'])
}

function isFlag(value: unknown): boolean {
  return value === undefined || typeof value === 'boolean'
}

/** A GetItem that may be answered from what is kept; one object of one shape, since a hit waits for memory more than for anything. */
export class GetItem implements ItemRead {
  readonly table: string
  readonly who: string
  readonly shown: string
  readonly text: string
  readonly keyOf: ItemRead['keyOf']
  readonly project: ItemRead['project']
  slot: ItemRead['slot'] = undefined
  readonly detail: CapacityDetail
  /** The Authorization header up to the signature: the same in all of a client's requests of a day. */
  readonly stem: string

  constructor(read: Omit<ItemRead, 'slot'>, detail: CapacityDetail, stem: string) {
    this.table = read.table
    this.who = read.who
    this.shown = read.shown
    this.text = read.text
    this.keyOf = read.keyOf
    this.project = read.project
    this.detail = detail
    this.stem = stem
  }
}

export function getItemOf({ who, stem }: Pick<GetItem, 'who' | 'stem'>, input: Input | undefined): GetItem | undefined {
  if (input === undefined || !hasOnlyGetItemMembers(input)) return undefined
  const { TableName: table, ReturnConsumedCapacity: detail, ConsistentRead } = input
  const key = plainKey(input['Key'])
  if (ConsistentRead === true || key === undefined || typeof table !== 'string' || !isCapacityDetail(detail))
    return undefined
  const shown = shownText(input)
  if (shown === '' && input['ExpressionAttributeNames'] !== undefined) return undefined
  const project = shown === '' ? undefined : projectorOf(input, 'GetItem')
  const text = JSON.stringify([key, shown])
  return new GetItem({ table, who, shown, text, keyOf: keyTextsOf(key), project }, detail, stem)
}

/** The key's bytes, worked out once as long as the table is the same. */
function keyTextsOf(key: Item): (table: CachedTable) => string | undefined {
  let last: { readonly table: CachedTable; readonly text: string | undefined } | undefined
  return (table) => {
    if (last?.table !== table) last = { table, text: keyTextOf(table, key, true) }
    return last.text
  }
}

/** An item or a key in DynamoDB's JSON with its values in their canonical form; undefined when the region would refuse it. */
export function plainItem(value: unknown): Item | undefined {
  if (!isObject(value)) return undefined
  for (const name in value) if (!isObject(value[name])) return undefined
  try {
    checkValues(value as Item)
    return value as Item
  } catch {
    return undefined
  }
}

/** A key of scalars: other values are none that a key can have. */
export function plainKey(value: unknown): Item | undefined {
  if (!isObject(value)) return undefined
  let count = 0
  for (const name in value) {
    const scalar: unknown = value[name]
    if (++count > 2 || !isObject(scalar) || !isScalar(scalar)) return undefined
  }
  return count === 0 ? undefined : plainItem(value)
}

function isScalar(value: Readonly<Record<string, unknown>>): boolean {
  const text = value['S'] ?? value['N'] ?? value['B']
  if (typeof text !== 'string' || text === '') return false
  for (const type in value) if (type !== 'S' && type !== 'N' && (type !== 'B' || !isBase64(text))) return false
  return true
}

function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64') === text
}

/** Of exactly the key's attributes, or of a whole item that has them among others; undefined of what no key can be, for the region to refuse. */
export function keyTextOf({ key: schema }: Pick<CachedTable, 'key'>, item: Item, exact: boolean): string | undefined {
  const parts = schema.sort.length === 0 ? schema.partition : [...schema.partition, ...schema.sort]
  if (exact && Object.keys(item).length !== parts.length) return undefined
  if (!matchesKey(parts, item) || keyValuesProblem(schema, item) !== undefined) return undefined
  return encodePrimaryKey(schema, item).toString('latin1')
}

/** Names what is to be shown; '' for all of it. */
export function shownText(input: Input): string {
  if (input['ProjectionExpression'] === undefined && input['AttributesToGet'] === undefined) return ''
  return JSON.stringify(projecting.map((name) => input[name] ?? null))
}

/** Key attributes hold no documents: the region refuses such a path. */
function goesIntoKey({ paths }: Projection, { Key: key, Keys: keys }: Input): boolean {
  const given: unknown = key ?? (Array.isArray(keys) ? keys[0] : undefined)
  return isObject(given) && paths.some((path) => path.length > 1 && Object.hasOwn(given, path[0]))
}

/** Placeholders without an expression, and the like, are for the region to refuse. */
export function projectorOf(input: Input, operation: 'GetItem' | 'BatchGetItem') {
  return (body: string): string | undefined => {
    try {
      expressionParameters(operation)(input)
      const projection = projectionOf(input)
      if (projection === undefined || goesIntoKey(projection, input)) return undefined
      if (body === '{}') return body
      const { Item: item = {} } = JSON.parse(Buffer.from(body, 'latin1').toString()) as { readonly Item?: Item }
      return Buffer.from(JSON.stringify({ Item: projectItem(item, projection.paths) })).toString('latin1')
    } catch {
      return undefined
    }
  }
}

/** Every parameter, whatever the order in which they came. */
export function parametersText(input: Input): string {
  const parameters = { ...input, ReturnConsumedCapacity: undefined }
  return JSON.stringify(parameters, (_name, value: unknown) =>
    isObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value,
  )
}

/**
 * The partition of the table whose items alone a query can find, whatever index it goes by: it compares the table's own
 * partition attribute for equality. Asked of queries that the region has answered.
 */
export function partitionOfQuery({ key }: CachedTable, input: Input): string | undefined {
  const name = key.partition[0]?.name
  if (name === undefined) return undefined
  try {
    const value = equalTo(name, input)
    return value === undefined
      ? undefined
      : partitionPrefix(key, Object.fromEntries([[name, value]]) as Item).toString('latin1')
  } catch {
    return undefined
  }
}

function equalTo(name: string, input: Input): unknown {
  const { KeyConditionExpression: text, KeyConditions: older } = input
  if (typeof text === 'string') {
    const condition = parseCondition(text, 'KeyConditionExpression', placeholdersOf(input))
    const test = keyComparisons(condition).find((comparison) => comparison.name === name)?.test
    return test?.op === '=' ? test.value : undefined
  }
  if (!isObject(older) || !Object.hasOwn(older, name)) return undefined
  const { ComparisonOperator, AttributeValueList } = older[name] as Input
  return ComparisonOperator === 'EQ' && Array.isArray(AttributeValueList)
    ? (AttributeValueList[0] as unknown)
    : undefined
}
