/** SimulatePrincipalPolicy and SimulateCustomPolicy: what policies would decide, action by action and resource by resource. */
import { simulatedPairsMax, simulatedWorkMax } from '../../core/limits/access-limits.ts'
import { type Decision, evaluate, type Named } from '../../core/access/evaluate-policies.ts'
import { parsePolicyText, PolicyProblem } from '../../core/access/parse-policy.ts'
import { statementName } from '../../core/access/policy.ts'
import { lastOf } from '../../core/access/principals.ts'
import { ServiceRefusal } from '../../core/services/refusal.ts'
import { type Caller, callerNamed } from '../access/callers.ts'
import type { ServiceCall } from '../service-entry.ts'
import type { IamPorts } from './iam-ports.ts'

type Input = {
  readonly PolicySourceArn?: string
  readonly CallerArn?: string
  readonly PolicyInputList?: readonly string[]
  readonly PermissionsBoundaryPolicyInputList?: readonly string[]
  readonly ResourcePolicy?: string
  readonly ActionNames?: readonly string[]
  readonly ResourceArns?: readonly string[]
  readonly ContextEntries?: readonly {
    readonly ContextKeyName?: string
    readonly ContextKeyValues?: readonly string[]
  }[]
}

export function simulate(
  { operation, input }: Pick<ServiceCall, 'operation' | 'input'>,
  { identities }: IamPorts,
): object {
  const asked = input as Input
  const { ActionNames: actions = [], ResourceArns: resources = ['*'] } = asked
  if (actions.length * resources.length > simulatedPairsMax)
    throw new ServiceRefusal(
      'InvalidInput',
      `At most ${simulatedPairsMax} pairs of an action and a resource are simulated at once`,
      { type: 'InvalidInputException' },
    )
  requireLittleWork(asked, actions, resources)
  const custom = operation === 'SimulateCustomPolicy'
  const caller = callerNamed(identities(), custom ? 'root' : nameOf(asked.PolicySourceArn ?? ''))
  if (caller === undefined)
    throw new ServiceRefusal('NoSuchEntity', `The entity ${asked.PolicySourceArn} cannot be found.`, {
      type: 'NoSuchEntityException',
      status: 404,
    })
  const policies = policiesOf(asked, caller)
  const facts = factsOf(asked, caller)
  // The root would need no policy: a list of policies by itself is looked at as a user's.
  const identity = custom ? { ...caller.identity, kind: 'user' as const } : caller.identity
  const results = actions.flatMap((action) =>
    resources.map((resource) => {
      const account = resource.split(':')[4]
      const resourceAccount = account === undefined || account === '' || account === '*' ? identity.accountId : account
      return resultOf(evaluate(policies, { identity, action, resource, resourceAccount, facts }), action, resource)
    }),
  )
  return { IsTruncated: false, EvaluationResults: results }
}

/** A pattern of many stars takes its length times the text's, for each pair. Policies of the account are bounded by IAM's own quotas. */
function requireLittleWork(asked: Input, actions: readonly string[], resources: readonly string[]): void {
  const {
    PolicyInputList = [],
    PermissionsBoundaryPolicyInputList = [],
    ResourcePolicy = '',
    ContextEntries = [],
  } = asked
  const values = ContextEntries.flatMap(({ ContextKeyValues = [] }) => ContextKeyValues)
  const policies = charactersOf([...PolicyInputList, ...PermissionsBoundaryPolicyInputList, ResourcePolicy])
  const texts = actions.length * charactersOf(resources) + resources.length * charactersOf(actions)
  if (policies * (texts + actions.length * resources.length * charactersOf(values)) <= simulatedWorkMax) return
  throw new ServiceRefusal(
    'InvalidInput',
    'The policies are too long to be simulated with so many actions, resources and context values at once: ask for fewer',
    { type: 'InvalidInputException' },
  )
}

const charactersOf = (texts: readonly string[]): number => texts.reduce((sum, { length }) => sum + length, 0)

const nameOf = (arn: string): string => (arn.includes(':role/') ? `role/${lastOf(arn)}` : lastOf(arn))

function policiesOf(asked: Input, { policies }: Caller) {
  const {
    PolicyInputList: more = [],
    PermissionsBoundaryPolicyInputList: boundaries = [],
    ResourcePolicy: ofResource,
  } = asked
  const inline = more.map((text, at) => named(`PolicyInputList.${at + 1}`, text, 'identity'))
  const [boundary] = boundaries.map((text) => named('PermissionsBoundaryPolicyInputList.1', text, 'identity'))
  return {
    ...policies,
    identity: [...policies.identity, ...inline],
    ...(boundary === undefined ? {} : { boundary }),
    ...(ofResource === undefined ? {} : { resource: named('ResourcePolicy', ofResource, 'resource') }),
  }
}

function named(name: string, text: string, kind: 'identity' | 'resource'): Named {
  try {
    return { name, policy: parsePolicyText(text, kind) }
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error
    throw new ServiceRefusal('InvalidInput', error.message, { type: 'InvalidInputException' })
  }
}

function factsOf({ ContextEntries: entries = [] }: Input, { identity, userName, tags }: Caller) {
  const given = new Map<string, readonly string[]>([
    ['aws:principalarn', [identity.roleArn ?? identity.arn]],
    ['aws:userid', [identity.userId]],
    ...(userName === undefined ? [] : [['aws:username', [userName]] as const]),
    ...Object.entries(tags).map(([key, value]) => [`aws:principaltag/${key}`.toLowerCase(), [value]] as const),
    ...entries.map(
      ({ ContextKeyName: name = '', ContextKeyValues: values = [] }) => [name.toLowerCase(), values] as const,
    ),
  ])
  return (key: string) => given.get(key)
}

const sources = { identity: 'user', boundary: 'none', session: 'none', resource: 'resource', endpoint: 'none' } as const

function resultOf(decision: Decision, action: string, resource: string): object {
  const { by } = decision
  const verdict = decision.allowed ? 'allowed' : by === undefined ? 'implicitDeny' : 'explicitDeny'
  const matched =
    by === undefined
      ? []
      : [
          {
            SourcePolicyId: `${by.name}, ${statementName(by.policy, by.statement)}`,
            SourcePolicyType: sources[by.type],
          },
        ]
  return {
    EvalActionName: action,
    EvalResourceName: resource,
    EvalDecision: verdict,
    MatchedStatements: matched,
    MissingContextValues: [],
  }
}
