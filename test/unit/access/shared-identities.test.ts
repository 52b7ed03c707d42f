/** Identities that regions share: in which order changes arrive makes no difference, and what was deleted or deactivated stays so. */
import { array, assert, constant, constantFrom, integer, nat, oneof, property, record, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compileIdentities,
  type IdentityDefinitions,
  noDefinitions,
} from '../../../src/core/access/identities/identities.ts'
import { editShared, sharedDefinitions, withShared } from '../../../src/core/access/identities/shared-definitions.ts'
import {
  isGone,
  mergeShared,
  nextStamp,
  noSharedThings,
  partDigests,
  sharedPart,
  type SharedState,
  sharedThingOf,
} from '../../../src/core/access/identities/shared-state.ts'

type Edit = (definitions: IdentityDefinitions) => IdentityDefinitions

const policy = (action: string) => ({ Statement: [{ Effect: 'Allow', Action: action, Resource: '*' }] })

let ids = 0
const newId = (): string => {
  // The first digit says in which part of a state a thing lies.
  const id = (ids++).toString(16).padStart(23, '0')
  return `${id.at(-1)}${id}`
}

/** A region with a clock of its own. */
class Side {
  state: SharedState = noSharedThings
  nowMs: number
  readonly #letter: number

  constructor(nowMs: number, letter = 1) {
    this.nowMs = nowMs
    this.#letter = letter
  }

  get definitions(): IdentityDefinitions {
    return sharedDefinitions(this.state)
  }

  edit(change: Edit): void {
    const before = this.definitions
    const stamp = nextStamp(this.state, this.nowMs, Buffer.alloc(4, this.#letter))
    this.state = editShared(before, change(before), { state: this.state, stamp, newId })
  }

  hear(other: Side): void {
    this.state = mergeShared(this.state, other.state)
  }
}

const user =
  (name: string, change: (user: IdentityDefinitions['users'][number]) => object | undefined): Edit =>
  (definitions) => ({
    ...definitions,
    users: definitions.users.flatMap((each) => {
      const changed = each.name === name ? change(each) : each
      return changed === undefined ? [] : [changed as typeof each]
    }),
  })
const makeUser =
  (name: string): Edit =>
  (definitions) => ({
    ...definitions,
    users: [
      ...definitions.users,
      { name, accessKeys: [{ accessKeyId: `AK${name}${ids}`, secretAccessKey: 'secret' }] },
    ],
  })
const status = (of: 'Active' | 'Inactive') =>
  user('ann', (each) => ({ ...each, accessKeys: each.accessKeys?.map((key) => ({ ...key, status: of })) }))
const put = (name: string, document: unknown) =>
  user('ann', (each) => ({ ...each, policies: { ...each.policies, [name]: document } }))
const isInactive = ({ definitions }: Side) => definitions.users[0]?.accessKeys?.[0]?.status === 'Inactive'

/** Two regions that know the same of ann; the clock of the second is a day behind. */
function apart(): readonly [Side, Side] {
  const [one, other] = [new Side(86_400_000 * 2), new Side(86_400_000, 2)]
  one.edit(makeUser('ann'))
  other.hear(one)
  return [one, other]
}

function together(one: Side, other: Side): void {
  one.hear(other)
  other.hear(one)
  expect(partDigests(one.state)).toEqual(partDigests(other.state))
}

describe('deletion and deactivation win over a concurrent change, whatever the clocks say', () => {
  it('a user that was deleted with the earlier clock stays deleted', () => {
    const [one, other] = apart()
    other.edit(user('ann', () => undefined))
    one.edit(put('late', policy('dynamodb:*')))
    one.edit(user('ann', (each) => ({ ...each, path: '/moved/' })))
    together(one, other)
    expect(one.definitions.users).toEqual([])
  })

  it('what is added to a user that was deleted is not there for another of the name', () => {
    const [one, other] = apart()
    other.edit(user('ann', () => undefined))
    other.edit(makeUser('ann'))
    one.edit(put('late', policy('dynamodb:*')))
    together(one, other)
    expect(one.definitions.users.map(({ policies }) => policies)).toEqual([undefined])
    expect(one.definitions.users[0]?.accessKeys).toHaveLength(1)
  })

  it('a key stays inactive when another region turns it off and on meanwhile', () => {
    const [one, other] = apart()
    other.edit(status('Inactive'))
    for (const next of ['Inactive', 'Active', 'Inactive', 'Active'] as const) one.edit(status(next))
    expect([isInactive(one), isInactive(other)]).toEqual([false, true])
    together(one, other)
    expect([isInactive(one), isInactive(other)]).toEqual([true, true])
    one.edit(status('Active'))
    together(one, other)
    expect(isInactive(other)).toBe(false)
  })

  it('an attached policy that was deleted takes its later attachments with it, and a boundary that is gone allows nothing', () => {
    const [one, other] = apart()
    one.edit((all) => ({ ...all, policies: [{ name: 'p', document: policy('dynamodb:GetItem') }] }))
    other.hear(one)
    other.edit((all) => ({ ...all, policies: [] }))
    one.edit(user('ann', (each) => ({ ...each, managedPolicies: ['p'], boundary: 'p' })))
    together(one, other)
    const all = withShared('000000000000', noDefinitions, one.definitions)
    const { identity, boundary } = compileIdentities('000000000000', all, false).users.get('ann')?.policies ?? {}
    expect([identity, boundary?.policy.statements[0]?.effect]).toEqual([[], 'Deny'])
  })
})

it('of two users that are made under one name the earlier one counts, and deleting it deletes both', () => {
  const [one, other] = [new Side(1000), new Side(2000, 2)]
  one.edit(makeUser('ann'))
  other.edit(makeUser('ann'))
  const first = one.definitions.users
  together(one, other)
  expect(other.definitions.users).toEqual(first)
  other.edit(user('ann', () => undefined))
  together(one, other)
  expect(one.definitions.users).toEqual([])
})

it('a file has precedence over what is shared, by name and by key', () => {
  const side = new Side(1000)
  side.edit(makeUser('ann'))
  side.edit((all) => ({
    ...all,
    users: [...all.users, { name: 'bob', accessKeys: [{ accessKeyId: 'AKF', secretAccessKey: 's' }] }],
  }))
  const own = {
    ...noDefinitions,
    users: [{ name: 'ann', accessKeys: [{ accessKeyId: 'AKF', secretAccessKey: 'of the file' }] }],
  }
  const { users, userOfKey } = compileIdentities(
    '000000000000',
    withShared('000000000000', own, side.definitions),
    false,
  )
  expect([users.get('ann')?.definition.accessKeys, userOfKey.get('AKF')?.name]).toEqual([
    own.users[0]?.accessKeys,
    'ann',
  ])
})

const names = ['ann', 'bob'] as const
const anyEdit = oneof(
  constantFrom(...names).map(
    (name): Edit =>
      (all) =>
        all.users.some((each) => each.name === name) ? all : makeUser(name)(all),
  ),
  constantFrom(...names).map((name) => user(name, () => undefined)),
  constantFrom('Active', 'Inactive').map((of) => status(of)),
  tuple(constantFrom('p', 'q'), constantFrom('dynamodb:GetItem', 'dynamodb:*')).map(([name, action]) =>
    put(name, policy(action)),
  ),
  constant(user('ann', (each) => ({ ...each, policies: undefined }))),
)
/** An edit in one of three regions, or one of them hears another. */
const step = oneof(
  record({ at: nat(2), edit: anyEdit, skipMs: integer({ min: -5000, max: 5000 }) }),
  record({ at: nat(2), from: nat(2) }),
)

it('in any order of arrival all regions come to the same, and what one has deleted never comes back', () => {
  assert(
    property(array(step, { maxLength: 30 }), array(nat(2), { maxLength: 12 }), (steps, order) => {
      const sides = [new Side(10_000), new Side(20_000, 2), new Side(5000, 3)] as const
      const gone = new Set<string>()
      const noted = () => sides.forEach(({ state }) => state.forEach((thing, id) => isGone(thing) && gone.add(id)))
      for (const each of steps) {
        const side = sides[each.at] as Side
        if ('from' in each) side.hear(sides[each.from] as Side)
        else {
          side.nowMs += each.skipMs
          side.edit(each.edit)
        }
        noted()
      }
      for (const [n, from] of order.entries()) (sides[n % 3] as Side).hear(sides[from] as Side)
      for (const [one, other] of [
        [0, 1],
        [0, 2],
        [0, 1],
        [2, 0],
        [1, 0],
      ] as const)
        sides[one].hear(sides[other])
      const [first, second, third] = sides.map(({ state }) => partDigests(state))
      expect([second, third]).toEqual([first, first])
      for (const { state } of sides)
        for (const [id, thing] of state) {
          expect(isGone(thing) || !gone.has(id)).toBe(true)
          expect(thing.of.some((owner) => gone.has(owner))).toBe(false)
        }
    }),
    { numRuns: 300 },
  )
})

describe('what is sent', () => {
  it('is only the parts that differ, piece by piece, and arrives whole', () => {
    const [one, other] = apart()
    for (let n = 0; n < 40; n++) one.edit(put(`p${n}`, policy('dynamodb:GetItem')))
    const theirs = partDigests(other.state)
    const pieces = []
    for (let after: string | undefined; ;) {
      const piece = sharedPart(one.state, theirs, { after, bytesMax: 1000 })
      pieces.push(piece)
      if (piece.after === undefined) break
      after = piece.after
    }
    expect(pieces.length).toBeGreaterThan(3)
    const read = pieces.flatMap(({ things }) => JSON.parse(JSON.stringify(things)) as unknown[])
    const things = read.map((each) => sharedThingOf(each, one.nowMs))
    other.state = mergeShared(other.state, things as never)
    expect(other.definitions).toEqual(one.definitions)
    expect(sharedPart(one.state, partDigests(other.state), { bytesMax: 1000 })).toEqual({ things: [] })
  })

  it('is taken only in form; a change from ahead of the clock waits, a deletion does not', () => {
    const id = 'a'.repeat(24)
    const made = `${'1'.padStart(15, '0')}.00000000`
    const thing = { name: 'user/ann', of: [], made, changed: made, value: {} }
    const given: readonly (readonly [unknown, boolean])[] = [
      [[id, thing], true],
      [[id, { of: [], gone: true }], true],
      [[id, { ...thing, changed: `${'9'.repeat(15)}.00000000` }], false],
      [['short', thing], false],
      [[id, { ...thing, name: 'user/an n' }], false],
      [[id, { ...thing, name: 'other/ann' }], false],
      [[id, { ...thing, value: { isRoot: true } }], false],
      [[id, { ...thing, of: [id], name: 'policies/p', value: { Statement: 1 } }], false],
      [[id, { ...thing, of: [id], name: 'policies/p', value: policy('*') }], true],
      [[id, { ...thing, of: [id], name: 'keys/AK', value: { secretAccessKey: 5 } }], false],
      [[id, { ...thing, of: [id, id, id], gone: true }], false],
      ['text', false],
    ]
    for (const [each, isTaken] of given)
      expect([JSON.stringify(each), sharedThingOf(each, 0) !== undefined]).toEqual([JSON.stringify(each), isTaken])
  })
})
