/** The primary key of what a request is about, held against the table's schema in DynamoDB's words. */
import { attribute, type Item } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { type NewItem, parsedItem, SentItem } from '../../core/item/sent-item.ts'
import { emptyKeyProblem, itemKeyProblem, keyValuesProblem, matchesKey } from '../../core/key/key-problem.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../core/key/primary-key.ts'
import type { KeyAttribute, Table } from '../../core/table/table.ts'

export type ItemKey = { readonly key: Buffer; readonly keyAttributes: Item }

/** Of an item to be put, which has other attributes too. `words`: a batch refuses it as a key that was given as such. */
export function keyOfItem(table: Table, put: NewItem, words: 'of-item' | 'as-key' = 'of-item'): ItemKey {
  const alone = put instanceof SentItem ? put.keyBy(table.key) : undefined
  const item = alone ?? parsedItem(put)
  if (words === 'as-key' && alone === undefined && !matchesKey(keyParts(table), item)) throw validationError(mismatch)
  const problem = alone === undefined ? itemKeyProblem(table.key, item) : keyValuesProblem(table.key, alone)
  if (problem !== undefined) throw validationError(problem)
  return { key: encodePrimaryKey(table.key, item), keyAttributes: alone ?? keyAttributesOf(table.key, item) }
}

/** A key that was given as such: exactly the key attributes. */
export function keyOfKey(table: Table, given: Item): ItemKey {
  const parts = keyParts(table)
  if (Object.keys(given).length !== parts.length || !matchesKey(parts, given)) throw validationError(mismatch)
  const problem = keyValuesProblem(table.key, given)
  if (problem !== undefined) throw validationError(problem)
  return { key: encodePrimaryKey(table.key, given), keyAttributes: given }
}

const mismatch = 'The provided key element does not match the schema'

/** Throws for an empty value in the key, which of a transaction is told at once and not as a reason for its cancelling. */
export function assertNoEmptyKey(table: Table, item: NewItem): void {
  const alone = item instanceof SentItem ? item.keyBy(table.key) : undefined
  const given = alone ?? parsedItem(item)
  for (const { name } of keyParts(table)) {
    const value = attribute(given, name)
    const problem = value === undefined ? undefined : emptyKeyProblem(name, value)
    if (problem !== undefined) throw validationError(problem)
  }
}

const keyParts = ({ key }: Table): readonly KeyAttribute[] =>
  key.sort.length === 0 ? key.partition : [...key.partition, ...key.sort]
