import { describe, expect, it } from 'vitest'
import type { Item } from '../../../src/core/attribute/value.ts'
import { itemKeyProblem, keyProblem } from '../../../src/core/key/key-problem.ts'
import { schema } from './keys.ts'

const key = schema(['pk:S'], ['sk:B'])
const good: Item = { pk: { S: 'p' }, sk: { B: 'YQ==' } }

describe('a Key parameter', () => {
  it('that is exactly the key has no problem', () => {
    expect(keyProblem(key, good)).toBeUndefined()
  })

  it.each<[string, Item, string]>([
    ['lacks an attribute', { pk: { S: 'p' } }, 'The number of conditions on the keys is invalid'],
    ['has one too many', { ...good, x: { S: 'x' } }, 'The number of conditions on the keys is invalid'],
    [
      'names another attribute',
      { pk: { S: 'p' }, x: { B: 'YQ==' } },
      'The provided key element does not match the schema',
    ],
    ['has another type', { ...good, pk: { N: '1' } }, 'The provided key element does not match the schema'],
    [
      'is empty',
      { ...good, sk: { B: '' } },
      'One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty binary value. Key: sk',
    ],
    [
      'is too long',
      { ...good, sk: { B: Buffer.alloc(1025).toString('base64') } },
      'One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
    ],
  ])('that %s', (_, given, message) => {
    expect(keyProblem(key, given)).toBe(message)
  })
})

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
  ])('that %s', (_, item, message) => {
    expect(itemKeyProblem(key, item)).toBe(message)
  })
})
