/**
 * Statements to what the engine knows. A WHERE is a conjunction in which equality on the key names the item or the
 * partition; what is left of it is a condition (of a write) or a filter (of a read).
 */
import { compareValues } from '../attribute/value-order.ts'
import { attribute, type AttributeValue, type Item, setAttribute } from '../attribute/value.ts'
import { validationError } from '../errors.ts'
import type { Condition, Operand } from '../expression/condition.ts'
import { statementPartitionsMax } from '../limits/limits.ts'
import type { KeySchema } from '../table/table.ts'
import { tooManyOperands } from './where-conditions.ts'
import { conjunctsOf, refuseOverlaps } from './overlap.ts'
import type { Delete, Select, UpdateStatement } from './statement.ts'

export type KeyedWrite = { readonly keyAttributes: Item; readonly condition?: Condition }

/** An UPDATE never creates its item: the item must be there and meet the rest of the WHERE. */
export function lowerUpdate(statement: UpdateStatement, key: KeySchema): KeyedWrite {
  const { keyAttributes, rest } = splitKey(statement.where, key)
  return { keyAttributes, condition: allOf([{ op: 'attribute_exists', path: [partitionOf(key)] }, ...rest]) }
}

/** The DELETE of an item that is not there succeeds; that of one which does not meet the rest of the WHERE fails. */
export function lowerDelete(statement: Delete, key: KeySchema): KeyedWrite {
  const { keyAttributes, rest } = splitKey(statement.where, key)
  if (rest.length === 0) return { keyAttributes }
  return { keyAttributes, condition: { op: 'or', of: [insertCondition(key), allOf(rest)] } }
}

export function insertCondition(key: KeySchema): Condition {
  return { op: 'attribute_not_exists', path: [partitionOf(key)] }
}

/** EXISTS(SELECT …) names one item by its whole key. */
export function lowerExists(select: Select, key: KeySchema): Required<KeyedWrite> {
  if (!select.where) throw missingKey()
  const { keyAttributes, rest } = splitKey(select.where, key)
  return { keyAttributes, condition: allOf([{ op: 'attribute_exists', path: [partitionOf(key)] }, ...rest]) }
}

/** The key of a SELECT that names one item by its whole key, as batches and transactions want it; undefined for any other. */
export function singleItemKey(
  select: Select,
  key: KeySchema,
): { readonly keyAttributes: Item; readonly rest: readonly Condition[] } | undefined {
  if (!select.where || select.index !== undefined) return undefined
  const split = separate(select.where, key)
  return split.complete ? split : undefined
}

export type SelectLowering = {
  /** One key condition for each partition that the WHERE names; none for a scan. */
  readonly keyConditions: readonly Condition[]
  readonly filter?: Condition
}

/** Which partitions a SELECT reads, by the key of its table or index, and what filters the items found there. */
export function lowerSelect(select: Select, key: KeySchema): SelectLowering {
  const conjuncts = select.where ? conjunctsOf(select.where) : []
  refuseOverlaps(conjuncts, key)
  const used = new Set<Condition>()
  let partitions: readonly (readonly Condition[])[] = [[]]
  for (const { name } of key.partition) {
    const found = firstPartition(conjuncts, name)
    if (!found) return withFilter([], conjuncts)
    used.add(found.condition)
    const values = inOrder(
      found.values,
      select.orderBy?.find((term) => term.attribute === name),
    )
    partitions = partitions.flatMap((equalities) => values.map((value) => [...equalities, equality(name, value)]))
  }
  if (partitions.length > statementPartitionsMax) throw tooManyOperands(partitions.length)
  const sortCondition = conjuncts.find((condition) => !used.has(condition) && isSortCondition(condition, key))
  if (sortCondition) used.add(sortCondition)
  const keyConditions = partitions.map((equalities) =>
    allOf(sortCondition ? [...equalities, sortCondition] : equalities),
  )
  const rest = conjuncts.filter((condition) => !used.has(condition))
  return withFilter(keyConditions, rest)
}

/**
 * The key attributes that a WHERE gives with equality, one entry for each partition that it names; undefined when it names
 * none.
 */
export function partitionKeys(where: Condition, key: KeySchema): readonly Item[] | undefined {
  const conjuncts = conjunctsOf(where)
  let keys: readonly Item[] = [{}]
  for (const { name } of key.partition) {
    const found = firstPartition(conjuncts, name)
    if (found === undefined) return undefined
    keys = keys.flatMap((known) => found.values.map((value) => withAttribute(known, name, value)))
    if (keys.length > statementPartitionsMax) return undefined
  }
  for (const { name } of key.sort) {
    const equal = conjuncts.map(equalityOn).find((each) => each?.name === name)
    if (equal !== undefined) keys = keys.map((known) => withAttribute(known, name, equal.value))
  }
  return keys
}

function withAttribute(item: Item, name: string, value: AttributeValue): Item {
  const wider: Record<string, AttributeValue> = { ...item }
  setAttribute(wider, name, value)
  return wider
}

function firstPartition(
  conjuncts: readonly Condition[],
  name: string,
): { readonly condition: Condition; readonly values: readonly AttributeValue[] } | undefined {
  for (const condition of conjuncts) {
    const values = partitionValues(condition, name)
    if (values) return { condition, values }
  }
  return undefined
}

/** Partitions are read one after the other: ORDER BY their key is the order of the reading. */
function inOrder(
  values: readonly AttributeValue[],
  by: { readonly descending: boolean } | undefined,
): readonly AttributeValue[] {
  if (by === undefined) return values
  return values.toSorted((a, b) => (compareValues(a, b) ?? 0) * (by.descending ? -1 : 1))
}

function withFilter(keyConditions: readonly Condition[], rest: readonly Condition[]): SelectLowering {
  return rest.length === 0 ? { keyConditions } : { keyConditions, filter: allOf(rest) }
}

/** `pk = v`, `pk IN [v, w]` and `pk = v OR pk = w` name partitions. */
function partitionValues(condition: Condition, name: string): readonly AttributeValue[] | undefined {
  const equal = equalityOn(condition)
  if (equal?.name === name) return [equal.value]
  if (condition.op === 'in' && namesAttribute(condition.operand, name)) return unique(condition.list.map(valueOf))
  if (condition.op !== 'or') return undefined
  return unique(condition.of.map((part) => (equalityOn(part)?.name === name ? equalityOn(part)?.value : undefined)))
}

function unique(values: readonly (AttributeValue | undefined)[]): readonly AttributeValue[] | undefined {
  const known = values.filter((value) => value !== undefined)
  if (known.length !== values.length) return undefined
  return [...new Map(known.map((value) => [JSON.stringify(value), value])).values()]
}

function isSortCondition(condition: Condition, key: KeySchema): boolean {
  const name = key.sort[0]?.name
  if (name === undefined) return false
  if (condition.op === 'compare') {
    return condition.comparator !== '<>' && namesAttribute(condition.left, name) && 'value' in condition.right
  }
  if (condition.op === 'between') {
    return namesAttribute(condition.operand, name) && 'value' in condition.low && 'value' in condition.high
  }
  return condition.op === 'begins_with' && namesAttribute(condition.operand, name) && 'value' in condition.prefix
}

function splitKey(
  where: Condition,
  key: KeySchema,
): { readonly keyAttributes: Item; readonly rest: readonly Condition[] } {
  const split = separate(where, key)
  if (!split.complete) throw missingKey()
  return split
}

/** The first equality on each key attribute is the key; everything else is the rest. */
function separate(
  where: Condition,
  key: KeySchema,
): { keyAttributes: Item; rest: readonly Condition[]; complete: boolean } {
  const names = [...key.partition, ...key.sort].map(({ name }) => name)
  const keyAttributes: Record<string, AttributeValue> = {}
  const rest: Condition[] = []
  for (const condition of conjunctsOf(where)) {
    const equal = equalityOn(condition)
    if (equal && names.includes(equal.name) && attribute(keyAttributes, equal.name) === undefined) {
      setAttribute(keyAttributes, equal.name, equal.value)
    } else rest.push(condition)
  }
  return { keyAttributes, rest, complete: names.every((name) => Object.hasOwn(keyAttributes, name)) }
}

export function missingKey(): Error {
  return validationError('Where clause does not contain a mandatory equality on all key attributes')
}

function equalityOn(condition: Condition): { readonly name: string; readonly value: AttributeValue } | undefined {
  if (condition.op !== 'compare' || condition.comparator !== '=') return undefined
  const { left, right } = condition
  return equalOperands(left, right) ?? equalOperands(right, left)
}

function equalOperands(
  path: Operand,
  value: Operand,
): { readonly name: string; readonly value: AttributeValue } | undefined {
  return 'path' in path && path.path.length === 1 && 'value' in value
    ? { name: path.path[0], value: value.value }
    : undefined
}

function namesAttribute(operand: Operand, name: string): boolean {
  return 'path' in operand && operand.path.length === 1 && operand.path[0] === name
}

function valueOf(operand: Operand): AttributeValue | undefined {
  return 'value' in operand ? operand.value : undefined
}

function equality(name: string, value: AttributeValue): Condition {
  return { op: 'compare', comparator: '=', left: { path: [name] }, right: { value } }
}

function allOf(conditions: readonly Condition[]): Condition {
  const [only, ...more] = conditions
  return only && more.length === 0 ? only : { op: 'and', of: conditions }
}

function partitionOf(key: KeySchema): string {
  return key.partition[0]?.name ?? ''
}
