/** A region under policies, and clients of its users, for tests of access. */
import { CreateTableCommand, type CreateTableCommandInput, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import {
  compileIdentities,
  type IdentityDefinitions,
  noDefinitions,
} from '../../src/core/access/identities/identities.ts'
import type { Audit } from '../../src/ports/audit.ts'
import type { AccessMode } from '../../src/operations/access/authorizer.ts'
import { EmbeddedCluster } from '../../src/testing/cluster.ts'

export const accountId = '000000000000'
export const arn = (resource: string, region = 'us-east-1'): string =>
  `arn:aws:dynamodb:${region}:${accountId}:${resource}`

type Statement = Readonly<Record<string, unknown>>

export const policyOf = (...statements: readonly Statement[]) => ({ Version: '2012-10-17', Statement: statements })
export const allow = (
  Action: string | readonly string[],
  Resource: string | readonly string[] = '*',
  more: Statement = {},
) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
})
export const deny = (
  Action: string | readonly string[],
  Resource: string | readonly string[] = '*',
  more: Statement = {},
) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
})

/** A user with one policy; its access key is its name. */
export const user = (name: string, ...statements: readonly Statement[]) => ({
  name,
  policies: statements.length === 0 ? {} : { own: policyOf(...statements) },
  accessKeys: [{ accessKeyId: keyOf(name), secretAccessKey: secretOf(name) }],
})

export const keyOf = (name: string): string => `AKIA${name.toUpperCase()}`
export const secretOf = (name: string): string => `secret of ${name}`

export type Scene = {
  readonly cluster: EmbeddedCluster
  /** Of a user, or of `root`, whose key is of the file of credentials. */
  readonly client: (name: string, region?: string) => DynamoDBClient
  readonly logged: readonly { readonly event: string; readonly fields: unknown }[]
  readonly set: (definitions: Partial<IdentityDefinitions>) => void
}

export async function accessScene(
  definitions: Partial<IdentityDefinitions>,
  {
    mode = 'strict',
    regions = ['us-east-1'],
    audit,
  }: { readonly mode?: AccessMode; readonly regions?: readonly string[]; readonly audit?: Audit } = {},
): Promise<Scene> {
  const logged: { event: string; fields: unknown }[] = []
  let identities = compileIdentities(accountId, { ...noDefinitions, ...definitions })
  const credentials = () =>
    new Map(
      ['root', ...identities.users.keys()].map((name) => [
        keyOf(name),
        { accessKeyId: keyOf(name), secretAccessKey: secretOf(name) },
      ]),
    )
  let known = credentials()
  const cluster = await EmbeddedCluster.made(
    { regions: [...regions], log: ({ event, fields }) => logged.push({ event, fields }) },
    { api: { credentials: () => known, access: { mode, identities: () => identities }, audit } },
  )
  const clients = new Map<string, DynamoDBClient>()
  const client = (name: string, region = regions[0] ?? ''): DynamoDBClient => {
    const id = `${name} ${region}`
    const found =
      clients.get(id) ??
      new DynamoDBClient({
        ...cluster.client(region),
        credentials: { accessKeyId: keyOf(name), secretAccessKey: secretOf(name) },
        maxAttempts: 1,
      })
    clients.set(id, found)
    return found
  }
  const set = (changed: Partial<IdentityDefinitions>): void => {
    identities = compileIdentities(accountId, { ...noDefinitions, ...changed })
    known = credentials()
  }
  return { cluster, client, logged, set }
}

export const notes: CreateTableCommandInput = {
  TableName: 'notes',
  AttributeDefinitions: [
    { AttributeName: 'owner', AttributeType: 'S' },
    { AttributeName: 'nr', AttributeType: 'N' },
    { AttributeName: 'color', AttributeType: 'S' },
  ],
  KeySchema: [
    { AttributeName: 'owner', KeyType: 'HASH' },
    { AttributeName: 'nr', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
  GlobalSecondaryIndexes: [
    {
      IndexName: 'by-color',
      KeySchema: [{ AttributeName: 'color', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'ALL' },
    },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
}

export async function makeNotes(scene: Scene): Promise<void> {
  await scene.client('root').send(new CreateTableCommand(notes))
  await scene.cluster.settle()
}

/** The name and message of what refused it; `ok` where nothing did. */
export const outcomeOf = (sent: Promise<unknown>): Promise<string> =>
  sent.then(
    () => 'ok',
    ({ name, message }: { readonly name: string; readonly message: string }) => `${name}: ${message}`,
  )
