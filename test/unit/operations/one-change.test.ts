/** Which members of UpdateTable go together, walked pair by pair. Measured on AWS in October 2026, on idle tables. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { expect, test } from 'vitest'
import { ServiceError } from '../../../src/core/errors.ts'
import { checkOneChange, checkSomethingAsked } from '../../../src/operations/tables/updates/one-change.ts'
import type { Wire } from '../../../src/operations/sdk-shape.ts'

type Input = Wire<UpdateTableInput>

const throughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 1 }
const created = {
  IndexName: 'i',
  KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' as const }],
  Projection: { ProjectionType: 'ALL' as const },
}

const changes: Readonly<Record<string, Input>> = {
  throughput: { TableName: 't', ProvisionedThroughput: throughput },
  onDemand: { TableName: 't', BillingMode: 'PAY_PER_REQUEST' },
  provisioned: { TableName: 't', BillingMode: 'PROVISIONED', ProvisionedThroughput: throughput },
  maximum: { TableName: 't', OnDemandThroughput: { MaxReadRequestUnits: 1 } },
  warm: { TableName: 't', WarmThroughput: { ReadUnitsPerSecond: 20_000 } },
  stream: { TableName: 't', StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' } },
  encryption: { TableName: 't', SSESpecification: { Enabled: true } },
  class: { TableName: 't', TableClass: 'STANDARD' },
  protection: { TableName: 't', DeletionProtectionEnabled: true },
  indexCreation: { TableName: 't', GlobalSecondaryIndexUpdates: [{ Create: created }] },
  indexDeletion: { TableName: 't', GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'i' } }] },
  replicas: { TableName: 't', ReplicaUpdates: [{ Create: { RegionName: 'r' } }] },
}

const alone = (what: string) => `${what} must be the only operation in the request`
const streamAndIops = 'You cannot modify stream status while updating table IOPS'
const indexAndIops = 'You cannot create or delete index while updating table IOPS'
const indexAndStream = 'You cannot create or delete index while changing stream status'
const maximumAlone = 'OnDemandThroughput can only be combined with BillingMode in an UpdateTable request'

/** A change that goes with nothing else, in the order in which AWS names them. */
const exclusive: readonly (readonly [string, string])[] = [
  ['replicas', alone('Replica modification')],
  ['encryption', alone('Server-Side Encryption modification')],
  ['class', alone('TableClass modification')],
  ['protection', alone('DeletionProtection modification')],
  ['warm', alone('WarmThroughput')],
  ['maximum', maximumAlone],
]

const pairs: Readonly<Record<string, string | undefined>> = {
  'warm indexCreation': 'Create global secondary index cannot be specified when updating WarmThroughput',
  'onDemand maximum': undefined,
  'throughput stream': streamAndIops,
  'provisioned stream': streamAndIops,
  'throughput indexCreation': indexAndIops,
  'throughput indexDeletion': indexAndIops,
  'provisioned indexCreation': indexAndIops,
  'provisioned indexDeletion': indexAndIops,
  'stream indexCreation': indexAndStream,
  'stream indexDeletion': indexAndStream,
  'onDemand stream': undefined,
  'onDemand indexCreation': undefined,
}

function refusal(input: Input): string | undefined {
  try {
    checkOneChange(input)
    return undefined
  } catch (error) {
    if (error instanceof ServiceError) return error.message
    throw error
  }
}

function expected(a: string, b: string): string | undefined {
  const pair = `${a} ${b}`
  if (pair in pairs) return pairs[pair]
  // The maximum goes with a mode; the rest of the mode's request is looked at by what it means.
  if (pair === 'provisioned maximum') return maximumAlone
  return exclusive.find(([name]) => name === a || name === b)?.[1]
}

const names = Object.keys(changes)
/** Members that are the same one cannot come together. */
const together = names.flatMap((a, at) =>
  names.slice(at + 1).flatMap((b) => {
    const [first, second] = [changes[a], changes[b]].map((input) => Object.keys(input ?? {}).slice(1))
    return first?.some((member) => second?.includes(member)) === true ? [] : [[a, b] as const]
  }),
)

test.each(together)('%s and %s', (a, b) => {
  const says = expected(a, b)
  expect(refusal({ ...changes[a], ...changes[b], TableName: 't' })).toBe(
    says === undefined ? undefined : `One or more parameter values were invalid: ${says}`,
  )
})

test('each alone', () => {
  for (const input of Object.values(changes)) expect(refusal(input)).toBeUndefined()
})

test('a request that changes nothing is told what would do, without what it has', () => {
  const message = (input: Input) => {
    try {
      checkSomethingAsked(input)
      return ''
    } catch (error) {
      return (error as Error).message
    }
  }
  const attributes: Input = { TableName: 't', AttributeDefinitions: [{ AttributeName: 'a', AttributeType: 'S' }] }
  expect(message(attributes)).toContain('ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled')
  expect(message({ TableName: 't', MultiRegionConsistency: 'EVENTUAL' })).toContain(
    'ReplicaTransitRoleArn, DeletionProtectionEnabled',
  )
})
