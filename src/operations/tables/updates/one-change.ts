/** UpdateTable takes one logical change a call: which members may come together, as AWS answered in October 2026. */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb'
import { validationError } from '../../../core/errors.ts'
import type { Wire } from '../../sdk-shape.ts'
import { isOfConsistency } from './strong-updates.ts'

type Input = Wire<UpdateTableInput>

/** Members that ask for a change. */
const changeMembers = [
  'BillingMode',
  'ProvisionedThroughput',
  'GlobalSecondaryIndexUpdates',
  'StreamSpecification',
  'SSESpecification',
  'ReplicaUpdates',
  'TableClass',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'DisassociationProtectionEnabled',
  'GlobalTableSettingsReplicationMode',
] as const satisfies readonly (keyof Input)[]
type Member = (typeof changeMembers)[number]

type Rule = {
  /** Members, or parts of one, that do not go together. */
  readonly both: readonly [part: Part, beside: Part]
  readonly says: string
  /** The words were not seen. */
  readonly guessed?: true
}

type Part =
  | Member
  | 'anything else'
  | 'anything but BillingMode'
  | 'index creation'
  | 'index creation or deletion'
  | 'to provisioned'

const alone = (part: Member, what: string): Rule => ({
  both: [part, 'anything else'],
  says: `${what} must be the only operation in the request`,
})

/** In the order of precedence: the first that holds answers. */
const rules: readonly Rule[] = [
  alone('ReplicaUpdates', 'Replica modification'),
  {
    both: ['DisassociationProtectionEnabled', 'anything else'],
    says: 'DisassociationProtectionEnabled cannot be combined with any other change',
    guessed: true,
  },
  alone('SSESpecification', 'Server-Side Encryption modification'),
  alone('TableClass', 'TableClass modification'),
  alone('DeletionProtectionEnabled', 'DeletionProtection modification'),
  {
    both: ['WarmThroughput', 'index creation'],
    says: 'Create global secondary index cannot be specified when updating WarmThroughput',
  },
  alone('WarmThroughput', 'WarmThroughput'),
  {
    both: ['OnDemandThroughput', 'anything but BillingMode'],
    says: 'OnDemandThroughput can only be combined with BillingMode in an UpdateTable request',
  },
  {
    both: ['StreamSpecification', 'ProvisionedThroughput'],
    says: 'You cannot modify stream status while updating table IOPS',
  },
  {
    both: ['StreamSpecification', 'to provisioned'],
    says: 'You cannot modify stream status while updating table IOPS',
  },
  {
    both: ['index creation or deletion', 'ProvisionedThroughput'],
    says: 'You cannot create or delete index while updating table IOPS',
  },
  {
    both: ['index creation or deletion', 'StreamSpecification'],
    says: 'You cannot create or delete index while changing stream status',
  },
]

/** A check of UpdateTable. Throws a ValidationException for the first rule that the request breaks. */
export function checkOneChange(input: Input): void {
  const given = changeMembers.filter((member) => isGiven(input[member]))
  if (isOfConsistency(input) && given.length > 1)
    throw validationError('Requests that modify replicas or witnesses must not also modify other fields')
  for (const { both, says } of rules) {
    const [part, beside] = both
    if (asks(part, input, given) && asks(beside, input, given, part))
      throw validationError(`One or more parameter values were invalid: ${says}`)
  }
}

/** A check of UpdateTable: AWS names the members that would do, but for one that is there and does not. */
export function checkSomethingAsked(input: Input): void {
  if (changeMembers.some((member) => isGiven(input[member]))) return
  const names = wouldDo.filter(
    (name) => name !== 'MultiRegionConsistency' || input.MultiRegionConsistency === undefined,
  )
  throw validationError(`At least one of ${names.slice(0, -1).join(', ')} or ${names.at(-1)} is required`)
}

const wouldDo = [
  'ProvisionedThroughput',
  'BillingMode',
  'UpdateStreamEnabled',
  'GlobalSecondaryIndexUpdates',
  'SSESpecification',
  'ReplicaUpdates',
  'MultiAccountReplicaReady',
  'ReplicaTransitRoleArn',
  'MultiRegionConsistency',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'TableClass',
] as const

const isGiven = (value: unknown): boolean => value !== undefined && (!Array.isArray(value) || value.length > 0)

function asks(part: Part, input: Input, given: readonly Member[], beside?: Part): boolean {
  const updates = input.GlobalSecondaryIndexUpdates ?? []
  if (part === 'anything else') return given.some((member) => member !== beside)
  if (part === 'anything but BillingMode') return given.some((member) => member !== beside && member !== 'BillingMode')
  if (part === 'index creation') return updates.some(({ Create }) => Create !== undefined)
  if (part === 'index creation or deletion')
    return updates.some(({ Create, Delete }) => (Create ?? Delete) !== undefined)
  return part === 'to provisioned' ? input.BillingMode === 'PROVISIONED' : given.includes(part)
}
