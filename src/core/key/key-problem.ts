/**
 * What is wrong with a primary key that a client gave, in AWS's words; undefined when it can be encoded. Clients' keys
 * come through here before core/key makes bytes of them.
 */
import { attribute, type AttributeValue, type Item, typeOf } from '../attribute/value.ts'
import { partitionKeySizeBytesMax, sortKeySizeBytesMax } from '../limits/limits.ts'
import type { KeyAttribute, KeySchema } from '../table/table.ts'
import { bareKeySize, keyValueOf } from './key-bytes.ts'

/** Of a whole item, which has its key among other attributes. */
export function itemKeyProblem(key: KeySchema, item: Item): string | undefined {
  for (const part of [...key.partition, ...key.sort]) {
    const value = attribute(item, part.name)
    const invalid = 'One or more parameter values were invalid'
    if (value === undefined) return `${invalid}: Missing the key ${part.name} in the item`
    if (!(part.type in value))
      return `${invalid}: Type mismatch for key ${part.name} expected: ${part.type} actual: ${typeOf(value)}`
  }
  return keyValuesProblem(key, item)
}

/** Whether the given attributes have those of the key, each of its type. */
export function matchesKey(parts: readonly KeyAttribute[], given: Item): boolean {
  return parts.every((part) => keyValueOf(given, part) !== undefined)
}

/** Of values that have the right types: empty ones, and those longer than keys can be. */
export function keyValuesProblem(key: KeySchema, item: Item): string | undefined {
  return partProblem(key.partition, item, partitionKeySizeBytesMax) ?? partProblem(key.sort, item, sortKeySizeBytesMax)
}

export function emptyKeyProblem(name: string, value: AttributeValue): string | undefined {
  const kind = 'S' in value && value.S === '' ? 'string' : 'B' in value && value.B === '' ? 'binary' : undefined
  if (kind === undefined) return undefined
  return (
    'One or more parameter values are not valid. ' +
    `The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`
  )
}

export function partitionSizeProblem(sizeBytes: number): string | undefined {
  if (sizeBytes <= partitionKeySizeBytesMax) return undefined
  const limit = `${partitionKeySizeBytesMax} bytes`
  return `One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of${limit}`
}

export function sortSizeProblem(sizeBytes: number): string | undefined {
  if (sizeBytes <= sortKeySizeBytesMax) return undefined
  const limit = `${sortKeySizeBytesMax} bytes`
  return `One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of ${limit}`
}

function partProblem(parts: readonly KeyAttribute[], item: Item, sizeBytesMax: number): string | undefined {
  let size = 0
  for (const part of parts) {
    const value = keyValueOf(item, part)
    if (value === undefined) continue
    const empty = emptyKeyProblem(part.name, value)
    if (empty !== undefined) return empty
    size += bareKeySize(value)
  }
  return sizeBytesMax === partitionKeySizeBytesMax ? partitionSizeProblem(size) : sortSizeProblem(size)
}
