/**
 * The policy of a table or a stream: what PutResourcePolicy takes, with DynamoDB's refusals, and the form in which GetResourcePolicy gives it
 * back (measured on AWS in October 2026).
 */
import { resourcePolicyBytesMax } from '../limits/access-limits.ts'
import { validationError } from '../errors.ts'
import { isObject } from '../wire/json.ts'
import { dynamoDbActions, type ResourceType } from './dynamodb-actions.ts'
import { globMatches } from './glob.ts'
import { parsePolicyText, PolicyProblem, statementElements } from './parse-policy.ts'
import type { Policy, Statement } from './policy.ts'

export type ResourcePolicy = { readonly policy: Policy; /** In the form that is kept. */ readonly text: string }

export type PolicyTarget = 'table' | 'stream'

const parameter = 'One or more parameter values were invalid: '
const invalid = (problem: string): Error => validationError(`${parameter}Invalid policy document: ${problem}`)

/** Throws a ValidationException. */
export function readResourcePolicy(given: string, target: PolicyTarget): ResourcePolicy {
  if (Buffer.byteLength(given) > resourcePolicyBytesMax)
    throw validationError(`${parameter}Maximum policy size of ${resourcePolicyBytesMax} bytes exceeded`)
  const policy = parsed(given)
  checkActions(policy, target)
  if (policy.statements.some(isUnbounded))
    throw validationError(
      'Resource-based policy grants unbounded access in one or more elements. Please revise the policy to ensure least-privilege form of access',
    )
  return { policy, text: canonical(given, policy) }
}

function parsed(text: string): Policy {
  try {
    return parsePolicyText(text, 'resource')
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error
    throw error.problem === 'principal'
      ? validationError('Invalid principal in policy document.')
      : invalid(error.message)
  }
}

/** What is about a resource of another kind, or about none, cannot be granted by this one. */
const kindsOf: Readonly<Record<PolicyTarget, readonly ResourceType[]>> = {
  table: ['table', 'index'],
  stream: ['stream'],
}

function checkActions({ statements }: Policy, target: PolicyTarget): void {
  const possible = [...dynamoDbActions]
    .filter(([, { resources }]) => resources.some((each) => kindsOf[target].includes(each)))
    .map(([name]) => `dynamodb:${name}`.toLowerCase())
  const wrong = statements.flatMap(({ actions: { patterns } }) =>
    patterns.filter(({ glob = [] }) => !possible.some((action) => globMatches(glob, action))).map(({ text }) => text),
  )
  if (wrong.length > 0)
    throw invalid(`The following action names are invalid: ${wrong.map((name) => `"${nameOf(name)}"`).join(', ')}`)
}

/** With DynamoDB's letters, where it is one of its actions. */
function nameOf(action: string): string {
  const found = [...dynamoDbActions.keys()].find((name) => `dynamodb:${name}`.toLowerCase() === action)
  return found === undefined ? action : `dynamodb:${found}`
}

/** Keys whose fixed values say who may come. */
const bounding: ReadonlySet<string> = new Set([
  'aws:principalaccount',
  'aws:principalarn',
  'aws:principalorgid',
  'aws:sourceaccount',
  'aws:sourcearn',
  'aws:sourceip',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
])

function isUnbounded({ effect, principals, conditions }: Statement): boolean {
  if (effect === 'Deny' || principals === undefined) return false
  if (!principals.isNot && !principals.names.anyone) return false
  return !conditions.some(
    ({ operator, key, values }) =>
      bounding.has(key) &&
      !/Not|IfExists|^Null|ForAllValues/.test(operator) &&
      !values.some((value) => /^\*+$|\/0$/.test(value)),
  )
}

function canonical(given: string, { version }: Policy): string {
  const document = JSON.parse(given) as Record<string, unknown>
  const { Id: id, Statement: statements } = document
  const list: readonly unknown[] = Array.isArray(statements) ? statements : [statements]
  return JSON.stringify({
    Version: version,
    ...(id === undefined ? {} : { Id: id }),
    Statement: list.map((each) => canonicalStatement(each as Record<string, unknown>)),
  })
}

function canonicalStatement(statement: Readonly<Record<string, unknown>>): object {
  const members = statementElements
    .filter((name) => name in statement)
    .map((name): [string, unknown] => {
      const value = statement[name]
      if (name.endsWith('Principal'))
        return [name, isObject(value) ? eachValue(value, (names) => single(names, rootArn)) : value]
      if (name !== 'Condition' || !isObject(value)) return [name, single(value)]
      return [name, eachValue(value, (keys) => (isObject(keys) ? eachValue(keys, (values) => single(values)) : keys))]
    })
  return Object.fromEntries(members)
}

const eachValue = (of: Readonly<Record<string, unknown>>, change: (value: unknown) => unknown): object =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, change(value)]))

/** A list of one is its element. */
function single(value: unknown, change: (each: unknown) => unknown = (each) => each): unknown {
  if (!Array.isArray(value)) return change(value)
  return value.length === 1 ? change(value[0]) : value.map(change)
}

const rootArn = (name: unknown): unknown =>
  typeof name === 'string' && /^\d{12}$/.test(name) ? `arn:aws:iam::${name}:root` : name
