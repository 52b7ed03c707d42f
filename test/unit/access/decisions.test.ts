/** What AWS documents of policies, rule by rule. Each block names the page of the IAM User Guide (or another guide) that says so. */
import { describe, expect, test } from 'vitest'
import { parseCondition } from '../../../src/core/access/policy-conditions.ts'
import { evaluate, type PolicySet } from '../../../src/core/access/evaluate-policies.ts'
import { parsePolicy } from '../../../src/core/access/parse-policy.ts'
import type { Identity } from '../../../src/core/access/principals.ts'

const page = (name: string): string => `https://docs.aws.amazon.com/IAM/latest/UserGuide/${name}.html`
const operatorsPage = page('reference_policies_elements_condition_operators')
const setPage = page('reference_policies_condition-single-vs-multi-valued-context-keys')
const variablesPage = page('reference_policies_variables')
const resourcePage = page('reference_policies_elements_resource')
const actionPage = page('reference_policies_elements_action')

type Row = readonly [
  operator: string,
  policy: string | readonly string[],
  request: string | readonly string[] | undefined,
  holds: boolean,
]

const facts = {
  'aws:username': ['ann'],
  'aws:principaltag/team': ['blue'],
  'aws:many': ['a', 'b'],
  'aws:wild': ['a*'],
} as Readonly<Record<string, readonly string[]>>

function holds([operator, policy, request]: Row): boolean | undefined {
  const given = typeof request === 'string' ? [request] : request
  const condition = parseCondition({ operator, key: 'x:Key', values: [policy].flat(), variables: true })
  return condition?.holds((key) => (key === 'x:key' ? given : facts[key]))
}

const strings: readonly Row[] = [
  ['StringEquals', 'ann', 'ann', true],
  ['StringEquals', 'ann', 'Ann', false],
  ['StringEquals', 'ann', 'anna', false],
  ['StringEquals', 'a*', 'ann', false],
  ['StringEquals', 'a*', 'a*', true],
  ['StringEquals', ['bob', 'ann'], 'ann', true],
  ['StringEquals', ['bob', 'cat'], 'ann', false],
  ['StringEquals', 'ann', undefined, false],
  ['StringEquals', '', '', true],
  ['StringNotEquals', 'ann', 'ann', false],
  ['StringNotEquals', 'ann', 'bob', true],
  ['StringNotEquals', ['ann', 'bob'], 'bob', false],
  ['StringNotEquals', ['ann', 'bob'], 'cat', true],
  ['StringNotEquals', 'ann', undefined, true],
  ['StringEqualsIgnoreCase', 'ANN', 'ann', true],
  ['StringEqualsIgnoreCase', 'ann', 'ANN', true],
  ['StringEqualsIgnoreCase', 'ann', 'anna', false],
  ['StringEqualsIgnoreCase', 'a*', 'ann', false],
  ['StringEqualsIgnoreCase', 'ann', undefined, false],
  ['StringNotEqualsIgnoreCase', 'ANN', 'ann', false],
  ['StringNotEqualsIgnoreCase', 'ANN', 'bob', true],
  ['StringNotEqualsIgnoreCase', 'ANN', undefined, true],
  ['StringLike', 'a*', 'ann', true],
  ['StringLike', 'a*', 'Ann', false],
  ['StringLike', '*', '', true],
  ['StringLike', 'a?n', 'ann', true],
  ['StringLike', 'a?n', 'an', false],
  ['StringLike', '*n*', 'ann', true],
  ['StringLike', 'a*b*c', 'a-b-b-c', true],
  ['StringLike', 'a*b*c', 'a-c-b', false],
  ['StringLike', ['x', '?nn'], 'ann', true],
  ['StringLike', 'ann', 'ann', true],
  ['StringLike', 'a*', undefined, false],
  ['StringNotLike', 'a*', 'ann', false],
  ['StringNotLike', 'a*', 'bob', true],
  ['StringNotLike', ['a*', 'b*'], 'bob', false],
  ['StringNotLike', 'a*', undefined, true],
]

const numbers: readonly Row[] = [
  ['NumericEquals', '10', '10', true],
  ['NumericEquals', '10', '10.0', true],
  ['NumericEquals', '10', '1e1', true],
  ['NumericEquals', '10', '11', false],
  ['NumericEquals', ['1', '10'], '10', true],
  ['NumericEquals', '10', 'ten', false],
  ['NumericEquals', '10', undefined, false],
  ['NumericNotEquals', '10', '11', true],
  ['NumericNotEquals', '10', '10', false],
  ['NumericNotEquals', ['10', '11'], '11', false],
  ['NumericNotEquals', '10', undefined, true],
  ['NumericLessThan', '10', '9', true],
  ['NumericLessThan', '10', '10', false],
  ['NumericLessThan', '-1', '-2', true],
  ['NumericLessThan', '10', undefined, false],
  ['NumericLessThanEquals', '10', '10', true],
  ['NumericLessThanEquals', '10', '10.5', false],
  ['NumericGreaterThan', '10', '11', true],
  ['NumericGreaterThan', '10', '10', false],
  ['NumericGreaterThanEquals', '10', '10', true],
  ['NumericGreaterThanEquals', '10', '9.99', false],
]

const dates: readonly Row[] = [
  ['DateEquals', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', true],
  ['DateEquals', '2026-01-01', '2026-01-01T00:00:00Z', true],
  ['DateEquals', '2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00Z', true],
  ['DateEquals', '1767225600', '2026-01-01T00:00:00Z', true],
  ['DateEquals', '2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z', false],
  ['DateEquals', '2026-01-01T00:00:00Z', undefined, false],
  ['DateNotEquals', '2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z', true],
  ['DateNotEquals', '2026-01-01T00:00:00Z', undefined, true],
  ['DateLessThan', '2026-06-01T00:00:00Z', '2026-05-31T23:59:59Z', true],
  ['DateLessThan', '2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', false],
  ['DateLessThanEquals', '2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', true],
  ['DateGreaterThan', '2026-06-01T00:00:00Z', '2026-06-01T00:00:01Z', true],
  ['DateGreaterThan', '2026-06-01T00:00:00Z', '2026-05-01T00:00:00Z', false],
  ['DateGreaterThanEquals', '2026-06-01T00:00:00Z', '2026-06-01T00:00:00Z', true],
  ['DateGreaterThan', '2026-06-01T00:00:00Z', 'yesterday', false],
]

const others: readonly Row[] = [
  ['Bool', 'true', 'true', true],
  ['Bool', 'true', 'false', false],
  ['Bool', 'False', 'false', true],
  ['Bool', 'true', undefined, false],
  ['BoolIfExists', 'true', undefined, true],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'qmluYXJ5', false],
  ['BinaryEquals', 'QmluYXJ5', undefined, false],
  ['IpAddress', '203.0.113.0/24', '203.0.113.7', true],
  ['IpAddress', '203.0.113.0/24', '203.0.114.7', false],
  ['IpAddress', '203.0.113.7', '203.0.113.7', true],
  ['IpAddress', '203.0.113.7', '203.0.113.8', false],
  ['IpAddress', '0.0.0.0/0', '8.8.8.8', true],
  ['IpAddress', '0.0.0.0/0', '2001:db8::1', false],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5678:9::1', true],
  ['IpAddress', '2001:DB8:1234:5678::/64', '2001:db8:1234:5679::1', false],
  ['IpAddress', '::1', '0:0:0:0:0:0:0:1', true],
  ['IpAddress', '127.0.0.1', '::ffff:127.0.0.1', true],
  ['IpAddress', ['10.0.0.0/8', '192.168.0.0/16'], '192.168.3.4', true],
  ['IpAddress', '10.0.0.0/8', 'localhost', false],
  ['IpAddress', '10.0.0.0/8', undefined, false],
  ['NotIpAddress', '10.0.0.0/8', '10.1.2.3', false],
  ['NotIpAddress', '10.0.0.0/8', '8.8.8.8', true],
  ['NotIpAddress', ['10.0.0.0/8', '8.8.8.8'], '8.8.8.8', false],
  ['NotIpAddress', '10.0.0.0/8', undefined, true],
  ['ArnEquals', 'arn:aws:iam::111122223333:user/ann', 'arn:aws:iam::111122223333:user/ann', true],
  ['ArnEquals', 'arn:aws:iam::111122223333:user/*', 'arn:aws:iam::111122223333:user/ann', true],
  ['ArnLike', 'arn:aws:iam::*:user/ann', 'arn:aws:iam::111122223333:user/ann', true],
  ['ArnLike', 'arn:aws:iam:*:user/ann', 'arn:aws:iam::111122223333:user/ann', false],
  ['ArnLike', 'arn:aws:*:*:*:user/a?n', 'arn:aws:iam::111122223333:user/ann', true],
  ['ArnLike', 'arn:aws:iam::111122223333:user/ann', 'arn:aws:iam::111122223333:user/Ann', false],
  [
    'ArnLike',
    'arn:aws:dynamodb:*:*:*',
    'arn:aws:dynamodb:us-east-1:111122223333:table/T/stream/2026-01-01T00:00:00.000',
    true,
  ],
  ['ArnLike', 'arn:aws:iam::*:user/ann', 'ann', false],
  ['ArnLike', 'arn:aws:iam::*:user/ann', undefined, false],
  ['ArnNotEquals', 'arn:aws:iam::111122223333:user/ann', 'arn:aws:iam::111122223333:user/bob', true],
  ['ArnNotEquals', 'arn:aws:iam::111122223333:user/*', 'arn:aws:iam::111122223333:user/bob', false],
  ['ArnNotLike', 'arn:aws:iam::*:user/*', 'arn:aws:iam::111122223333:role/app', true],
  ['ArnNotLike', 'arn:aws:iam::*:user/*', undefined, true],
  ['Null', 'true', undefined, true],
  ['Null', 'true', 'x', false],
  ['Null', 'false', undefined, false],
  ['Null', 'false', 'x', true],
  ['Null', 'true', [], true],
  ['StringEqualsIfExists', 'ann', undefined, true],
  ['StringEqualsIfExists', 'ann', 'ann', true],
  ['StringEqualsIfExists', 'ann', 'bob', false],
  ['StringNotEqualsIfExists', 'ann', undefined, true],
  ['StringNotEqualsIfExists', 'ann', 'ann', false],
  ['StringLikeIfExists', 'a*', 'bob', false],
  ['NumericLessThanIfExists', '10', undefined, true],
  ['NumericLessThanIfExists', '10', '11', false],
  ['DateLessThanIfExists', '2026-01-01', undefined, true],
  ['IpAddressIfExists', '10.0.0.0/8', undefined, true],
  ['IpAddressIfExists', '10.0.0.0/8', '8.8.8.8', false],
  ['ArnLikeIfExists', 'arn:aws:iam::*:user/ann', undefined, true],
]

const sets: readonly Row[] = [
  ['ForAllValues:StringEquals', ['a', 'b', 'c'], ['a', 'b'], true],
  ['ForAllValues:StringEquals', ['a', 'b'], ['a', 'b', 'c'], false],
  ['ForAllValues:StringEquals', ['a'], undefined, true],
  ['ForAllValues:StringEquals', ['a'], [], true],
  ['ForAllValues:StringEquals', ['a'], ['b'], false],
  ['ForAllValues:StringLike', ['a*', 'b'], ['ab', 'b'], true],
  ['ForAllValues:StringLike', ['a*'], ['ab', 'b'], false],
  ['ForAllValues:StringNotEquals', ['a'], ['b', 'c'], true],
  ['ForAllValues:StringNotEquals', ['a'], ['a', 'b'], false],
  ['ForAllValues:StringNotEquals', ['a'], undefined, true],
  ['ForAllValues:StringEqualsIgnoreCase', ['A'], ['a', 'A'], true],
  ['ForAllValues:StringEqualsIfExists', ['a'], undefined, true],
  ['ForAllValues:StringEqualsIfExists', ['a'], ['b'], false],
  ['ForAllValues:NumericLessThan', ['10'], ['1', '9'], true],
  ['ForAllValues:NumericLessThan', ['10'], ['1', '11'], false],
  ['ForAllValues:ArnLike', ['arn:aws:iam::*:user/*'], ['arn:aws:iam::111122223333:user/a'], true],
  ['ForAllValues:IpAddress', ['10.0.0.0/8'], ['10.1.1.1', '11.0.0.1'], false],
  ['ForAllValues:Bool', ['true'], ['true', 'true'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['b', 'z'], true],
  ['ForAnyValue:StringEquals', ['a', 'b'], ['y', 'z'], false],
  ['ForAnyValue:StringEquals', ['a'], undefined, false],
  ['ForAnyValue:StringEquals', ['a'], [], false],
  ['ForAnyValue:StringLike', ['a*'], ['x', 'ab'], true],
  ['ForAnyValue:StringNotEquals', ['a'], ['a', 'b'], true],
  ['ForAnyValue:StringNotEquals', ['a'], ['a'], false],
  ['ForAnyValue:StringNotEquals', ['a'], undefined, false],
  ['ForAnyValue:StringEqualsIfExists', ['a'], undefined, true],
  ['ForAnyValue:NumericGreaterThan', ['10'], ['1', '11'], true],
  ['ForAnyValue:DateLessThan', ['2026-01-01'], ['2025-01-01', '2027-01-01'], true],
  ['ForAnyValue:ArnLike', ['arn:aws:iam::*:role/*'], ['arn:aws:iam::111122223333:user/a'], false],
]

const variables: readonly Row[] = [
  ['StringEquals', '${aws:username}', 'ann', true],
  ['StringEquals', '${aws:username}', 'bob', false],
  ['StringEquals', '${AWS:UserName}', 'ann', true],
  ['StringEquals', 'x-${aws:username}-y', 'x-ann-y', true],
  ['StringLike', '${aws:username}/*', 'ann/notes', true],
  ['StringLike', '${aws:username}/*', 'bob/notes', false],
  ['StringEquals', '${aws:PrincipalTag/team}', 'blue', true],
  ['StringEquals', "${aws:PrincipalTag/none, 'blue'}", 'blue', true],
  ['StringEquals', "${aws:PrincipalTag/team, 'red'}", 'blue', true],
  ['StringEquals', "${aws:PrincipalTag/none, 'red'}", 'blue', false],
  ['StringEquals', '${aws:none}', '', false],
  ['StringEquals', '${aws:none}', '${aws:none}', false],
  ['StringNotEquals', '${aws:none}', 'ann', true],
  ['StringEquals', '${aws:many}', 'a', false],
  ['StringLike', '${*}', '*', true],
  ['StringLike', '${*}', 'x', false],
  ['StringLike', '${?}', '?', true],
  ['StringLike', '${$}x', '$x', true],
  ['StringLike', '${aws:wild}', 'ab', false],
  ['StringLike', '${aws:wild}', 'a*', true],
  ['StringEqualsIgnoreCase', '${aws:username}', 'ANN', true],
  ['ArnLike', 'arn:aws:iam::*:user/${aws:username}', 'arn:aws:iam::111122223333:user/ann', true],
  ['ForAllValues:StringEquals', ['${aws:username}', 'shared'], ['ann', 'shared'], true],
]

describe.each([
  ['strings', operatorsPage, strings],
  ['numbers', operatorsPage, numbers],
  ['dates', operatorsPage, dates],
  ['booleans, bytes, addresses, ARNs, Null and IfExists', operatorsPage, others],
  ['keys with several values', setPage, sets],
  ['policy variables', variablesPage, variables],
] as const)('%s (%s)', (_name, _page, rows) => {
  test.each(rows.map((row) => [`${row[0]} ${JSON.stringify(row[1])} of ${JSON.stringify(row[2])}`, row] as const))(
    '%s',
    (_, row) => {
      expect(holds(row)).toBe(row[3])
    },
  )
})

test.each(['StringLikes', 'stringEquals', 'ForAllValues:Null', 'ForSomeValues:StringEquals', 'NullIfExists'])(
  `%s is no operator (${operatorsPage})`,
  (operator) => {
    expect(parseCondition({ operator, key: 'x:Key', values: ['true'], variables: true })).toBeUndefined()
  },
)

const account = '111122223333'
const ann: Identity = { kind: 'user', accountId: account, arn: `arn:aws:iam::${account}:user/ann`, userId: 'AIDAANN' }
const roleArn = `arn:aws:iam::${account}:role/app`
const session: Identity = {
  kind: 'assumed-role',
  accountId: account,
  arn: `arn:aws:sts::${account}:assumed-role/app/one`,
  userId: 'AROAAPP:one',
  roleArn,
}
const root: Identity = { kind: 'root', accountId: account, arn: `arn:aws:iam::${account}:root`, userId: account }
const stranger: Identity = { ...ann, accountId: '444455556666', arn: 'arn:aws:iam::444455556666:user/eve' }
const table = `arn:aws:dynamodb:us-east-1:${account}:table/Orders`

type Statement = Readonly<Record<string, unknown>>
const allow = (more: Statement = {}): Statement => ({
  Effect: 'Allow',
  Action: 'dynamodb:GetItem',
  Resource: table,
  ...more,
})
const deny = (more: Statement = {}): Statement => ({ ...allow(more), Effect: 'Deny' })
const policy = (
  statements: readonly Statement[],
  kind: 'identity' | 'resource' = 'identity',
  Version = '2012-10-17',
) => ({
  name: 'p',
  policy: parsePolicy({ Version, Statement: statements }, kind),
})

function decided(
  policies: PolicySet,
  identity: Identity = ann,
  { action = 'dynamodb:GetItem', resource = table } = {},
): string {
  const decision = evaluate(policies, {
    identity,
    action,
    resource,
    resourceAccount: account,
    facts: (key) => facts[key],
  })
  if (decision.allowed) return 'allow'
  return `${decision.type} ${decision.by === undefined ? 'lacks' : 'denies'}`
}

describe(`actions (${actionPage})`, () => {
  test.each([
    ['dynamodb:GetItem', true],
    ['dynamodb:getitem', true],
    ['DynamoDB:GetItem', true],
    ['dynamodb:*', true],
    ['*', true],
    ['dynamodb:Get*', true],
    ['dynamodb:*Item', true],
    ['dynamodb:G?tItem', true],
    ['dynamodb:GetItem?', false],
    ['dynamodb:PutItem', false],
    ['s3:*', false],
    ['*:*', undefined],
    ['GetItem', undefined],
  ] as const)('%s matches GetItem: %s', (Action, expected) => {
    const found = (): string => decided({ identity: [policy([allow({ Action })])] })
    if (expected === undefined) expect(found).toThrow('prefaced by a vendor')
    else expect(found()).toBe(expected ? 'allow' : 'identity lacks')
  })

  test.each([
    [['dynamodb:DeleteTable'], 'allow'],
    [['dynamodb:Get*'], 'identity lacks'],
    [['iam:*', 'dynamodb:GetItem'], 'identity lacks'],
  ])('NotAction %j', (NotAction, expected) => {
    expect(decided({ identity: [policy([{ Effect: 'Allow', NotAction, Resource: '*' }])] })).toBe(expected)
  })
})

describe(`resources (${resourcePage})`, () => {
  test.each([
    [table, true],
    ['*', true],
    ['arn:aws:dynamodb:*:*:table/Orders', true],
    ['arn:aws:dynamodb:us-east-1:*:table/*', true],
    ['arn:aws:dynamodb:us-*-1:*:table/Orders', true],
    ['arn:aws:dynamodb:??-east-1:*:table/Orders', true],
    ['arn:aws:dynamodb:*', true],
    ['arn:aws:dynamodb', true],
    ['arn:aws:dynamodb:us-east-1', true],
    ['arn:aws:dynamodb:eu-west-1', false],
    ['arn:aws:*', true],
    ['arn:aws:dynamodb:us-*-x:*:table/Orders', false],
    ['arn:aws:dynamodb:us-east-1:111122223333:table/orders', false],
    ['arn:aws:dynamodb:us-east-1:111122223333:table/Order', false],
    ['arn:aws:dynamodb:us-east-1:111122223333:table/Orders/index/*', false],
    ['arn:aws:dynamodb:u*s:table/Orders', false],
    ['arn:aws:s3:::Orders', false],
    ['arn:aws:dynamodb:*:*:table/${aws:none}', false],
    ["arn:aws:dynamodb:*:*:table/${aws:none, 'Orders'}", true],
    ['arn:aws:dynamodb:*:*:table/Ord${*}', false],
  ] as const)('%s matches the table: %s', (Resource, expected) => {
    expect(decided({ identity: [policy([allow({ Resource })])] })).toBe(expected ? 'allow' : 'identity lacks')
  })

  test('a policy without variables in its version takes them literally', () => {
    const Resource = 'arn:aws:dynamodb:*:*:table/${aws:username}'
    const resource = `arn:aws:dynamodb:us-east-1:${account}:table/ann`
    const of = (version: string) =>
      decided({ identity: [policy([allow({ Resource })], 'identity', version)] }, ann, { resource })
    expect([of('2012-10-17'), of('2008-10-17')]).toEqual(['allow', 'identity lacks'])
  })

  test('an index and a stream are resources of their own', () => {
    const identity = [policy([allow({ Resource: [table] })])]
    for (const resource of [`${table}/index/by-date`, `${table}/stream/2026-01-01T00:00:00.000`])
      expect(decided({ identity }, ann, { resource })).toBe('identity lacks')
    const all = [policy([allow({ Resource: [`${table}/*`] })])]
    expect(decided({ identity: all }, ann, { resource: `${table}/stream/2026-01-01T00:00:00.000` })).toBe('allow')
  })

  test.each([
    [['arn:aws:dynamodb:*:*:table/Other'], 'allow'],
    [['arn:aws:dynamodb:*:*:table/Or*'], 'identity lacks'],
    [['arn:aws:dynamodb:*:*:table/${aws:none}'], 'identity lacks'],
  ])('NotResource %j', (NotResource, expected) => {
    expect(decided({ identity: [policy([{ Effect: 'Allow', Action: '*', NotResource }])] })).toBe(expected)
  })
})

const by = (principal: unknown, more: Statement = {}) => policy([allow({ Principal: principal, ...more })], 'resource')
const aws = (...names: readonly string[]) => ({ AWS: names })
const can = policy([allow()])
const cannot = policy([allow({ Action: 'dynamodb:PutItem' })])

const endpointPage = 'https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html'

describe(`the policy of a VPC endpoint (${endpointPage})`, () => {
  const anyone = { Principal: '*' }
  const full = policy([allow({ ...anyone, Action: '*', Resource: '*' })], 'resource')
  const narrow = policy([allow({ ...anyone, Action: 'dynamodb:PutItem' })], 'resource')
  const denying = policy([allow({ ...anyone, Action: '*' }), deny(anyone)], 'resource')
  const forAnn = policy([allow({ Principal: { AWS: ann.arn } })], 'resource')
  test.each<readonly [string, PolicySet, Identity, string]>([
    ['grants nothing itself', { identity: [], endpoint: full }, ann, 'identity lacks'],
    ['the full access of the default changes nothing', { identity: [can], endpoint: full }, ann, 'allow'],
    ['lacks the action', { identity: [can], endpoint: narrow }, ann, 'endpoint lacks'],
    ['denies', { identity: [can], endpoint: denying }, ann, 'endpoint denies'],
    ['does not override a denial', { identity: [policy([deny()])], endpoint: full }, ann, 'identity denies'],
    [
      'limits what a table grants',
      { identity: [], resource: by(aws(ann.arn)), endpoint: narrow },
      ann,
      'endpoint lacks',
    ],
    ['does not replace the boundary', { identity: [can], boundary: cannot, endpoint: full }, ann, 'boundary lacks'],
    [
      'does not replace the session policy',
      { identity: [can], session: [cannot], endpoint: full },
      session,
      'session lacks',
    ],
    ['may name who comes by it', { identity: [can], endpoint: forAnn }, ann, 'allow'],
    ['is for those that it names alone', { identity: [can], endpoint: forAnn }, session, 'endpoint lacks'],
    ['limits the root', { identity: [], endpoint: narrow }, root, 'endpoint lacks'],
  ])('%s', (_, policies, identity, expected) => {
    expect(decided(policies, identity)).toBe(expected)
  })
})

describe(`within an account (${page('reference_policies_evaluation-logic_policy-eval-basics-single-account')})`, () => {
  test.each<readonly [string, PolicySet, Identity, string]>([
    ['nothing allows', { identity: [] }, ann, 'identity lacks'],
    ['an identity policy allows', { identity: [can] }, ann, 'allow'],
    ['one of two allows', { identity: [cannot, can] }, ann, 'allow'],
    ['a deny wins over an allow', { identity: [can, policy([deny()])] }, ann, 'identity denies'],
    ['a deny wins within a policy', { identity: [policy([allow(), deny()])] }, ann, 'identity denies'],
    ['the boundary allows too', { identity: [can], boundary: can }, ann, 'allow'],
    ['the boundary lacks it', { identity: [can], boundary: cannot }, ann, 'boundary lacks'],
    ['the boundary denies', { identity: [can], boundary: policy([allow(), deny()]) }, ann, 'boundary denies'],
    ['the boundary alone grants nothing', { identity: [], boundary: can }, ann, 'identity lacks'],
    ['the session policy allows too', { identity: [can], session: [can] }, session, 'allow'],
    ['the session policy lacks it', { identity: [can], session: [cannot] }, session, 'session lacks'],
    ['of two session policies one allows', { identity: [can], session: [cannot, can] }, session, 'allow'],
    ['the session policy denies', { identity: [can], session: [policy([deny()])] }, session, 'session denies'],
    ['the session policy alone grants nothing', { identity: [], session: [can] }, session, 'identity lacks'],
    [
      'boundary and session both limit',
      { identity: [can], boundary: cannot, session: [can] },
      session,
      'boundary lacks',
    ],
    ['the root needs nothing', { identity: [] }, root, 'allow'],
    [
      'the root is bound by a deny of the table',
      { identity: [], resource: policy([deny({ Principal: '*' })], 'resource') },
      root,
      'resource denies',
    ],
    ['the table names the user', { identity: [], resource: by(aws(ann.arn)) }, ann, 'allow'],
    [
      'the table names the user by id',
      { identity: [], resource: by(aws(ann.userId.padEnd(16, 'X'))) },
      { ...ann, userId: 'AIDAANNXXXXXXXXX' },
      'allow',
    ],
    ['the table names another user', { identity: [], resource: by(aws(stranger.arn)) }, ann, 'identity lacks'],
    ['the table names the account', { identity: [], resource: by(aws(account)) }, ann, 'identity lacks'],
    [
      'the table names the account, and an identity policy allows',
      { identity: [can], resource: by(aws(account)) },
      ann,
      'allow',
    ],
    ['the table names everybody', { identity: [], resource: by('*') }, ann, 'allow'],
    ['the table names everybody of AWS', { identity: [], resource: by(aws('*')) }, ann, 'allow'],
    [
      'the table denies',
      { identity: [can], resource: policy([deny({ Principal: aws(ann.arn) })], 'resource') },
      ann,
      'resource denies',
    ],
    [
      'the table denies somebody else',
      { identity: [can], resource: policy([deny({ Principal: aws(stranger.arn) })], 'resource') },
      ann,
      'allow',
    ],
    [
      'the table denies the account',
      { identity: [can], resource: policy([deny({ Principal: aws(account) })], 'resource') },
      ann,
      'resource denies',
    ],
    [
      'an identity deny wins over the table',
      { identity: [policy([deny()])], resource: by(aws(ann.arn)) },
      ann,
      'identity denies',
    ],
    [
      'the table grants past the boundary of a user',
      { identity: [], boundary: cannot, resource: by(aws(ann.arn)) },
      ann,
      'allow',
    ],
    [
      'the table grants a role within its boundary',
      { identity: [], boundary: cannot, resource: by(aws(roleArn)) },
      session,
      'boundary lacks',
    ],
    [
      'the table grants a role within the session policy',
      { identity: [], session: [cannot], resource: by(aws(roleArn)) },
      session,
      'session lacks',
    ],
    ['the table grants a role', { identity: [], resource: by(aws(roleArn)) }, session, 'allow'],
    [
      'the table grants a session past both',
      { identity: [], boundary: cannot, session: [cannot], resource: by(aws(session.arn)) },
      session,
      'allow',
    ],
    [
      'a service is no client here',
      { identity: [], resource: by({ Service: 'lambda.amazonaws.com' }) },
      ann,
      'identity lacks',
    ],
  ])('%s', (_, policies, identity, expected) => {
    expect(decided(policies, identity)).toBe(expected)
  })
})

describe(`from another account (${page('reference_policies_evaluation-logic-cross-account')})`, () => {
  test.each<readonly [string, PolicySet, string]>([
    ['neither side allows', { identity: [] }, 'identity lacks'],
    ['only the identity policy allows', { identity: [can] }, 'resource lacks'],
    ['only the table allows', { identity: [], resource: by(aws(stranger.arn)) }, 'identity lacks'],
    ['both allow', { identity: [can], resource: by(aws(stranger.arn)) }, 'allow'],
    ['the table names the account', { identity: [can], resource: by(aws('444455556666')) }, 'allow'],
    ['the table names its own account', { identity: [can], resource: by(aws(account)) }, 'resource lacks'],
    ['the boundary limits', { identity: [can], boundary: cannot, resource: by(aws(stranger.arn)) }, 'boundary lacks'],
    [
      'the table denies',
      { identity: [can], resource: policy([allow({ Principal: '*' }), deny({ Principal: '*' })], 'resource') },
      'resource denies',
    ],
  ])('%s', (_, policies, expected) => {
    expect(decided(policies, stranger)).toBe(expected)
  })
})

describe(`NotPrincipal (${page('reference_policies_elements_notprincipal')})`, () => {
  const except = (...names: readonly string[]) => policy([deny({ NotPrincipal: aws(...names) })], 'resource')
  test.each<readonly [string, readonly string[], Identity, string]>([
    ['a user with the account', [ann.arn, account], ann, 'allow'],
    ['a user without the account', [ann.arn], ann, 'resource denies'],
    ['the account alone', [account], ann, 'resource denies'],
    ['another user', [stranger.arn, account], ann, 'resource denies'],
    ['a session with role and account', [session.arn, roleArn, account], session, 'allow'],
    ['a session without its role', [session.arn, account], session, 'resource denies'],
    ['the root', [account], root, 'allow'],
  ])('%s is exempt from a denial', (_, names, identity, expected) => {
    expect(decided({ identity: [can], resource: except(...names) }, identity)).toBe(expected)
  })
})

describe(`the grammar (${page('reference_policies_grammar')})`, () => {
  const identity = (document: unknown) => (): unknown => parsePolicy(document, 'identity')
  const of = (statement: object) => ({ Version: '2012-10-17', Statement: [statement] })
  test.each<readonly [string, unknown, string]>([
    ['a list', [], 'Syntax errors in policy.'],
    ['no statement', { Version: '2012-10-17' }, 'Missing required field Statement'],
    ['an empty list of statements', { Version: '2012-10-17', Statement: [] }, 'Missing required field Statement'],
    ['another version', { Version: '2011-01-01', Statement: [allow()] }, 'Syntax errors in policy.'],
    ['an unknown element', of(allow({ Actions: '*' })), 'Syntax errors in policy.'],
    ['no effect', of({ Action: '*', Resource: '*' }), 'Missing required field Effect'],
    ['another effect', of({ ...allow(), Effect: 'allow' }), 'Syntax errors in policy.'],
    ['no action', of({ Effect: 'Allow', Resource: '*' }), 'Missing required field Action'],
    ['no resource', of({ Effect: 'Allow', Action: '*' }), 'Missing required field Resource'],
    ['Action and NotAction', of(allow({ NotAction: '*' })), 'Syntax errors in policy.'],
    ['Resource and NotResource', of(allow({ NotResource: '*' })), 'Syntax errors in policy.'],
    ['no ARN', of(allow({ Resource: 'Orders' })), 'Resource Orders must be in ARN format or "*".'],
    ['a principal', of(allow({ Principal: '*' })), 'Policy document should not specify a principal.'],
    ['a number for an action', of(allow({ Action: 7 })), 'Syntax errors in policy.'],
    ['an unknown operator', of(allow({ Condition: { Like: { a: 'b' } } })), 'Syntax errors in policy.'],
    ['a range that is none', of(allow({ Condition: { IpAddress: { a: '10.0.0.0/33' } } })), 'Syntax errors in policy.'],
    ['a Sid with a blank', of(allow({ Sid: 'a b' })), 'Syntax errors in policy.'],
    [
      'a Sid twice',
      { Statement: [allow({ Sid: 'a' }), allow({ Sid: 'a' })] },
      'Statement IDs (SID) in a single policy must be unique.',
    ],
    [
      'levels without end',
      of(allow({ Condition: { StringEquals: { a: [[[[[['x']]]]]] } } })),
      'Syntax errors in policy.',
    ],
  ])('%s is refused', (_, document, message) => {
    expect(identity(document)).toThrow(message)
  })

  test.each<readonly [string, unknown]>([
    ['one statement without a list', { Statement: allow() }],
    ['an id', { Id: 'x', Version: '2008-10-17', Statement: [allow()] }],
    ['numbers and booleans as values', of(allow({ Condition: { NumericLessThan: { a: 5 }, Bool: { b: true } } }))],
    ['a value without a list', of(allow({ Condition: { StringEquals: { a: 'b' } } }))],
  ])('%s is taken', (_, document) => {
    expect(identity(document)).not.toThrow()
  })
})
