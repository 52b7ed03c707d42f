/** Whether policies allow an action that a person tells of, and which statement says so. */
import { dynamoDbActions } from '../../core/access/dynamodb-actions.ts'
import {
  type AccessRequest,
  type Decision,
  evaluate,
  type Named,
  type PolicySet,
} from '../../core/access/evaluate-policies.ts'
import { whyNot } from '../../core/access/explain.ts'
import type { Identities } from '../../core/access/identities/identities.ts'
import { statementName } from '../../core/access/policy.ts'
import { indexArn, tableArn } from '../arns.ts'
import { callerNamed } from './callers.ts'
import { factsAsTold } from './request-facts.ts'

export type ToExplain = {
  /** A user, role/NAME or root. */
  readonly as: string
  /** With or without `dynamodb:`, in any case. */
  readonly action: string
  readonly region: string
  readonly table?: string | undefined
  readonly index?: string | undefined
  /** Of the partition. */
  readonly key?: string | undefined
  readonly attributes?: readonly string[] | undefined
  readonly select?: string | undefined
  readonly returnValues?: string | undefined
  /** Of the table. */
  readonly resourcePolicy?: Named | undefined
  readonly nowMs: number
}

export type Explained = {
  readonly allowed: boolean
  readonly principal: string
  readonly action: string
  readonly resource: string
  readonly because: readonly string[]
}

/** What is wrong with the question, for people. */
export class NotExplained extends Error {
  override readonly name = 'NotExplained'
}

/** Throws NotExplained. */
export function explain(identities: Identities, asked: ToExplain): Explained {
  const { accountId } = identities
  const action = actionNamed(asked.action)
  const caller = callerNamed(identities, asked.as)
  if (caller === undefined)
    throw new NotExplained(
      `the file has no ${asked.as}; its users are ${[...identities.users.keys()].slice(0, 20).join(', ') || 'none'}`,
    )
  const resource = resourceOf(asked, accountId)
  const { resourcePolicy, select, returnValues } = asked
  const policies: PolicySet = {
    ...caller.policies,
    ...(resourcePolicy === undefined ? {} : { resource: resourcePolicy }),
  }
  const request: AccessRequest = {
    identity: caller.identity,
    action: `dynamodb:${action}`,
    resource,
    resourceAccount: accountId,
    facts: factsAsTold({
      caller,
      action,
      region: asked.region,
      account: accountId,
      key: asked.key,
      attributes: asked.attributes,
      says: { ...(select === undefined ? {} : { select }), ...(returnValues === undefined ? {} : { returnValues }) },
      nowMs: asked.nowMs,
    }),
  }
  const decision = evaluate(policies, request)
  return {
    allowed: decision.allowed,
    principal: caller.identity.arn,
    action: request.action,
    resource,
    because: linesOf(decision, policies, request),
  }
}

function resourceOf({ table, index, region }: ToExplain, accountId: string): string {
  if (table === undefined) return '*'
  return index === undefined ? tableArn({ region, accountId }, table) : indexArn({ region, accountId }, table, index)
}

function actionNamed(given: string): string {
  const bare = given.replace(/^dynamodb:/i, '')
  const action = [...dynamoDbActions.keys()].find((each) => each.toLowerCase() === bare.toLowerCase())
  if (action === undefined)
    throw new NotExplained(`DynamoDB has no action ${given}: it is called as in dynamodb:GetItem`)
  return action
}

const kinds = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  resource: 'resource-based policy',
  endpoint: 'VPC endpoint policy',
}

function linesOf(decision: Decision, policies: PolicySet, request: AccessRequest): readonly string[] {
  const { by } = decision
  if (by !== undefined)
    return [
      `${statementName(by.policy, by.statement)} of ${by.name} ${by.statement.effect === 'Allow' ? 'allows' : 'denies'} it`,
    ]
  if (decision.allowed) return ['it is the root of the account, which needs no policy']
  const lacking = policiesOf(policies, decision.type)
  const near = lacking.flatMap(({ name, policy }) =>
    policy.statements
      .filter(({ effect }) => effect === 'Allow')
      .map(
        (statement) => `${statementName(policy, statement)} of ${name}: ${whyNot(statement, request) ?? 'it applies'}`,
      ),
  )
  return [`no ${kinds[decision.type]} allows it`, ...near]
}

function policiesOf(
  { identity, boundary, session, resource, endpoint }: PolicySet,
  type: keyof typeof kinds,
): readonly Named[] {
  const of = { identity, boundary, session, resource, endpoint }[type]
  if (of === undefined) return []
  return 'policy' in of ? [of] : of
}
