/** `longitude access explain --as USER ACTION TABLE [KEY]`: whether the policies allow it, and which statement says so. */
import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { dynamoDbActions } from '../../../core/access/dynamodb-actions.ts'
import {
  type AccessRequest,
  type Decision,
  evaluate,
  type Named,
  type PolicySet,
} from '../../../core/access/evaluate.ts'
import { whyNot } from '../../../core/access/explain.ts'
import type { Identities } from '../../../core/access/identities.ts'
import { parsePolicyText, PolicyProblem } from '../../../core/access/parse-policy.ts'
import { statementName } from '../../../core/access/policy.ts'
import { indexArn, tableArn } from '../../../operations/arns.ts'
import { type Caller, callerNamed } from '../../../operations/access/callers.ts'
import { factsAsTold } from '../../../operations/access/request-facts.ts'
import { Failure, messageOf } from '../../../process/failure.ts'
import { identitiesOf } from './identities-of.ts'

type Flags = {
  readonly as?: string
  readonly in: string
  readonly index?: string
  readonly attributes?: string
  readonly select?: string
  readonly returnValues?: string
  readonly resourcePolicy?: string
}

/** Status 0: it is allowed; 1: it is denied. */
export function runExplain(command: Command, json: boolean): void {
  const [given = '', table, key] = command.args
  const flags = command.opts<Flags>()
  const { identities, accountId } = identitiesOf(command)
  const action = actionNamed(given)
  const caller = callerOf(identities, flags.as)
  const place = { region: flags.in, accountId }
  const resource =
    table === undefined ? '*' : flags.index === undefined ? tableArn(place, table) : indexArn(place, table, flags.index)
  const policies: PolicySet = { ...caller.policies, ...resourcePolicyOf(flags.resourcePolicy) }
  const request: AccessRequest = {
    identity: caller.identity,
    action: `dynamodb:${action}`,
    resource,
    resourceAccount: accountId,
    facts: factsAsTold({
      caller,
      action,
      region: flags.in,
      account: accountId,
      key,
      attributes: flags.attributes?.split(',').map((name) => name.trim()),
      says: {
        ...(flags.select === undefined ? {} : { select: flags.select }),
        ...(flags.returnValues === undefined ? {} : { returnValues: flags.returnValues }),
      },
      nowMs: Date.now(),
    }),
  }
  const decision = evaluate(policies, request)
  const lines = linesOf(decision, policies, request)
  if (json)
    console.log(
      JSON.stringify({
        allowed: decision.allowed,
        principal: caller.identity.arn,
        action: request.action,
        resource,
        because: lines,
      }),
    )
  else
    console.log(
      [
        `${caller.identity.arn} ${decision.allowed ? 'may' : 'may not'} ${request.action} on ${resource}`,
        ...lines.map((line) => `  ${line}`),
      ].join('\n'),
    )
  if (!decision.allowed) process.exitCode = 1
}

function actionNamed(given: string): string {
  const bare = given.replace(/^dynamodb:/i, '')
  const action = [...dynamoDbActions.keys()].find((each) => each.toLowerCase() === bare.toLowerCase())
  if (action === undefined) throw new Failure(`DynamoDB has no action ${given}: it is called as in dynamodb:GetItem`)
  return action
}

function callerOf(identities: Identities, name: string | undefined): Caller {
  if (name === undefined) throw new Failure('--as USER is missing: a user of the file, or role/NAME')
  const caller = callerNamed(identities, name)
  if (caller === undefined)
    throw new Failure(
      `the file has no ${name}; its users are ${[...identities.users.keys()].slice(0, 20).join(', ') || 'none'}`,
    )
  return caller
}

function resourcePolicyOf(path: string | undefined): { readonly resource?: Named } {
  if (path === undefined) return {}
  try {
    return {
      resource: { name: `the policy of ${path}`, policy: parsePolicyText(readFileSync(path, 'utf8'), 'resource') },
    }
  } catch (error) {
    if (error instanceof PolicyProblem) throw new Failure(`${path}: ${error.message}`)
    throw new Failure(`${path} cannot be read: ${messageOf(error)}`)
  }
}

const kinds = {
  identity: 'identity-based policy',
  boundary: 'permissions boundary',
  session: 'session policy',
  resource: 'resource-based policy',
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

function policiesOf({ identity, boundary, session, resource }: PolicySet, type: keyof typeof kinds): readonly Named[] {
  const of = { identity, boundary, session, resource }[type]
  if (of === undefined) return []
  return 'policy' in of ? [of] : of
}
