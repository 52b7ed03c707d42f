/** Whose key the console signs with. */
import { expect, test } from 'vitest'
import { signerOf } from '../../../src/console/signing.ts'
import type { Credential } from '../../../src/core/auth/credentials.ts'
import {
  compileIdentities,
  noDefinitions,
  type UserDefinition,
} from '../../../src/core/access/identities/identities.ts'

const otherwise = { accessKeyId: 'console', secretAccessKey: 'console' }
const keyOf = (accessKeyId: string) => ({ accessKeyId, secretAccessKey: `secret of ${accessKeyId}` })
const user = (name: string, accessKeyId: string, managed: string): UserDefinition => ({
  name,
  managedPolicies: [managed],
  accessKeys: [keyOf(accessKeyId)],
})
const identitiesWith = (...users: UserDefinition[]) => compileIdentities('123456789012', { ...noDefinitions, users })
const mapOf = (...ids: string[]) => new Map(ids.map((id) => [id, keyOf(id)]))

test('without files it signs as any SDK would, and says of nobody that it is he', () => {
  expect(signerOf({ credentials: undefined, identities: undefined }, otherwise)()).toEqual(otherwise)
})

test('a key that is no user’s comes first, and one that expires never', () => {
  const identities = identitiesWith(user('ann', 'AKIAANN', 'AdministratorAccess'))
  const credentials = mapOf('AKIAANN', 'AKIAROOT')
  const temporary = new Map<string, Credential>([
    ['ASIA', { ...keyOf('ASIA'), sessionToken: 'token', expiresMs: 1 }],
    ...credentials,
  ])
  const signer = signerOf({ credentials: () => temporary, identities: () => identities }, otherwise)
  expect(signer()).toEqual({ ...keyOf('AKIAROOT'), as: 'the root of the account' })
})

test('with identities alone it is the user whose policies allow the most, and another one when the file says so', () => {
  let identities = identitiesWith(
    user('reader', 'AKIAREADER', 'AmazonDynamoDBReadOnlyAccess'),
    user('ann', 'AKIAANN', 'AmazonDynamoDBFullAccess'),
  )
  let credentials = mapOf('AKIAREADER', 'AKIAANN')
  const signer = signerOf({ credentials: () => credentials, identities: () => identities }, otherwise)
  expect(signer()).toEqual({ ...keyOf('AKIAANN'), as: 'arn:aws:iam::123456789012:user/ann' })
  identities = identitiesWith(user('reader', 'AKIAREADER', 'AmazonDynamoDBReadOnlyAccess'))
  credentials = mapOf('AKIAREADER')
  expect(signer().as).toBe('arn:aws:iam::123456789012:user/reader')
  credentials = new Map()
  expect(signer()).toEqual(otherwise)
})
