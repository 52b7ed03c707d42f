/**
 * A policy's document, read whole or refused with AWS's words: the grammar of the IAM User Guide ("Grammar of the IAM JSON policy
 * language"). Every size is bounded before anything is compiled.
 */
import { policyDepthMax, policyDocumentBytesMax, policyStatementsMax } from '../limits/access-limits.ts'
import { isObject, parseJson } from '../wire/json.ts'
import { type Condition, parseCondition } from './policy-conditions.ts'
import type { Matched, Policy, PolicyVersion, Statement } from './policy.ts'
import { parseAwsPrincipals, type PrincipalNames } from './principals.ts'
import { parseTemplate } from './template.ts'

/** What a policy is attached to decides which elements it has. */
export type PolicyKind = 'identity' | 'resource' | 'trust'

/** Thrown for what is no policy. `problem` is for programs that word it in their own way. */
export class PolicyProblem extends Error {
  override readonly name = 'PolicyProblem'
  readonly problem: 'json' | 'missing' | 'principal' | 'sid' | 'syntax'

  constructor(problem: PolicyProblem['problem'], message: string) {
    super(message)
    this.problem = problem
  }
}

const syntax = (): PolicyProblem => new PolicyProblem('syntax', 'Syntax errors in policy.')

/** Throws a PolicyProblem. */
export function parsePolicyText(text: string, kind: PolicyKind): Policy {
  if (text.length > policyDocumentBytesMax) throw syntax()
  let document: unknown
  try {
    document = parseJson(text)
  } catch {
    throw new PolicyProblem('json', 'This policy contains invalid Json')
  }
  return parsePolicy(document, kind)
}

/** Of a document that is parsed already, as in a file of identities. Throws a PolicyProblem. */
export function parsePolicy(document: unknown, kind: PolicyKind): Policy {
  if (!isObject(document) || isDeeper(document, policyDepthMax)) throw syntax()
  refuseUnknown(document, ['Version', 'Id', 'Statement'])
  const { Version: version = '2008-10-17', Id: id, Statement: given } = document
  if (!isVersion(version) || (id !== undefined && typeof id !== 'string')) throw syntax()
  if (given === undefined) throw new PolicyProblem('missing', 'Missing required field Statement')
  const list = Array.isArray(given) ? given : [given]
  if (list.length === 0) throw new PolicyProblem('missing', 'Missing required field Statement')
  if (list.length > policyStatementsMax) throw syntax()
  const statements = list.map((each) => parseStatement(each, { kind, version }))
  const sids = statements.flatMap(({ sid }) => (sid === undefined ? [] : [sid]))
  if (new Set(sids).size < sids.length)
    throw new PolicyProblem(
      'sid',
      kind === 'resource'
        ? 'The Statement Ids in the policy are not unique'
        : 'Statement IDs (SID) in a single policy must be unique.',
    )
  return { version, ...(id === undefined ? {} : { id }), statements }
}

const isVersion = (version: unknown): version is PolicyVersion => version === '2008-10-17' || version === '2012-10-17'

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((each) => isDeeper(each, levels - 1))
}

function refuseUnknown(given: object, known: readonly string[]): void {
  if (!Object.keys(given).every((name) => known.includes(name))) throw syntax()
}

type Around = { readonly kind: PolicyKind; readonly version: PolicyVersion }

/** In the order in which a resource's policy is kept. */
export const statementElements = [
  'Sid',
  'Effect',
  'Principal',
  'NotPrincipal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
]

function parseStatement(given: unknown, around: Around): Statement {
  if (!isObject(given)) throw syntax()
  refuseUnknown(given, statementElements)
  const { Sid: sid, Effect: effect, Condition: conditions } = given
  if (sid !== undefined && (typeof sid !== 'string' || !sidPattern[around.kind].test(sid))) throw syntax()
  if (effect === undefined) throw new PolicyProblem('missing', 'Missing required field Effect')
  if (effect !== 'Allow' && effect !== 'Deny') throw syntax()
  const principals = principalsOf(given, around)
  const actions = actionsOf(given)
  const resources = resourcesOf(given, around)
  return {
    ...(sid === undefined ? {} : { sid }),
    effect,
    ...(principals === undefined ? {} : { principals }),
    actions,
    ...(resources === undefined ? {} : { resources }),
    conditions: conditions === undefined ? [] : conditionsOf(conditions, around),
  }
}

/** Policies of identities take letters and digits only. */
const sidPattern: Readonly<Record<PolicyKind, RegExp>> = {
  identity: /^[a-zA-Z0-9]*$/,
  trust: /^[a-zA-Z0-9]*$/,
  resource: /^[\w .,:/=+@-]*$/,
}

function oneOf(given: Readonly<Record<string, unknown>>, name: string): { isNot: boolean; value: unknown } | undefined {
  const value = given[name]
  const other = given[`Not${name}`]
  if (value !== undefined && other !== undefined) throw syntax()
  if (value === undefined && other === undefined) return undefined
  return { isNot: value === undefined, value: value ?? other }
}

function actionsOf(given: Readonly<Record<string, unknown>>): Matched {
  const found = oneOf(given, 'Action')
  if (found === undefined) throw new PolicyProblem('missing', 'Missing required field Action')
  const patterns = textsOf(found.value).map((text) => {
    if (text !== '*' && !actionPattern.test(text))
      throw new PolicyProblem('syntax', 'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.')
    return parseTemplate(text.toLowerCase(), { variables: false, wildcards: 'text' })
  })
  return { isNot: found.isNot, patterns }
}

const actionPattern = /^[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+$/

function resourcesOf(given: Readonly<Record<string, unknown>>, { kind, version }: Around): Matched | undefined {
  const found = oneOf(given, 'Resource')
  if (kind === 'trust') {
    if (found !== undefined) throw new PolicyProblem('syntax', 'Has prohibited field Resource')
    return undefined
  }
  if (found === undefined) throw new PolicyProblem('missing', 'Missing required field Resource')
  const patterns = textsOf(found.value).map((text) => {
    if (text !== '*' && !text.startsWith('arn:'))
      throw new PolicyProblem('syntax', `Resource ${text.slice(0, 200)} must be in ARN format or "*".`)
    return parseTemplate(completeArn(text), { variables: version === '2012-10-17', wildcards: 'arn' })
  })
  return { isNot: found.isNot, patterns }
}

const arnParts = 6

/** AWS completes an ARN of fewer parts by wildcards. Colons in variables do not count. */
function completeArn(text: string): string {
  const parts = text.replaceAll(/\$\{[^}]*\}/g, '').split(':').length
  return text === '*' || parts >= arnParts ? text : text + ':*'.repeat(arnParts - parts)
}

function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0 || !list.every((each): each is string => typeof each === 'string')) throw syntax()
  return list
}

function principalsOf(given: Readonly<Record<string, unknown>>, { kind }: Around): Statement['principals'] {
  const found = oneOf(given, 'Principal')
  if (kind === 'identity') {
    if (found !== undefined) throw new PolicyProblem('syntax', 'Policy document should not specify a principal.')
    return undefined
  }
  if (found === undefined) throw new PolicyProblem('missing', 'Missing required field Principal')
  return { isNot: found.isNot, names: principalNames(found.value) }
}

const none: PrincipalNames = { anyone: false, accounts: [], arns: [], others: [] }

function principalNames(value: unknown): PrincipalNames {
  if (value === '*') return { ...none, anyone: true }
  if (!isObject(value) || Object.keys(value).length === 0) throw syntax()
  refuseUnknown(value, ['AWS', 'Service', 'Federated', 'CanonicalUser'])
  const { AWS: aws, ...rest } = value
  const others = Object.values(rest).flatMap(textsOf)
  if (aws === undefined) return { ...none, others }
  const names = parseAwsPrincipals(textsOf(aws))
  if ('wrong' in names)
    throw new PolicyProblem(
      'principal',
      `Invalid principal in policy: "AWS":${JSON.stringify(names.wrong.slice(0, 200))}`,
    )
  return { ...names, others }
}

function conditionsOf(value: unknown, { version }: Around): readonly Condition[] {
  if (!isObject(value)) throw syntax()
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isObject(keys)) throw syntax()
    return Object.entries(keys).map(([key, given]) => {
      const variables = version === '2012-10-17'
      const condition = parseCondition({ operator, key, values: conditionTexts(given), variables })
      if (condition === undefined) throw syntax()
      return condition
    })
  })
}

/** Numbers and booleans are taken as they are written. */
function conditionTexts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((each) => {
    if (typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean') throw syntax()
    return String(each)
  })
}
