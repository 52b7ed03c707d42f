import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { itemKeyProblem } from '../../../src/core/key/key-problem.ts'
import { schema } from './keys.ts'

const key = schema(['pk:S'], ['sk:B'])
const good: Item = { pk: { S: 'p' }, sk: { B: 'YQ==' } }

describe('an item', () => {
  it('has its key among other attributes', () => {
    expect(itemKeyProblem(key, { ...good, x: { S: 'x' } })).toBeUndefined()
  })

  it.each<[string, Item, string]>([
    ['lacks a key', { pk: { S: 'p' } }, 'One or more parameter values were invalid: Missing the key sk in the item'],
    [
      'has a key of another type',
      { ...good, sk: { S: 'x' } },
      'One or more parameter values were invalid: Type mismatch for key sk expected: B actual: S',
    ],
    [
      'has an empty key',
      { ...good, pk: { S: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'has an empty sort key',
      { ...good, sk: { B: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: sk',
    ],
    [
      'has too long a partition key',
      { ...good, pk: { S: 'é'.repeat(1025) } },
      'One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 bytes',
    ],
    [
      'has too long a sort key',
      { ...good, sk: { B: Buffer.alloc(1025).toString('base64') } },
      'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    ],
  ])('that %s', (_, item, message) => {
    expect(itemKeyProblem(key, item)).toBe(message)
  })
})
