/**
 * What an item must be like for the table's indexes: an index key attribute that it has must be of the index's type,
 * not empty and not too long. Of an update only what it changed is looked at, since an index made later may have
 * left out items that were there before.
 */
import { sizeOfValue } from '../attribute/size.ts'
import { attribute, type AttributeValue, type Item, typeOf } from '../attribute/value.ts'
import { partitionSizeProblem, sortSizeProblem } from '../key/key-problem.ts'
import type { Index, KeyAttribute, Table } from '../table/table.ts'

/** DynamoDB says it differently of an item that is put and of an update expression. */
export type IndexKeyWording = 'put' | 'update'

/** The message of what is wrong, if anything is. */
export function indexKeyProblem(table: Table, items: ChangedItem): string | undefined {
  for (const index of inOrderOfNames(table.indexes)) {
    if (index.status === 'DELETING') continue
    const problem = partProblem(index, index.key.partition, items) ?? partProblem(index, index.key.sort, items)
    if (problem !== undefined) return problem
  }
  return undefined
}

export type ChangedItem = {
  readonly next: Item
  /** Of an update: the item that it changes. */
  readonly previous?: Item
  readonly wording: IndexKeyWording
}

/** An attribute can be a key of several indexes: DynamoDB names the first by name. */
function inOrderOfNames(indexes: readonly Index[]): readonly Index[] {
  return indexes.length < 2 ? indexes : indexes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

function partProblem(index: Index, part: readonly KeyAttribute[], items: ChangedItem): string | undefined {
  let size = 0
  let changed = false
  for (const key of part) {
    const value = attribute(items.next, key.name)
    if (value === undefined) continue
    size += sizeOfValue(value)
    if (items.previous !== undefined && attribute(items.previous, key.name) === value) continue
    changed = true
    const problem = valueProblem(index, key, value, items.wording)
    if (problem !== undefined) return problem
  }
  if (!changed) return undefined
  return part === index.key.sort ? sortSizeProblem(size) : partitionSizeProblem(size)
}

function valueProblem(
  index: Index,
  key: KeyAttribute,
  value: AttributeValue,
  wording: IndexKeyWording,
): string | undefined {
  const type = typeOf(value)
  if (type !== key.type)
    return (
      `One or more parameter values were invalid: Type mismatch for Index Key ${key.name} ` +
      `Expected: ${key.type} Actual: ${type} IndexName: ${index.name}`
    )
  if ('S' in value && value.S === '') return emptyMessage(index, key, 'string', wording)
  if ('B' in value && value.B === '') return emptyMessage(index, key, 'binary', wording)
  return undefined
}

function emptyMessage(index: Index, key: KeyAttribute, kind: string, wording: IndexKeyWording): string {
  const what = `The AttributeValue for a key attribute cannot contain an empty ${kind} value.`
  if (wording === 'update')
    return (
      `One or more parameter values are not valid. ` +
      `The update expression attempted to update a secondary index key to a value that is not supported. ${what}`
    )
  return (
    `One or more parameter values are not valid. A value specified for a secondary index key is not supported. ` +
    `${what} IndexName: ${index.name}, IndexKey: ${key.name}`
  )
}
