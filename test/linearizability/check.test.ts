import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { check, checkKey } from './check.ts'
import { drawingOf } from './drawing.ts'
import type { Action, Operation, Outcome, Value } from './history.ts'
import { after } from './model.ts'
import { offenceIn } from './offence.ts'

type Told = { readonly outcome?: Outcome; readonly value?: Value; readonly process?: string }

let numbered = 0

/** An operation between two times; without the second it is unknown. */
function during(invoked: number, returned: number | null, action: Action, told: Told = {}): Operation {
  const outcome = told.outcome ?? (returned === null ? 'unknown' : 'ok')
  return { process: `p${numbered++}`, key: 'k', ...action, invoked, returned, outcome, ...told }
}

const write = (to: Value): Action => ({ op: 'write', to })
const cas = (from: Value, to: Value): Action => ({ op: 'cas', from, to })
const add = (by: number, below?: number): Action => ({ op: 'add', by, below })
const reads = (invoked: number, returned: number, value: Value): Operation =>
  during(invoked, returned, { op: 'read' }, { value })

const verdictOf = (operations: readonly Operation[]): string => check({ initial: null, operations }).verdict

describe('is linearizable:', () => {
  test.each<readonly [string, readonly Operation[]]>([
    ['nothing', []],
    ['a read of nothing before any write', [reads(1, 2, null), during(3, 4, write('a')), reads(5, 6, 'a')]],
    ['a read beside a write, before it', [during(1, 9, write('a')), reads(2, 3, null), reads(10, 11, 'a')]],
    ['a read beside a write, after it', [during(1, 9, write('a')), reads(2, 3, 'a'), reads(4, 5, 'a')]],
    [
      'writes beside each other, read in either order',
      [during(1, 9, write('a')), during(1, 9, write('b')), reads(2, 3, 'b'), reads(4, 5, 'a'), reads(10, 11, 'a')],
    ],
    [
      'a write that never answered, read much later',
      [during(1, null, write('a')), reads(2, 3, null), during(4, 5, write('b')), reads(6, 7, 'b'), reads(8, 9, 'a')],
    ],
    ['a write that never answered, and never happened', [during(1, null, write('a')), reads(2, 3, null)]],
    [
      'one of two conditional writes that raced',
      [during(1, 5, cas(null, 'a')), during(1, 5, cas(null, 'b'), { outcome: 'fail' }), reads(6, 7, 'a')],
    ],
    [
      'a condition that failed because of an unknown write',
      [during(1, null, write('a')), during(2, 3, cas(null, 'b'), { outcome: 'fail' }), reads(4, 5, 'a')],
    ],
    [
      'a counter with its results in an order',
      [during(1, 9, add(1), { value: 2 }), during(1, 9, add(1), { value: 1 }), reads(10, 11, 2)],
    ],
    [
      'a counter that stops at its bound',
      [
        during(1, 9, add(1, 2)),
        during(1, 9, add(1, 2)),
        during(1, 9, add(1, 2), { outcome: 'fail', value: 2 }),
        reads(10, 11, 2),
      ],
    ],
    ['adds of which some happened', [...Array.from({ length: 30 }, () => during(1, null, add(1))), reads(2, 3, 17)]],
    ['a write refused that no read tells', [during(1, 2, write('a'), { outcome: 'refused' }), reads(3, 4, null)]],
    ['an eventual read of what was', [during(1, 2, write('a')), { ...reads(3, 4, null), consistency: 'eventual' }]],
    ['times that are equal, as concurrent', [during(1, 2, write('a')), reads(2, 3, null)]],
    ['a write that returns what was there', [during(1, 2, write('a')), during(3, 4, write('b'), { value: 'a' })]],
  ])('%s', (_, operations) => {
    expect(verdictOf(operations)).toBe('linearizable')
  })
})

describe('is not linearizable:', () => {
  test.each<readonly [string, readonly Operation[]]>([
    ['a stale read', [during(1, 2, write('a')), during(3, 4, write('b')), reads(5, 6, 'a')]],
    ['a lost write', [during(1, 2, write('a')), reads(3, 4, null)]],
    ['a value that nothing wrote', [reads(1, 2, 'a')]],
    ['reads that go back', [during(1, 9, write('a')), reads(2, 3, 'a'), reads(4, 5, null)]],
    [
      'two readers that see two writes in two orders, one after the other',
      [during(1, 9, write('a')), during(1, 9, write('b')), reads(2, 3, 'a'), reads(4, 5, 'b'), reads(6, 7, 'a')],
    ],
    ['two conditional writes that both won', [during(1, 5, cas(null, 'a')), during(1, 5, cas(null, 'b'))]],
    ['a condition that failed and held', [during(1, 2, cas(null, 'a'), { outcome: 'fail' })]],
    [
      'a condition decided on an old value',
      [during(1, 2, write('a')), during(3, 4, write('b')), during(5, 6, cas('a', 'c'))],
    ],
    ['an add that counted twice', [during(1, 2, add(1)), reads(3, 4, 2)]],
    ['a counter past its bound', [during(1, 9, add(1, 1)), during(1, 9, add(1, 1))]],
    ['two adds with one result', [during(1, 9, add(1), { value: 1 }), during(1, 9, add(1), { value: 1 })]],
    ['an unknown add that counted twice', [during(1, null, add(1)), reads(2, 3, 1), reads(4, 5, 2)]],
    ['a write that was refused and is read', [during(1, 2, write('a'), { outcome: 'refused' }), reads(3, 4, 'a')]],
    ['an unknown write read before it was asked for', [reads(1, 2, 'a'), during(3, null, write('a'))]],
    [
      'a write that happened twice',
      [during(1, 2, write('a')), during(3, 4, write('b')), reads(5, 6, 'b'), reads(7, 8, 'a')],
    ],
    ['a write that returns what was not there', [during(1, 2, write('a')), during(3, 4, write('b'), { value: null })]],
  ])('%s', (_, operations) => {
    expect(verdictOf(operations)).toBe('not linearizable')
  })
})

test('keys do not explain each other', () => {
  const operations = [during(1, 2, write('a')), { ...reads(3, 4, 'a'), key: 'other' }]
  expect(check({ initial: null, operations })).toMatchObject({ verdict: 'not linearizable', key: 'other' })
})

test('a check that would take too long says so', () => {
  const writes = Array.from({ length: 9 }, (_, n) => during(1, 9, write(`v${n}`)))
  expect(checkKey(null, [...writes, reads(10, 11, 'never')], 2000).verdict).toBe('undecided')
  expect(checkKey(null, [...writes, reads(10, 11, 'v3')]).verdict).toBe('linearizable')
})

test('a long history with many unknown writes takes few steps', () => {
  const operations = Array.from({ length: 1000 }, (_, n) => [
    n % 10 === 0 ? during(10 * n, null, write(`v${n}`)) : during(10 * n, 10 * n + 4, write(`v${n}`)),
    reads(10 * n + 5, 10 * n + 6, `v${n}`),
  ]).flat()
  const { verdict, steps } = checkKey(null, operations)
  expect(verdict).toBe('linearizable')
  expect(steps).toBeLessThan(400_000)
})

const drawnValue = fc.constantFrom<Value>('a', 'b', null)
const drawnCount = fc.constantFrom<Value>(null, 0, 1, 2)
const registers = fc.oneof(
  fc.record({ op: fc.constant('read' as const) }),
  fc.record({ op: fc.constant('write' as const), to: drawnValue }),
  fc.record({ op: fc.constant('cas' as const), from: drawnValue, to: drawnValue }),
)
const counters = fc.oneof(
  fc.record({ op: fc.constant('read' as const) }),
  fc.record({ op: fc.constant('add' as const), by: fc.constant(1), below: fc.constantFrom(undefined, 1, 2) }),
)
const historyOf = (action: fc.Arbitrary<Action>, told: fc.Arbitrary<Value>): fc.Arbitrary<readonly Operation[]> =>
  fc.array(
    fc
      .record({
        action,
        told: fc.option(told, { nil: undefined }),
        invoked: fc.integer({ min: 0, max: 9 }),
        lasts: fc.integer({ min: 0, max: 6 }),
        outcome: fc.constantFrom<Outcome>('ok', 'ok', 'ok', 'fail', 'unknown'),
      })
      .map(({ action: asked, told: answer, invoked, lasts, outcome: drawn }): Operation => {
        const canFail = asked.op === 'cas' || (asked.op === 'add' && asked.below !== undefined)
        const outcome = drawn === 'fail' && !canFail ? 'ok' : drawn
        if (outcome === 'unknown') return during(invoked, null, asked)
        const value = answer ?? (asked.op === 'read' ? null : undefined)
        return during(invoked, invoked + lasts, asked, { outcome, ...(value === undefined ? {} : { value }) })
      }),
    { maxLength: 6 },
  )

/** Every order of every subset that leaves out only what is unknown. */
function isExplained(state: Value, left: readonly Operation[]): boolean {
  if (left.every(({ outcome }) => outcome === 'unknown')) return true
  return left.some((each) => {
    const endsBefore = left.some(({ returned }) => returned !== null && returned < each.invoked)
    if (endsBefore || (each.op === 'read' && each.outcome === 'unknown')) return false
    const next = after(state, each)
    return (
      next !== undefined &&
      isExplained(
        next.state,
        left.filter((other) => other !== each),
      )
    )
  })
}

describe('the checker says what trying every order says', () => {
  test.each([
    ['registers', historyOf(registers, drawnValue)],
    ['counters', historyOf(counters, drawnCount)],
  ] as const)('of %s', (_, histories) => {
    const said = { linearizable: 0, not: 0 }
    fc.assert(
      fc.property(histories, (operations) => {
        const expected = isExplained(null, operations)
        if (expected) said.linearizable++
        else said.not++
        expect(verdictOf(operations)).toBe(expected ? 'linearizable' : 'not linearizable')
      }),
      { numRuns: 1500 },
    )
    expect(Math.min(said.linearizable, said.not)).toBeGreaterThan(100)
  })

  test('and its smallest part is not linearizable either', () => {
    fc.assert(
      fc.property(historyOf(registers, drawnValue), (operations) => {
        const result = check({ initial: null, operations })
        if (result.verdict !== 'not linearizable') return
        const { operations: part } = offenceIn(null, result.refuted)
        expect(part.length).toBeGreaterThan(0)
        expect(part.length).toBeLessThanOrEqual(operations.length)
      }),
      { numRuns: 500 },
    )
  })
})

test('of a long history only what contradicts itself is told, and drawn', () => {
  const before = Array.from({ length: 40 }, (_, n) => [
    during(4 * n, 4 * n + 1, write(`v${n}`), { process: 'us-east-1/1' }),
    { ...reads(4 * n + 2, 4 * n + 3, `v${n}`), process: 'eu-west-1/1' },
  ]).flat()
  const stale = { ...reads(1000, 1001, 'v38'), process: 'ap-northeast-1/1' }
  const result = check({ initial: null, operations: [...before, stale] })
  if (result.verdict !== 'not linearizable') throw new Error('it is not')
  expect(result.refuted.operation).toBe(stale)
  const offence = offenceIn(null, result.refuted)
  expect(`\n${drawingOf('orders/1', offence)}\n`).toBe(`
key orders/1
us-east-1/1  write "v38"        ├─────┤
us-east-1/1  write "v39"                    ├─────┤
ap-northeast-1/1  read → "v38"                          ├─────┤
No moments of the 38 other writes of this key make these true.
`)
})
