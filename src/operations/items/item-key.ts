/** The primary key of what a request is about, held against the table's schema in DynamoDB's order and words. */
import { sizeOfValue } from '../../core/attribute/size.ts'
import { attribute, type AttributeValue, type Item, typeOf } from '../../core/attribute/value.ts'
import { validationError } from '../../core/errors.ts'
import { encodePrimaryKey, keyAttributesOf } from '../../core/key/primary-key.ts'
import { partitionKeySizeBytesMax, sortKeySizeBytesMax } from '../../core/limits.ts'
import type { KeyAttribute, Table } from '../../core/table/table.ts'

export type ItemKey = { readonly key: Buffer; readonly keyAttributes: Item }

/** Of an item to be put, which has other attributes too. */
export function keyOfItem(table: Table, item: Item): ItemKey {
  for (const part of keyParts(table)) {
    const value = attribute(item, part.name)
    if (value === undefined)
      throw validationError(`One or more parameter values were invalid: Missing the key ${part.name} in the item`)
    if (typeOf(value) !== part.type)
      throw validationError(
        `One or more parameter values were invalid: Type mismatch for key ${part.name} expected: ${part.type} actual: ${typeOf(value)}`,
      )
    checkKeyValue(table, part, value)
  }
  return { key: encodePrimaryKey(table.key, item), keyAttributes: keyAttributesOf(table.key, item) }
}

/** A key that was given as such: exactly the key attributes. */
export function keyOfKey(table: Table, given: Item): ItemKey {
  const parts = keyParts(table)
  if (Object.keys(given).length !== parts.length) throw noMatch()
  for (const part of parts) {
    const value = attribute(given, part.name)
    if (value === undefined || typeOf(value) !== part.type) throw noMatch()
    checkKeyValue(table, part, value)
  }
  return { key: encodePrimaryKey(table.key, given), keyAttributes: given }
}

const keyParts = (table: Table): readonly KeyAttribute[] =>
  table.key.sort.length === 0 ? table.key.partition : [...table.key.partition, ...table.key.sort]

const noMatch = () => validationError('The provided key element does not match the schema')

/** The missing blank before 2048 is AWS's. */
function checkKeyValue(table: Table, part: KeyAttribute, value: AttributeValue): void {
  if (('S' in value && value.S === '') || ('B' in value && value.B === ''))
    throw validationError(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${'S' in value ? 'string' : 'binary'} value. Key: ${part.name}`,
    )
  if (part.type === 'N') return
  const isPartition = table.key.partition[0] === part
  if (sizeOfValue(value) <= (isPartition ? partitionKeySizeBytesMax : sortKeySizeBytesMax)) return
  throw validationError(
    isPartition
      ? `One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of${partitionKeySizeBytesMax} bytes`
      : `One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of ${sortKeySizeBytesMax} bytes`,
  )
}
