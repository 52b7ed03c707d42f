/** SELECT as the read plans of Query and Scan: one for each partition that the WHERE names, one after the other. */
import type { Item } from '../../core/attribute/value.ts'
import { type AttributeValue, setAttribute } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import type { Path } from '../../core/expression/path.ts'
import { valueAt } from '../../core/item/document.ts'
import { decodeItem, encodeItem } from '../../core/item/item-bytes.ts'
import { wholeRange } from '../../core/key/key-range.ts'
import { pageSizeBytesMax } from '../../core/limits/limits.ts'
import { lowerSelect } from '../../core/partiql/lower.ts'
import type { Select } from '../../core/partiql/statement.ts'
import {
  addCapacity,
  type Capacity,
  type Consistency,
  noCapacity,
  pageReadCapacity,
} from '../../core/read/read-capacity.ts'
import { keyComparisons } from '../../core/read/key-condition.ts'
import { lastEvaluatedKey, queryStart, scanStart } from '../../core/read/page-token.ts'
import { TurnWork } from '../../core/read/page-work.ts'
import { queryRange, type QueryTarget } from '../../core/read/query-range.ts'
import type { ReadPlan } from '../../core/read/read-plan.ts'
import type { Index, KeySchema, Table } from '../../core/table/table.ts'
import type { Turns } from '../../core/turns.ts'
import { indexForRead } from '../checks/table-exists.ts'
import { selectionOf } from '../items/selection.ts'
import type { OperationContext } from '../operation.ts'
import type { StatementToken } from './next-token.ts'

export type StatementRead = {
  readonly select: Select
  readonly table: Table
  readonly consistent: boolean
  readonly limit: number | undefined
  readonly from: StatementToken | undefined
}

export type StatementPage = {
  /** JSON of each. */
  readonly items: readonly Buffer[]
  readonly capacity: Capacity
  readonly next: StatementToken | undefined
}

/** Items are JSON: their columns are picked part by part, since a page may have a hundred thousand. */
export function* readStatement(read: StatementRead, context: OperationContext): Turns<StatementPage> {
  const plans = plansOf(read)
  const consistency: Consistency = read.consistent ? 'strong' : 'eventual'
  const items: Buffer[] = []
  let capacity = noCapacity
  let left = read.limit
  let scannedBytes = 0
  for (let partition = read.from?.partition ?? 0; partition < plans.length; partition++) {
    const key = partition === read.from?.partition ? read.from.key : undefined
    const plan = plans[partition]?.(key, left)
    if (!plan) break
    const page = yield* context.engine.read(plan)
    for (const item of yield* columnsOf(page.items, read.select)) items.push(item)
    capacity = addCapacity(capacity, pageReadCapacity(plan, page, consistency))
    const lastKey = lastEvaluatedKey(plan, page)
    if (lastKey) return { items, capacity, next: { partition, key: lastKey } }
    if (left !== undefined) left -= page.scannedCount
    scannedBytes += page.scannedSizeBytes
    const full = left === 0 || scannedBytes >= pageSizeBytesMax
    if (full && partition + 1 < plans.length) return { items, capacity, next: { partition: partition + 1 } }
  }
  return { items, capacity, next: undefined }
}

type Planner = (startKey: Item | undefined, limit: number | undefined) => ReadPlan

function plansOf({ select, table, consistent }: StatementRead): readonly Planner[] {
  const index = indexOf(table, select.index, consistent)
  const target: QueryTarget = { table, index }
  const { keyConditions, filter } = lowerSelect(select, (index ?? table).key)
  const forward = orderOf(select, (index ?? table).key, keyConditions.length)
  const projection = select.paths ? { paths: select.paths } : undefined
  const common = {
    table,
    ...(index === undefined ? {} : { index }),
    forward,
    ...(filter === undefined ? {} : { filter }),
    ...withoutProjection(selectionOf(table, index, undefined, projection)),
  }
  const limited = (limit: number | undefined) => (limit === undefined ? {} : { limit })
  if (keyConditions.length === 0) {
    return [
      (start, limit) => ({
        ...common,
        range: wholeRange,
        ...(start ? { after: scanStart(target, start) } : {}),
        ...limited(limit),
      }),
    ]
  }
  return keyConditions.map((condition) => {
    const asked = queryRange(target, keyComparisons(condition))
    return (start, limit) => ({
      ...common,
      range: asked.range,
      ...(start ? { after: queryStart(target, start, asked) } : {}),
      ...limited(limit),
    })
  })
}

/** The words differ from those of Query and Scan. */
function indexOf(table: Table, name: string | undefined, consistent: boolean): Index | undefined {
  const index = table.indexes.find((candidate) => candidate.name === name)
  if (name !== undefined && (index === undefined || index.status === 'DELETING'))
    throw validationError('The table does not have the specified index')
  if (index?.kind === 'global' && consistent)
    throw validationError('Strongly consistent read is not supported on Global Secondary Indexes')
  return indexForRead(table, { IndexName: name, ConsistentRead: consistent })
}

function* columnsOf(bodies: readonly Buffer[], select: Select): Turns<readonly Buffer[]> {
  if (select.paths === undefined) return bodies
  const work = new TurnWork({ parses: true, operators: select.paths.length })
  const items: Buffer[] = []
  for (const body of bodies) {
    items.push(encodeItem(selected(decodeItem(body), select)))
    if (work.add(body.length)) continue
    yield
    work.begin()
  }
  return items
}

/** A SELECT names its columns itself (`selected`), so the engine hands out whole items. */
function withoutProjection({ countOnly, fetchWhole }: Pick<ReadPlan, 'countOnly' | 'fetchWhole'>) {
  return { countOnly, fetchWhole }
}

function orderOf(select: Select, key: KeySchema, partitions: number): boolean {
  const [first] = select.orderBy ?? []
  if (!first) return true
  if (!select.where) throw validationError('Must have WHERE clause in the statement when using ORDER BY clause.')
  if (partitions === 0) {
    throw validationError(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER BY clause.',
    )
  }
  const names = [...key.partition, ...key.sort].map(({ name }) => name)
  const stranger = select.orderBy?.find(({ attribute }) => !names.includes(attribute))
  if (stranger) {
    throw validationError(`Variable reference ${stranger.attribute} in ORDER BY clause must be part of the primary key`)
  }
  const bySort = select.orderBy?.find(({ attribute }) => key.sort.some(({ name }) => name === attribute))
  return bySort === undefined || !bySort.descending
}

/** A column is called by its path from the last name on: `a.b` is b, and `a.b[0]` is b[0]. */
function selected(item: Item, { paths }: Pick<Select, 'paths'>): Item {
  if (!paths) return item
  const columns: Record<string, AttributeValue> = {}
  for (const path of paths) {
    const value = valueAt(item, path)
    if (value) setAttribute(columns, columnName(path), value)
  }
  return columns
}

function columnName(path: Path): string {
  const from = path.findLastIndex((step) => typeof step === 'string')
  return path.slice(from).reduce<string>((name, step) => name + (typeof step === 'string' ? step : `[${step}]`), '')
}
