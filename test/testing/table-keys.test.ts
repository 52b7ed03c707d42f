/** Keys of tables through the API: which are taken, what the loss of one does, and that its return gives everything back. */
import {
  CreateBackupCommand,
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  RestoreTableFromBackupCommand,
  TransactGetItemsCommand,
  UpdateTableCommand,
} from '@aws-sdk/client-dynamodb'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'
import { differs } from '../differences/difference.ts'
import { type MemoryKms, memoryKms } from './kms-scene.ts'

const [us, eu] = ['us-east-1', 'eu-west-1'] as const
const everyMs = 1000

let services: Record<string, MemoryKms>
let cluster: EmbeddedCluster
let clients: Record<string, DynamoDBClient>

beforeEach(async () => {
  services = { [us]: memoryKms(us), [eu]: memoryKms(eu) }
  cluster = await EmbeddedCluster.made(
    { regions: [us, eu], clock: 'manual' },
    { api: { keysOf: (region) => ({ service: services[region]!.keys, everyMs }) } },
  )
  clients = Object.fromEntries([us, eu].map((region) => [region, new DynamoDBClient(cluster.client(region))]))
})
afterEach(() => cluster.close())

const run = (operation: string, KeyId: string, region: string = us) => services[region]!.kms.run(operation, { KeyId })
const looked = async (): Promise<void> => {
  await cluster.advance(everyMs * 3)
}

async function create(TableName: string, more: Partial<CreateTableCommandInput> = {}): Promise<void> {
  await clients[us]!.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ...more,
    }),
  )
}
const ofKey = (KMSMasterKeyId: string) => ({ Enabled: true, SSEType: 'KMS' as const, KMSMasterKeyId })
const described = async (TableName: string, region: string = us) =>
  (await clients[region]!.send(new DescribeTableCommand({ TableName }))).Table
const put = async (TableName: string, id: string, region: string = us) =>
  await clients[region]!.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }))
const got = async (TableName: string, id: string, region: string = us) =>
  (await clients[region]!.send(new GetItemCommand({ TableName, Key: { id: { S: id } } }))).Item?.['id']?.S
const outcome = async (asked: Promise<unknown>): Promise<string> => {
  try {
    await asked
    return 'ok'
  } catch (error) {
    const { name, message } = error as Error
    return `${name}: ${message.replace(/Request ID: [0-9a-f-]{36}/, 'Request ID: U')}`
  }
}
const details = (code: string) => `(Service: AWSKMS; Status Code: 400; Error Code: ${code}; Request ID: U; Proxy: null)`
const disabled = (arn: string) =>
  `ValidationException: KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: ${arn} is disabled. ${details('DisabledException')}`

describe('a key of a table', () => {
  test('is named by its ARN from then on, and refused when it cannot be used', async () => {
    const arn = services[us]!.made()
    services[us]!.kms.run('CreateAlias', { AliasName: 'alias/app', TargetKeyId: arn })
    await create('Alpha', { SSESpecification: ofKey('alias/app') })
    expect((await described('Alpha'))?.SSEDescription).toEqual({
      Status: 'ENABLED',
      SSEType: 'KMS',
      KMSMasterKeyArn: arn,
    })
    run('DisableKey', arn)
    expect(await outcome(create('Beta', { SSESpecification: ofKey(arn) }))).toBe(disabled(arn))
    services[us]!.kms.run('ScheduleKeyDeletion', { KeyId: arn })
    expect(await outcome(create('Beta', { SSESpecification: ofKey(arn) }))).toBe(
      `ValidationException: KMS validation error: com.amazonaws.services.kms.model.KMSInvalidStateException: ${arn} is pending deletion. ${details('KMSInvalidStateException')}`,
    )
    expect(await outcome(create('Beta', { SSESpecification: ofKey('alias/none') }))).toMatch(
      /^ValidationException: KMS validation error: .*NotFoundException: Alias arn:aws:kms:us-east-1:000000000000:alias\/none is not found\./,
    )
    expect(await outcome(described('Beta'))).toMatch(/^ResourceNotFound/)
  })

  test('is not taken with members that do not go together', async () => {
    const says = async (SSESpecification: object): Promise<string> =>
      (await outcome(create('Alpha', { SSESpecification }))).replace(/^.*were invalid: /, '')
    expect(await says({ Enabled: false, SSEType: 'KMS' })).toBe('SSEType can not be specified if Enabled is false')
    expect(await says({ Enabled: false, KMSMasterKeyId: 'a' })).toBe(
      'KMSMasterKeyId can not be specified if Enabled is false',
    )
    expect(await says({ Enabled: true, KMSMasterKeyId: 'a' })).toBe(
      'SSEType KMS is required if KMSMasterKeyId is specified',
    )
    expect(await says({ SSEType: 'AES256' })).toBe('SSEType AES256 is not supported')
  })

  test('may be changed, but not to itself by its ARN, nor while the present one is lost', async () => {
    const [one, two] = [services[us]!.made(), services[us]!.made()]
    await create('Alpha', { SSESpecification: ofKey(one) })
    await looked()
    const change = (arn: string) =>
      outcome(clients[us]!.send(new UpdateTableCommand({ TableName: 'Alpha', SSESpecification: ofKey(arn) })))
    expect(await change(one)).toMatch(/: Table is already encrypted with given KMSMasterKeyId\. Use KMSMasterKeyId /)
    expect(await change(two)).toBe('ok')
    expect((await described('Alpha'))?.SSEDescription?.KMSMasterKeyArn).toBe(two)
    await looked()
    run('DisableKey', two)
    await looked()
    expect(await change(one)).toBe(disabled(two))
  })
})

describe('a table whose key is lost', () => {
  test('refuses its items and says so, and serves all of them when the key is back', async () => {
    const [arn, other] = [services[us]!.made(), services[us]!.made()]
    await create('Alpha', { SSESpecification: ofKey(arn) })
    await create('Beta', { SSESpecification: ofKey(other) })
    await looked()
    await put('Alpha', '1')
    await put('Beta', '1')
    run('DisableKey', arn)
    await looked()
    const refused = disabled(arn)
    expect(await outcome(put('Alpha', '2'))).toBe(refused)
    expect(await outcome(got('Alpha', '1'))).toBe(refused)
    const condition = { KeyConditionExpression: 'id = :i', ExpressionAttributeValues: { ':i': { S: '1' } } }
    expect(await outcome(clients[us]!.send(new QueryCommand({ TableName: 'Alpha', ...condition })))).toBe(refused)
    const Get = (TableName: string) => ({ Get: { TableName, Key: { id: { S: '1' } } } })
    const both = new TransactGetItemsCommand({ TransactItems: [Get('Alpha'), Get('Beta')] })
    expect(await outcome(clients[us]!.send(both))).toBe(refused)
    const table = await described('Alpha')
    expect(table?.TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    expect(table?.SSEDescription).toEqual({
      Status: 'ENABLED',
      SSEType: 'KMS',
      KMSMasterKeyArn: arn,
      InaccessibleEncryptionDateTime: expect.any(Date),
    })
    expect(await got('Beta', '1')).toBe('1')
    const backup = new CreateBackupCommand({ TableName: 'Alpha', BackupName: 'one' })
    expect(await outcome(clients[us]!.send(backup))).toBe(refused)
    const protect = new UpdateTableCommand({ TableName: 'Alpha', DeletionProtectionEnabled: true })
    expect(await outcome(clients[us]!.send(protect))).toBe('ok')
    run('EnableKey', arn)
    await looked()
    expect((await described('Alpha'))?.TableStatus).toBe('ACTIVE')
    expect((await described('Alpha'))?.SSEDescription?.InaccessibleEncryptionDateTime).toBeUndefined()
    expect(await got('Alpha', '1')).toBe('1')
  })

  test('is not healed by an end of the deletion alone, and can be deleted', async () => {
    const arn = services[us]!.made()
    await create('Alpha', { SSESpecification: ofKey(arn) })
    await looked()
    run('ScheduleKeyDeletion', arn)
    await looked()
    run('CancelKeyDeletion', arn)
    await looked()
    expect(await outcome(got('Alpha', '1'))).toBe(disabled(arn))
    expect(await outcome(clients[us]!.send(new DeleteTableCommand({ TableName: 'Alpha' })))).toBe('ok')
    await looked()
    expect(await outcome(described('Alpha'))).toMatch(/^ResourceNotFound/)
  })

  test('serves on while the key service cannot be reached', async () => {
    const arn = services[us]!.made()
    await create('Alpha', { SSESpecification: ofKey(arn) })
    await looked()
    await put('Alpha', '1')
    services[us]!.away = true
    await looked()
    expect(await got('Alpha', '1')).toBe('1')
    expect(await outcome(create('Beta', { SSESpecification: ofKey(arn) }))).toMatch(/^InternalServerError/)
  })

  test('keeps its state through a restart of its region', async () => {
    const arn = services[us]!.made()
    await create('Alpha', { SSESpecification: ofKey(arn) })
    await looked()
    run('DisableKey', arn)
    await looked()
    cluster.region(us).kill()
    await cluster.region(us).restart()
    expect((await described('Alpha'))?.TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    run('EnableKey', arn)
    await looked()
    expect((await described('Alpha'))?.TableStatus).toBe('ACTIVE')
  })
})

describe('replicas', () => {
  const replicate = (KMSMasterKeyId?: string) =>
    outcome(
      clients[us]!.send(
        new UpdateTableCommand({
          TableName: 'Alpha',
          ReplicaUpdates: [{ Create: { RegionName: eu, ...(KMSMasterKeyId === undefined ? {} : { KMSMasterKeyId }) } }],
        }),
      ),
    )

  test(differs('lost-keys'), async () => {
    const [own, theirs] = [services[us]!.made(), services[eu]!.made()]
    await create('Alpha', { SSESpecification: ofKey(own) })
    await looked()
    expect(await replicate()).toMatch(/: KMSMasterKeyId must be specified for each replica\.$/)
    expect(await replicate(theirs)).toBe('ok')
    await looked()
    await looked()
    expect((await described('Alpha', eu))?.SSEDescription?.KMSMasterKeyArn).toBe(theirs)
    expect((await described('Alpha'))?.SSEDescription?.KMSMasterKeyArn).toBe(own)
    run('DisableKey', theirs, eu)
    await looked()
    await put('Alpha', '1')
    await looked()
    expect((await described('Alpha', eu))?.TableStatus).toBe('INACCESSIBLE_ENCRYPTION_CREDENTIALS')
    expect((await described('Alpha'))?.TableStatus).toBe('ACTIVE')
    expect(await got('Alpha', '1')).toBe('1')
    run('EnableKey', theirs, eu)
    await looked()
    await looked()
    expect(await got('Alpha', '1', eu)).toBe('1')
    await cluster.assertConverged()
  })

  test('change their keys by themselves, and their type together', async () => {
    const [own, theirs, another] = [services[us]!.made(), services[eu]!.made(), services[eu]!.made()]
    await create('Alpha', { SSESpecification: ofKey(own) })
    await looked()
    expect(await replicate(theirs)).toBe('ok')
    await looked()
    await looked()
    await clients[eu]!.send(new UpdateTableCommand({ TableName: 'Alpha', SSESpecification: ofKey(another) }))
    await looked()
    expect((await described('Alpha', eu))?.SSEDescription?.KMSMasterKeyArn).toBe(another)
    expect((await described('Alpha'))?.SSEDescription?.KMSMasterKeyArn).toBe(own)
    await clients[eu]!.send(new UpdateTableCommand({ TableName: 'Alpha', SSESpecification: { Enabled: false } }))
    await looked()
    for (const region of [us, eu]) expect((await described('Alpha', region))?.SSEDescription).toBeUndefined()
  })

  test('of a table with the key of AWS have no other', async () => {
    await create('Alpha')
    await looked()
    expect(await replicate(services[eu]!.made())).toMatch(
      /: All replica keys must either be Customer Managed CMK or AWS /,
    )
  })
})

test('a restore may name another key, which is looked at', async () => {
  const [arn, other] = [services[us]!.made(), services[us]!.made()]
  await create('Alpha', { SSESpecification: ofKey(arn) })
  await looked()
  const { BackupDetails } = await clients[us]!.send(new CreateBackupCommand({ TableName: 'Alpha', BackupName: 'one' }))
  await looked()
  const restored = (key: string) =>
    outcome(
      clients[us]!.send(
        new RestoreTableFromBackupCommand({
          BackupArn: BackupDetails?.BackupArn,
          TargetTableName: 'Copy',
          SSESpecificationOverride: ofKey(key),
        }),
      ),
    )
  run('DisableKey', other)
  expect(await restored(other)).toBe(disabled(other))
  run('EnableKey', other)
  expect(await restored(other)).toBe('ok')
  await looked()
  expect((await described('Copy'))?.SSEDescription?.KMSMasterKeyArn).toBe(other)
})
