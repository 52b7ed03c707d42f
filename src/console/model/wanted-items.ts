/** What a person wants to read of a table, as the input of Query, Scan or ExecuteStatement. Pure. */
import type { Item, Value } from './edited-values.ts'
import type { KeyPart } from './described-table.ts'

export type SortHow = 'any' | '=' | '<' | '<=' | '>' | '>=' | 'begins with'

export type Wish = {
  /** Empty: the table itself. */
  readonly index: string
  /** Empty: a scan. */
  readonly partition: string
  readonly sortHow: SortHow
  readonly sort: string
  readonly isStrong: boolean
  readonly isBackwards: boolean
  readonly limit: number
  readonly filter: string
  readonly filterValues: string
}

export const plainWish: Wish = {
  index: '',
  partition: '',
  sortHow: 'any',
  sort: '',
  isStrong: false,
  isBackwards: false,
  limit: 25,
  filter: '',
  filterValues: '',
}

export type Reading = { readonly operation: 'Query' | 'Scan'; readonly input: Readonly<Record<string, unknown>> }

/** Throws an Error for people when the values of a filter are no JSON. */
export function readingOf(table: string, keys: readonly KeyPart[], wish: Wish): Reading {
  const partition = keys.find(({ role }) => role === 'HASH')
  const sort = keys.find(({ role }) => role === 'RANGE')
  const filter = filterOf(wish)
  const common = {
    TableName: table,
    Limit: wish.limit,
    ReturnConsumedCapacity: 'INDEXES',
    ...(wish.index === '' ? {} : { IndexName: wish.index }),
    ...(wish.isStrong ? { ConsistentRead: true } : {}),
    ...(filter.expression === '' ? {} : { FilterExpression: filter.expression }),
  }
  if (wish.partition === '' || partition === undefined) {
    const values = Object.keys(filter.values).length === 0 ? {} : { ExpressionAttributeValues: filter.values }
    return { operation: 'Scan', input: { ...common, ...values } }
  }
  const isSorted = sort !== undefined && wish.sortHow !== 'any'
  const condition =
    isSorted && wish.sortHow === 'begins with' ? 'begins_with(#sort, :sort)' : `#sort ${wish.sortHow} :sort`
  return {
    operation: 'Query',
    input: {
      ...common,
      KeyConditionExpression: `#partition = :partition${isSorted ? ` AND ${condition}` : ''}`,
      ExpressionAttributeNames: { '#partition': partition.name, ...(isSorted ? { '#sort': sort.name } : {}) },
      ExpressionAttributeValues: {
        ':partition': keyValue(partition, wish.partition),
        ...(isSorted ? { ':sort': keyValue(sort, wish.sort) } : {}),
        ...filter.values,
      },
      ...(wish.isBackwards ? { ScanIndexForward: false } : {}),
    },
  }
}

function keyValue({ type }: KeyPart, given: string): Value {
  return { [type]: given }
}

function filterOf({ filter, filterValues }: Wish): { readonly expression: string; readonly values: Item } {
  const expression = filter.trim()
  if (expression === '' || filterValues.trim() === '') return { expression, values: {} }
  try {
    return { expression, values: JSON.parse(filterValues) as Item }
  } catch {
    throw new Error('the values of the filter are JSON: {":x": {"N": "1"}}')
  }
}

/** The key attributes of an item. */
export function keyOf(keys: readonly KeyPart[], item: Item): Item {
  return Object.fromEntries(keys.map(({ name }) => [name, item[name] ?? {}]))
}

export function keyText(keys: readonly KeyPart[], item: Item): string {
  return keys
    .map(({ name }) =>
      Object.values(item[name] ?? {})
        .map(String)
        .join(),
    )
    .join(' · ')
}

/** What a request has consumed, as it was told. */
export function capacityText(output: Readonly<Record<string, unknown>>): string {
  const told = output['ConsumedCapacity']
  const all = Array.isArray(told) ? told : [told]
  const units = all.flatMap((each) => {
    const number = (each as { readonly CapacityUnits?: unknown } | undefined)?.CapacityUnits
    return typeof number === 'number' ? [number] : []
  })
  return units.length === 0 ? 'not told' : `${units.reduce((sum, each) => sum + each, 0)} units`
}
