/** A table loses its key while real processes run, and while its node is down; nothing is lost when the key is back. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signingTime } from '../../src/core/auth/signing-time.ts'
import { authorizationOf } from '../../src/http/access/signer.ts'
import { clientAt, eventually, prepareProgram, removeFolder, temporaryFolder, up } from './command-line.ts'

const region = 'us-east-1'
const data = temporaryFolder()
const keys = temporaryFolder()
const parts = ['--no-latency', '--no-cache', '--no-console', '--no-front-door', '--workers', '2']
const encryption = ['--keyring', join(keys, 'keyring'), '--kms', join(keys, 'kms')]
const options = ['--regions', region, ...parts, ...encryption]
/** As long as a machine under load may take. */
const patienceMs = 60_000

beforeAll(() => prepareProgram(), 400_000)
afterAll(() => {
  removeFolder(data)
  removeFolder(keys)
})

async function kms(endpoint: string, operation: string, input: object): Promise<Record<string, unknown>> {
  const body = JSON.stringify(input)
  const time = signingTime(Date.now())
  const headers = { host: new URL(endpoint).host, 'x-amz-date': time, 'x-amz-target': `TrentService.${operation}` }
  const authorization = authorizationOf({
    accessKeyId: 'any',
    secretAccessKey: 'any',
    scope: { scopeDate: time.slice(0, 8), region, service: 'kms' },
    time,
    url: '/',
    headers: Object.entries(headers),
    payloadHash: createHash('sha256').update(body).digest('hex'),
  })
  const type = 'application/x-amz-json-1.1'
  const reply = await fetch(endpoint, {
    method: 'POST',
    headers: { ...headers, authorization, 'content-type': type },
    body,
  })
  expect([operation, reply.status]).toEqual([operation, 200])
  const text = await reply.text()
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
}

const create = async (client: DynamoDBClient, TableName: string, KMSMasterKeyId?: string): Promise<void> => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      ...(KMSMasterKeyId === undefined
        ? {}
        : { SSESpecification: { Enabled: true, SSEType: 'KMS' as const, KMSMasterKeyId } }),
    }),
  )
  await eventually(`${TableName} is there`, async () => (await state(client, TableName)) === 'ACTIVE', patienceMs)
}
const state = async (client: DynamoDBClient, TableName: string): Promise<string | undefined> =>
  (await client.send(new DescribeTableCommand({ TableName }))).Table?.TableStatus
const put = async (client: DynamoDBClient, TableName: string, id: string): Promise<void> =>
  void (await client.send(new PutItemCommand({ TableName, Item: { id: { S: id }, v: { S: `value of ${id}` } } })))
const read = async (client: DynamoDBClient, TableName: string, id: string): Promise<string | undefined> =>
  (await client.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }))).Item?.['v']?.S
const tableKeys = (): number => {
  const { tables = [] } = JSON.parse(readFileSync(join(data, region, 'data-keys.json'), 'utf8')) as {
    tables?: object[]
  }
  return tables.length
}

test(
  'is refused while its key is lost, through a restart too, and is whole when it is back',
  { timeout: 300_000 },
  async () => {
    const first = await up(data, ...options)
    const { endpoint = '' } = first.overview.regions[0] ?? {}
    const client = clientAt(first.overview.regions[0])
    const { KeyMetadata } = (await kms(endpoint, 'CreateKey', {})) as { KeyMetadata: { Arn: string } }
    const KeyId = KeyMetadata.Arn
    await create(client, 'Secret', KeyId)
    await create(client, 'Other')
    await eventually('the table has a key of its own', () => tableKeys() === 1, patienceMs)
    for (let n = 0; n < 20; n++) await Promise.all([put(client, 'Secret', `a${n}`), put(client, 'Other', `a${n}`)])
    for (let n = 0; n < 20; n++) expect(await read(client, 'Secret', `a${n}`)).toBe(`value of a${n}`)

    await kms(endpoint, 'DisableKey', { KeyId })
    const lost = async (at: DynamoDBClient): Promise<boolean> =>
      (await state(at, 'Secret')) === 'INACCESSIBLE_ENCRYPTION_CREDENTIALS'
    await eventually('its loss is seen', async () => await lost(client), patienceMs)
    await expect(put(client, 'Secret', 'b')).rejects.toThrow(`${KeyId} is disabled.`)
    await expect(read(client, 'Secret', 'a1')).rejects.toThrow(`${KeyId} is disabled.`)
    expect(await read(client, 'Other', 'a1')).toBe('value of a1')
    const metrics = await (await fetch(`${endpoint}/metrics`)).text()
    expect(metrics).toMatch(new RegExp(`longitude_key_unreachable\\{[^}]*key="${KeyId}"[^}]*\\} 1`))
    first.supervisor.kill('SIGTERM')
    await first.ended

    const second = await up(data, ...options)
    const again = clientAt(second.overview.regions[0])
    expect(await lost(again)).toBe(true)
    await expect(read(again, 'Secret', 'a1')).rejects.toThrow(`${KeyId} is disabled.`)
    await put(again, 'Other', 'c')
    expect(await read(again, 'Other', 'c')).toBe('value of c')
    await kms(second.overview.regions[0]?.endpoint ?? '', 'EnableKey', { KeyId })
    await eventually('its key is back', async () => (await state(again, 'Secret')) === 'ACTIVE', patienceMs)
    for (let n = 0; n < 20; n++) expect(await read(again, 'Secret', `a${n}`)).toBe(`value of a${n}`)
    await put(again, 'Secret', 'd')
    expect(await read(again, 'Secret', 'd')).toBe('value of d')
    second.supervisor.kill('SIGTERM')
    await second.ended
  },
)
