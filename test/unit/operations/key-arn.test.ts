import { expect, test } from 'vitest'
import { keyArnOf, managedKey } from '../../../src/operations/key-arn.ts'
import { differs } from '../../differences/difference.ts'

const here = { region: 'us-east-1', accountId: '123456789012' }
const arn = 'arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555'
const uuid =
  /^arn:aws:kms:us-east-1:123456789012:key\/[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

test('a key is named by its ARN, which is kept, or by its id', () => {
  expect(keyArnOf(here, arn)).toBe(arn)
  expect(keyArnOf(here, '11111111-2222-3333-4444-555555555555')).toBe(arn)
})

test(differs('keys-of-kms'), () => {
  const key = keyArnOf(here, 'alias/mine')
  expect(key).toMatch(uuid)
  expect(keyArnOf(here, 'arn:aws:kms:us-east-1:123456789012:alias/mine')).toBe(key)
  expect(keyArnOf({ ...here, region: 'eu-west-1' }, 'alias/mine').split('/')[1]).not.toBe(key.split('/')[1])
  expect(keyArnOf(here, managedKey)).not.toBe(key)
})

test('what is described once is described again as the same', () => {
  expect(keyArnOf(here, keyArnOf(here, 'alias/mine'))).toBe(keyArnOf(here, 'alias/mine'))
})
