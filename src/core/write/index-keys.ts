/**
 * What an item must be like for the table's indexes: an index key attribute that it has must be of the index's type,
 * not empty and not too long. Of an update only what it changed is looked at, since an index made later may have
 * left out items that were there before.
 */
import { sizeOfValue } from '../attribute/size.ts'
import { attribute, type AttributeValue, type Item, typeOf } from '../attribute/value.ts'
import { partitionKeySizeBytesMax, sortKeySizeBytesMax } from '../limits.ts'
import type { Index, KeyAttribute, Table } from '../table/table.ts'

/** DynamoDB says it differently of an item that is put and of an update expression. */
export type IndexKeyWording = 'put' | 'update'

/** The message of what is wrong, if anything is. */
export function indexKeyProblem(
  table: Table,
  next: Item,
  previous: Item | undefined,
  wording: IndexKeyWording,
): string | undefined {
  for (const index of inOrderOfNames(table.indexes)) {
    if (index.status === 'DELETING') continue
    const problem =
      partProblem(index, index.key.partition, partitionKeySizeBytesMax, { next, previous, wording }) ??
      partProblem(index, index.key.sort, sortKeySizeBytesMax, { next, previous, wording })
    if (problem !== undefined) return problem
  }
  return undefined
}

/** An attribute can be a key of several indexes: DynamoDB names the first by name. */
function inOrderOfNames(indexes: readonly Index[]): readonly Index[] {
  return indexes.length < 2 ? indexes : indexes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

type Items = { readonly next: Item; readonly previous: Item | undefined; readonly wording: IndexKeyWording }

function partProblem(
  index: Index,
  part: readonly KeyAttribute[],
  sizeBytesMax: number,
  { next, previous, wording }: Items,
): string | undefined {
  let size = 0
  for (const key of part) {
    const value = attribute(next, key.name)
    if (value === undefined) return undefined
    if (previous !== undefined && attribute(previous, key.name) === value) continue
    const problem = valueProblem(index, key, value, wording)
    if (problem !== undefined) return problem
    size += sizeOfValue(value)
  }
  return size > sizeBytesMax ? sizeMessage(part === index.key.sort) : undefined
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

/** The missing space is AWS's. */
function sizeMessage(sort: boolean): string {
  return sort
    ? `One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of ${sortKeySizeBytesMax} bytes`
    : `One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of${partitionKeySizeBytesMax} bytes`
}
