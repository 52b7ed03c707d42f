/** Random requests by random principals under random policies: the evaluator and the reference (reference.ts) decide alike. */
import { type Arbitrary, array, assert, constant, constantFrom, oneof, property, record, tuple } from 'fast-check'
import { expect, test } from 'vitest'
import { type Decision, evaluate } from '../../../src/core/access/evaluate-policies.ts'
import { parsePolicy } from '../../../src/core/access/parse-policy.ts'
import type { Identity } from '../../../src/core/access/principals.ts'
import { type Asked, decide, type Documents } from './reference.ts'

const own = '111122223333'
const other = '444455556666'
const accounts = [own, other]

const identities: readonly Identity[] = accounts.flatMap((accountId) => {
  const roleArn = `arn:aws:iam::${accountId}:role/app`
  const session = `arn:aws:sts::${accountId}:assumed-role/app/one`
  return [
    { kind: 'root', accountId, arn: `arn:aws:iam::${accountId}:root`, userId: accountId },
    { kind: 'user', accountId, arn: `arn:aws:iam::${accountId}:user/ann`, userId: 'AIDAANNANNANN' },
    { kind: 'user', accountId, arn: `arn:aws:iam::${accountId}:user/team/bob`, userId: 'AIDABOBBOBBOB' },
    { kind: 'assumed-role', accountId, arn: session, userId: 'AROAAPPAPPAPP:one', roleArn },
  ] as const
})

const names = constantFrom(
  '*',
  own,
  other,
  ...identities.map(({ arn }) => arn),
  ...accounts.map((each) => `arn:aws:iam::${each}:role/app`),
)
const principal = oneof(
  constant('*'),
  array(names, { minLength: 1, maxLength: 3 }).map((AWS) => ({ AWS })),
)
const notPrincipal = array(
  names.filter((name) => name !== '*'),
  { minLength: 1, maxLength: 4 },
).map((AWS) => ({ AWS }))

const action = constantFrom(
  'dynamodb:GetItem',
  'dynamodb:PutItem',
  'dynamodb:Query',
  'dynamodb:DeleteTable',
  'dynamodb:BatchGetItem',
)
const actionPattern = oneof(
  action,
  constantFrom('*', 'dynamodb:*', 'dynamodb:*Item', 'DYNAMODB:get?tem', 'dynamodb:??tItem', 'dynamodb:*e*', 's3:*'),
)
const resource = constantFrom(
  `arn:aws:dynamodb:us-east-1:${own}:table/Orders`,
  `arn:aws:dynamodb:us-east-1:${own}:table/Orders/index/by-date`,
  `arn:aws:dynamodb:eu-west-1:${own}:table/ann-notes`,
  `arn:aws:dynamodb:us-east-1:${own}:table/Orders/stream/2026-01-01T00:00:00.000`,
  '*',
)
const resourcePattern = oneof(
  resource,
  constantFrom(
    'arn:aws:dynamodb:*:*:table/*',
    'arn:aws:dynamodb:us-*-1:111122223333:table/Orders',
    'arn:aws:dynamodb:*',
    'arn:aws:dynamodb:us*:table/Orders',
    'arn:aws:dynamodb:?s-east-1:*:table/Or*',
    'arn:aws:dynamodb',
    'arn:aws:dynamodb:*:*:table/${aws:username}-notes',
    "arn:aws:dynamodb:*:*:table/${aws:PrincipalTag/team, 'Orders'}",
    'arn:aws:dynamodb:*:*:table/Orders/stream/2026*.000',
    'arn:aws:dynamodb:*:*:table/${*}',
  ),
)

const texts = constantFrom(
  'ann',
  'Ann',
  'bob',
  'a*',
  '*',
  'b?b',
  '${aws:username}',
  "${aws:PrincipalTag/team, 'ann'}",
  '${$}',
)
const numbers = constantFrom('1', '2', '2.0', '10', '-3')
const dates = constantFrom('2026-01-01T00:00:00Z', '2026-06-01T00:00:00Z', '2026-06-01T02:00:00+02:00')
const ranges = constantFrom('10.0.0.0/8', '10.1.2.3', '192.168.0.0/16', '0.0.0.0/0')
const arns = constantFrom(
  `arn:aws:iam::${own}:user/ann`,
  `arn:aws:iam::${own}:user/*`,
  'arn:aws:iam::*:user/${aws:username}',
  'arn:aws:*:*',
)
const truths = constantFrom('true', 'false')
const orders = ['Equals', 'NotEquals', 'LessThan', 'LessThanEquals', 'GreaterThan', 'GreaterThanEquals']

const families = [
  {
    keys: ['dynamodb:LeadingKeys', 'aws:username', 'DYNAMODB:Attributes', 'aws:PrincipalTag/team'],
    operators: [
      'StringEquals',
      'StringNotEquals',
      'StringEqualsIgnoreCase',
      'StringNotEqualsIgnoreCase',
      'StringLike',
      'StringNotLike',
    ],
    values: texts,
  },
  { keys: ['x:number'], operators: orders.map((each) => `Numeric${each}`), values: numbers },
  { keys: ['aws:CurrentTime'], operators: orders.map((each) => `Date${each}`), values: dates },
  { keys: ['aws:SourceIp'], operators: ['IpAddress', 'NotIpAddress'], values: ranges },
  { keys: ['aws:PrincipalArn'], operators: ['ArnLike', 'ArnEquals', 'ArnNotLike', 'ArnNotEquals'], values: arns },
  { keys: ['aws:SecureTransport'], operators: ['Bool'], values: truths },
] as const

const condition = constantFrom(...families).chain(({ keys, operators, values }) =>
  record({
    operator: tuple(
      constantFrom('', '', 'ForAllValues:', 'ForAnyValue:'),
      constantFrom(...operators),
      constantFrom('', '', 'IfExists'),
    ).map((parts) => parts.join('')),
    key: constantFrom(...keys),
    values: array(values, { minLength: 1, maxLength: 3 }),
  }),
)
const nulls = record({
  operator: constant('Null'),
  key: constantFrom('dynamodb:LeadingKeys', 'aws:username', 'x:number'),
  values: truths.map((each) => [each]),
})

const conditions = array(oneof({ weight: 4, arbitrary: condition }, nulls), { maxLength: 2 }).map((all) => {
  const element: Record<string, Record<string, readonly string[]>> = {}
  for (const { operator, key, values } of all) (element[operator] ??= {})[key] = values
  return element
})

const element = (name: string, of: Arbitrary<string>) =>
  tuple(constantFrom(name, name, name, `Not${name}`), array(of, { minLength: 1, maxLength: 3 })).map(
    ([key, values]) => ({ [key]: values.length === 1 ? values[0] : values }),
  )

const statement = tuple(
  constantFrom('Allow', 'Allow', 'Deny'),
  element('Action', actionPattern),
  element('Resource', resourcePattern),
  conditions,
).map(([Effect, actions, resources, Condition]) => ({ Effect, ...actions, ...resources, Condition }))

const version = constantFrom({ Version: '2012-10-17' }, { Version: '2012-10-17' }, {})
const policy = tuple(version, array(statement, { minLength: 1, maxLength: 3 })).map(([head, Statement]) => ({
  ...head,
  Statement,
}))
const who = oneof(
  { weight: 5, arbitrary: principal.map((Principal) => ({ Principal })) },
  notPrincipal.map((NotPrincipal) => ({ NotPrincipal })),
)
const resourcePolicy = tuple(version, array(tuple(statement, who), { minLength: 1, maxLength: 3 })).map(
  ([head, all]) => ({ ...head, Statement: all.map(([each, by]) => ({ ...each, ...by })) }),
)

const context = record(
  {
    'dynamodb:leadingkeys': array(constantFrom('ann', 'bob', 'Ann'), { maxLength: 3 }),
    'dynamodb:attributes': array(constantFrom('ann', 'bob', 'cat'), { minLength: 1, maxLength: 3 }),
    'aws:username': constantFrom(['ann'], ['bob'], ['a*']),
    'aws:principaltag/team': constantFrom(['ann'], ['Orders']),
    'x:number': constantFrom(['1'], ['2'], ['10', '2']),
    'aws:currenttime': constantFrom(['2026-06-01T00:00:00Z'], ['2027-01-01T00:00:00Z']),
    'aws:sourceip': constantFrom(['10.1.2.3'], ['8.8.8.8']),
    'aws:principalarn': constantFrom([`arn:aws:iam::${own}:user/ann`], [`arn:aws:iam::${other}:role/x`]),
    'aws:securetransport': constantFrom(['true'], ['false']),
  },
  { requiredKeys: [] },
)

const cases = record({
  identity: constantFrom(...identities),
  action,
  resource,
  context,
  documents: record(
    {
      identity: array(policy, { maxLength: 2 }),
      boundary: policy,
      session: array(policy, { minLength: 1, maxLength: 2 }),
      resource: resourcePolicy,
    },
    { requiredKeys: ['identity'] },
  ),
})

const textOf = (decision: Decision): string =>
  decision.allowed ? 'allow' : `${decision.type} ${decision.by === undefined ? 'lacks' : 'denies'}`

/** LONGITUDE_ACCESS_RUNS=100000 for the long run. */
const runs = Number(process.env['LONGITUDE_ACCESS_RUNS'] ?? 4000)

test('a hundred thousand requests in the long run, a few thousand by default', () => {
  const told = new Map<string, number>()
  assert(
    property(cases, ({ identity, action: name, resource: on, context: facts, documents }) => {
      const asked: Asked = {
        identity,
        action: name,
        resource: on,
        resourceAccount: own,
        context: facts,
      }
      const expected = decide(documents, asked)
      const decision = evaluate(compiled(documents), {
        ...asked,
        identity,
        facts: (key) => asked.context[key],
      })
      told.set(expected, (told.get(expected) ?? 0) + 1)
      expect(textOf(decision)).toBe(expected)
    }),
    { numRuns: runs },
  )
  // Every kind of decision has come about.
  expect([...told.keys()].toSorted()).toEqual([
    'allow',
    'boundary denies',
    'boundary lacks',
    'identity denies',
    'identity lacks',
    'resource denies',
    'resource lacks',
    'session denies',
    'session lacks',
  ])
}, 300_000)

function compiled({ identity, boundary, session, resource: ofResource }: Documents) {
  const named = (document: unknown, kind: 'identity' | 'resource') => ({
    name: 'p',
    policy: parsePolicy(document, kind),
  })
  return {
    identity: identity.map((each) => named(each, 'identity')),
    boundary: boundary === undefined ? undefined : named(boundary, 'identity'),
    session: session?.map((each) => named(each, 'identity')),
    resource: ofResource === undefined ? undefined : named(ofResource, 'resource'),
  }
}
