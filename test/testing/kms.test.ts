/** The key service at the endpoint of a region, by its JSON protocol. */
import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AesKeySeal } from '../../src/adapters/encryption/key-seal.ts'
import { systemRandom } from '../../src/adapters/system/random.ts'
import { kmsKeysMax, kmsOnDemandRotationsMax } from '../../src/core/limits/kms-limits.ts'
import { type KmsKeys, noKeys } from '../../src/core/kms/key-states.ts'
import { Kms } from '../../src/operations/kms/kms.ts'
import { kmsEntry } from '../../src/operations/kms/kms-entry.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { authorizationOf, timeOf } from '../unit/wire/sign.ts'

const dayMs = 86_400_000
const region = 'eu-west-1'
const place = { region, accountId: '000000000000' }
const arn = (id: string): string => `arn:aws:kms:${region}:000000000000:key/${id}`
const credentials = { accessKeyId: 'AKIAANY', secretAccessKey: 'any' }

let nowMs = 0
let all: KmsKeys = noKeys
let isLost = false
const kms = new Kms({
  place,
  clock: { wallMs: () => nowMs },
  random: { bytes: (count) => randomBytes(count), uuid: () => randomUUID() },
  seal: new AesKeySeal(systemRandom),
  kept: {
    current: () => {
      if (isLost) throw new Error('lost')
      return all
    },
    replace: (next) => void (all = next),
  },
})
let cluster: EmbeddedCluster
let url = ''

beforeAll(async () => {
  cluster = await EmbeddedCluster.made({ regions: [region] }, { api: { services: [kmsEntry(kms)] } })
  url = await cluster.endpoint(region)
})
beforeEach(() => {
  nowMs = Date.parse('2026-11-30T00:00:00Z')
  all = noKeys
  isLost = false
})
afterAll(() => cluster.close())

type Reply = {
  readonly status: number
  readonly __type?: string
  readonly message?: string
  readonly KeyMetadata: { readonly KeyId: string }
  readonly CiphertextBlob: string
  readonly Plaintext: string
  readonly NextMarker?: string
  readonly Tags?: readonly object[]
  readonly Aliases?: readonly object[]
  readonly Rotations: readonly { readonly RotationType?: string }[]
}

async function call(operation: string, input: object): Promise<Reply> {
  const body = JSON.stringify(input)
  const time = timeOf(Date.now())
  const target = `TrentService.${operation}`
  const headers = { host: new URL(url).host, 'x-amz-date': time, 'x-amz-target': target }
  const authorization = authorizationOf({ ...credentials, time, headers, body, service: 'kms', region })
  const reply = await fetch(url, {
    method: 'POST',
    headers: { ...headers, authorization, 'content-type': 'application/x-amz-json-1.1' },
    body,
  })
  return { ...((await reply.json()) as Reply), status: reply.status }
}

async function refusal(operation: string, input: object): Promise<string> {
  const { __type: type = '', message = '' } = await call(operation, input)
  return `${type.replace(/^.*#/, '')}: ${message}`
}

const made = async (input: object = {}): Promise<string> => (await call('CreateKey', input)).KeyMetadata.KeyId
const base64 = (text: string): string => Buffer.from(text).toString('base64')

describe('keys', () => {
  test('are made, described and listed', async () => {
    const id = await made({ Description: 'of tests', Tags: [{ TagKey: 'team', TagValue: 'blue' }] })
    const { KeyMetadata } = await call('DescribeKey', { KeyId: id })
    expect(KeyMetadata).toEqual({
      AWSAccountId: place.accountId,
      KeyId: id,
      Arn: arn(id),
      CreationDate: nowMs / 1000,
      Enabled: true,
      Description: 'of tests',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      KeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      MultiRegion: false,
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
    const other = await made()
    const first = await call('ListKeys', { Limit: 1 })
    expect(first).toMatchObject({ Keys: [{ KeyId: id, KeyArn: arn(id) }], Truncated: true })
    expect(await call('ListKeys', { Marker: first.NextMarker })).toMatchObject({
      Keys: [{ KeyId: other }],
      Truncated: false,
    })
    expect(await call('ListResourceTags', { KeyId: id })).toMatchObject({
      Tags: [{ TagKey: 'team', TagValue: 'blue' }],
    })
    await call('UntagResource', { KeyId: id, TagKeys: ['team'] })
    expect((await call('ListResourceTags', { KeyId: arn(id) })).Tags).toEqual([])
  })

  test('are not found in the words of AWS', async () => {
    const id = randomUUID()
    expect(await refusal('DescribeKey', { KeyId: id })).toBe(`NotFoundException: Key '${arn(id)}' does not exist`)
    expect(await refusal('DescribeKey', { KeyId: 'alias/none' })).toBe(
      `NotFoundException: Alias arn:aws:kms:${region}:000000000000:alias/none is not found.`,
    )
    expect(await refusal('DescribeKey', { KeyId: 'some' })).toBe("NotFoundException: Invalid keyId 'some'")
    expect(await refusal('DescribeKey', { KeyId: arn(id).replace(region, 'us-east-1') })).toBe(
      'NotFoundException: Invalid arn us-east-1',
    )
  })

  test('of a kind that this service does not have are refused, and so is a policy that nothing would heed', async () => {
    for (const input of [{ KeySpec: 'RSA_2048' }, { MultiRegion: true }, { Policy: '{}' }, { Origin: 'EXTERNAL' }])
      expect(await refusal('CreateKey', input)).toMatch(/^UnsupportedOperationException: /)
    expect(await refusal('CreateKey', { KeySpec: 'none' })).toMatch(/^ValidationException: /)
    expect(all.keys).toEqual([])
  })

  test('do no cryptography while disabled or pending deletion, and are gone when their time has come', async () => {
    const id = await made()
    const { CiphertextBlob } = await call('Encrypt', { KeyId: id, Plaintext: base64('a') })
    await call('DisableKey', { KeyId: id })
    expect(await refusal('Decrypt', { CiphertextBlob })).toBe(`DisabledException: ${arn(id)} is disabled.`)
    await call('EnableKey', { KeyId: id })
    expect((await call('Decrypt', { CiphertextBlob })).Plaintext).toBe(base64('a'))
    expect(await refusal('CancelKeyDeletion', { KeyId: id })).toBe(
      `KMSInvalidStateException: ${arn(id)} is not pending deletion.`,
    )
    expect(await refusal('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 3 })).toMatch(/^ValidationException/)
    expect(await call('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 })).toMatchObject({
      KeyId: arn(id),
      DeletionDate: (nowMs + 7 * dayMs) / 1000,
      KeyState: 'PendingDeletion',
    })
    const pending = `KMSInvalidStateException: ${arn(id)} is pending deletion.`
    for (const operation of [
      'EnableKey',
      'ScheduleKeyDeletion',
      'RotateKeyOnDemand',
      'GenerateDataKeyWithoutPlaintext',
    ])
      expect(
        await refusal(operation, { KeyId: id, ...(operation.startsWith('Gen') ? { KeySpec: 'AES_256' } : {}) }),
      ).toBe(pending)
    expect(await refusal('Decrypt', { CiphertextBlob })).toBe(pending)
    await call('CancelKeyDeletion', { KeyId: id })
    expect((await call('DescribeKey', { KeyId: id })).KeyMetadata).toMatchObject({ KeyState: 'Disabled' })
    await call('ScheduleKeyDeletion', { KeyId: id, PendingWindowInDays: 7 })
    nowMs += 7 * dayMs
    expect(await refusal('DescribeKey', { KeyId: id })).toMatch(/does not exist$/)
    expect(await refusal('Decrypt', { CiphertextBlob })).toBe('InvalidCiphertextException: ')
  })

  test('have a limit', async () => {
    await made()
    all = { ...all, keys: Array.from({ length: kmsKeysMax }, () => ({ ...all.keys[0]!, id: randomUUID() })) }
    expect(await refusal('CreateKey', {})).toMatch(/^LimitExceededException: /)
  })

  test('cannot be had while their file is away', async () => {
    const id = await made()
    isLost = true
    expect(await call('DescribeKey', { KeyId: id })).toMatchObject({ status: 500 })
    isLost = false
    expect(await call('DescribeKey', { KeyId: id })).toMatchObject({ status: 200 })
  })
})

describe('aliases', () => {
  test('name a key, and another one later', async () => {
    const [one, two] = [await made(), await made()]
    const AliasName = 'alias/app'
    await call('CreateAlias', { AliasName, TargetKeyId: one })
    expect(await refusal('CreateAlias', { AliasName, TargetKeyId: two })).toBe(
      `AlreadyExistsException: An alias with the name arn:aws:kms:${region}:000000000000:alias/app already exists`,
    )
    expect(await call('Encrypt', { KeyId: AliasName, Plaintext: base64('a') })).toMatchObject({ KeyId: arn(one) })
    await call('UpdateAlias', { AliasName, TargetKeyId: arn(two) })
    expect(await call('ListAliases', { KeyId: two })).toMatchObject({ Aliases: [{ AliasName, TargetKeyId: two }] })
    await call('DeleteAlias', { AliasName })
    expect((await call('ListAliases', {})).Aliases).toEqual([])
    expect(await refusal('CreateAlias', { AliasName: 'alias/aws/mine', TargetKeyId: one })).toMatch(/^AccessDenied/)
    expect(await refusal('CreateAlias', { AliasName: 'app', TargetKeyId: one })).toMatch(/^ValidationException/)
  })

  test('that AWS has for DynamoDB names a key that is made when it is asked for, and that stays as it is', async () => {
    const { KeyMetadata } = await call('DescribeKey', { KeyId: 'alias/aws/dynamodb' })
    expect(KeyMetadata).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled' })
    expect((await call('DescribeKey', { KeyId: 'alias/aws/dynamodb' })).KeyMetadata).toEqual(KeyMetadata)
    expect(await refusal('DisableKey', { KeyId: KeyMetadata.KeyId })).toMatch(/^AccessDeniedException/)
  })
})

describe('cryptography', () => {
  test('is bound to the encryption context and to the key', async () => {
    const [one, two] = [await made(), await made()]
    const EncryptionContext = { table: 'a', account: 'b' }
    const { CiphertextBlob } = await call('Encrypt', { KeyId: one, Plaintext: base64('secret'), EncryptionContext })
    expect(Buffer.from(CiphertextBlob, 'base64').includes('secret')).toBe(false)
    const same = { account: 'b', table: 'a' }
    expect(await call('Decrypt', { CiphertextBlob, EncryptionContext: same })).toMatchObject({
      Plaintext: base64('secret'),
      KeyId: arn(one),
    })
    expect(await refusal('Decrypt', { CiphertextBlob })).toBe('InvalidCiphertextException: ')
    expect(await refusal('Decrypt', { CiphertextBlob, EncryptionContext, KeyId: two })).toMatch(/^IncorrectKeyExcept/)
    const bytes = Buffer.from(CiphertextBlob, 'base64')
    bytes[bytes.length - 1]! ^= 1
    expect(await refusal('Decrypt', { CiphertextBlob: bytes.toString('base64'), EncryptionContext })).toMatch(
      /^Invalid/,
    )
    const again = await call('ReEncrypt', {
      CiphertextBlob,
      SourceEncryptionContext: EncryptionContext,
      DestinationKeyId: two,
    })
    expect(again).toMatchObject({ SourceKeyId: arn(one), KeyId: arn(two) })
    expect(await call('Decrypt', { CiphertextBlob: again.CiphertextBlob })).toMatchObject({ KeyId: arn(two) })
  })

  test('makes data keys, of a spec or of a number of bytes', async () => {
    const id = await made()
    const whole = await call('GenerateDataKey', { KeyId: id, KeySpec: 'AES_256' })
    expect(Buffer.from(whole.Plaintext, 'base64').length).toBe(32)
    expect((await call('Decrypt', { CiphertextBlob: whole.CiphertextBlob })).Plaintext).toBe(whole.Plaintext)
    const without = await call('GenerateDataKeyWithoutPlaintext', { KeyId: id, NumberOfBytes: 64 })
    expect(without.Plaintext).toBeUndefined()
    const plain = (await call('Decrypt', { CiphertextBlob: without.CiphertextBlob })).Plaintext
    expect(Buffer.from(plain, 'base64').length).toBe(64)
    const both = { KeyId: id, KeySpec: 'AES_256', NumberOfBytes: 32 }
    for (const input of [both, { KeyId: id }])
      expect(await refusal('GenerateDataKey', input)).toBe(
        'ValidationException: Please specify either number of bytes or key spec.',
      )
    const dry = { KeyId: id, KeySpec: 'AES_256', DryRun: true }
    expect(await refusal('GenerateDataKey', dry)).toMatch(/^DryRunOperationException/)
  })

  test('takes any bytes of a client for a ciphertext, and refuses them', async () => {
    await made()
    for (let n = 1; n < 80; n++) {
      const bytes = createHash('sha512').update(String(n)).digest().subarray(0, n)
      bytes[0] = 0x4c
      expect(await refusal('Decrypt', { CiphertextBlob: bytes.toString('base64') })).toBe(
        'InvalidCiphertextException: ',
      )
    }
  })
})

describe('rotation', () => {
  test('gives a key another material, on demand and in time, and older ciphertexts are still decrypted', async () => {
    const id = await made()
    const { CiphertextBlob } = await call('Encrypt', { KeyId: id, Plaintext: base64('old') })
    await call('RotateKeyOnDemand', { KeyId: id })
    expect((await call('Decrypt', { CiphertextBlob })).Plaintext).toBe(base64('old'))
    await call('EnableKeyRotation', { KeyId: id, RotationPeriodInDays: 90 })
    expect(await call('GetKeyRotationStatus', { KeyId: id })).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 90,
      NextRotationDate: (nowMs + 90 * dayMs) / 1000,
    })
    nowMs += 90 * dayMs
    const { Rotations } = await call('ListKeyRotations', { KeyId: id })
    expect(Rotations.map(({ RotationType }) => RotationType)).toEqual(['ON_DEMAND', 'AUTOMATIC'])
    expect((await call('Decrypt', { CiphertextBlob })).Plaintext).toBe(base64('old'))
    await call('DisableKeyRotation', { KeyId: id })
    expect(await call('GetKeyRotationStatus', { KeyId: id })).toMatchObject({ KeyRotationEnabled: false })
    for (let n = 1; n < kmsOnDemandRotationsMax; n++) await call('RotateKeyOnDemand', { KeyId: id })
    expect(await refusal('RotateKeyOnDemand', { KeyId: id })).toMatch(/^LimitExceededException: /)
  })
})
