import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fatesOf, recoveryPointOf } from '../../../src/drills/report/losses.ts'
import type { Operation } from '../../../src/drills/definition/drill-record.ts'
import { conflict, fault, operation } from './operations.ts'

const shared = (startMs: number, more: Partial<Operation> = {}): Operation =>
  operation(startMs, { key: 'shared', shared: true, ...more })

function everywhere(items: Readonly<Record<string, string>>) {
  return { a: items, b: items }
}

describe('an acknowledged write', () => {
  it('that is in every region is there', () => {
    const fates = fatesOf({
      operations: [operation(1)],
      conflicts: [],
      faults: [],
      finals: everywhere({ 'item-1': 'value-1' }),
    })
    expect(fates).toMatchObject({ acknowledged: 1, present: 1, losses: [] })
  })

  it('that one region lacks is lost, without an explanation', () => {
    const finals = { a: { 'item-1': 'value-1' }, b: {} }
    const { losses } = fatesOf({ operations: [operation(1)], conflicts: [], faults: [], finals })
    expect(losses).toMatchObject([{ reason: 'unexplained', explanation: 'missing in b' }])
  })

  it('that only a wiped disk had is lost with the disk', () => {
    const faults = [fault(50, 60, { kind: 'wipe' })]
    const { losses } = fatesOf({ operations: [operation(1)], conflicts: [], faults, finals: everywhere({}) })
    expect(losses).toMatchObject([{ reason: 'lost with a disk' }])
  })

  it('that a later write has replaced is not lost', () => {
    const operations = [shared(1), shared(20, { replaced: 'value-1' })]
    const fates = fatesOf({ operations, conflicts: [], faults: [], finals: everywhere({ shared: 'value-20' }) })
    expect(fates).toMatchObject({ present: 1, replaced: 1, losses: [] })
  })

  it('that a conflict feed tells as beaten is lost by last-writer-wins, with the winner', () => {
    const operations = [shared(1), shared(1, { value: 'theirs', served: 'b' })]
    const { losses } = fatesOf({
      operations,
      conflicts: [conflict('shared', 'value-1', 'theirs')],
      faults: [],
      finals: everywhere({ shared: 'theirs' }),
    })
    expect(losses).toMatchObject([{ value: 'value-1', reason: 'last writer wins', beatenBy: 'theirs' }])
  })

  it('of a shared item that is gone without a trace is unexplained', () => {
    const operations = [shared(1), shared(20)]
    const { losses } = fatesOf({ operations, conflicts: [], faults: [], finals: everywhere({ shared: 'value-20' }) })
    expect(losses).toMatchObject([{ value: 'value-1', reason: 'unexplained' }])
  })

  it('may have been replaced by a write without an answer, if that is known to have happened', () => {
    const unanswered = shared(20, { fate: 'unknown' })
    const of = (value: string) =>
      fatesOf({ operations: [shared(1), unanswered], conflicts: [], faults: [], finals: everywhere({ shared: value }) })
    expect(of('value-20')).toMatchObject({ replaced: 1, unknown: 1, losses: [] })
    expect(of('other').losses).toHaveLength(1)
  })

  it('may have been replaced by the first attempt of a write that was made twice', () => {
    const twice = shared(20, { attempts: 2 })
    const fates = fatesOf({
      operations: [shared(1), twice],
      conflicts: [],
      faults: [],
      finals: everywhere({ shared: 'value-20' }),
    })
    expect(fates).toMatchObject({ replaced: 1, losses: [] })
  })

  it('has exactly one fate, whatever happened', () => {
    const history = fc.array(fc.record({ value: fc.nat(20), replaced: fc.option(fc.nat(20)), known: fc.boolean() }))
    fc.assert(
      fc.property(history, fc.nat(20), fc.array(fc.nat(20)), (writes, last, beaten) => {
        const operations = writes.map(({ value, replaced, known }, index) =>
          shared(index, {
            value: String(value),
            fate: known ? 'acknowledged' : 'unknown',
            ...(replaced === null ? {} : { replaced: String(replaced) }),
          }),
        )
        const conflicts = beaten.map((value) => conflict('shared', String(value), 'winner'))
        const fates = fatesOf({ operations, conflicts, faults: [], finals: everywhere({ shared: String(last) }) })
        expect(fates.present + fates.replaced + fates.losses.length).toBe(fates.acknowledged)
      }),
    )
  })
})

describe('RPO', () => {
  const writes = [operation(100), operation(200), operation(300), operation(400)]

  it('counts what was acknowledged before the fault and nobody else has, and its age', () => {
    const holders = { b: ['item-100'], c: ['item-100', 'item-300'] }
    const found = recoveryPointOf({ region: 'a', faultMs: 350, atMs: 900, holders }, writes)
    expect(found).toMatchObject({
      acknowledged: 3,
      items: 1,
      keys: ['item-200'],
      ageMs: 350 - 210,
      lackedBy: { b: 2, c: 1 },
    })
  })

  it('is nothing when another region has everything', () => {
    const holders = { b: writes.map(({ key }) => key) }
    expect(recoveryPointOf({ region: 'a', faultMs: 999, atMs: 999, holders }, writes)).toMatchObject({
      items: 0,
      ageMs: 0,
    })
  })

  it('is everything when nobody else is left', () => {
    expect(recoveryPointOf({ region: 'a', faultMs: 999, atMs: 999, holders: {} }, writes).items).toBe(4)
  })

  it('leaves out what other regions have acknowledged, and what several overwrite', () => {
    const others = [operation(1, { served: 'b' }), operation(2, { shared: true }), operation(3, { fate: 'unknown' })]
    expect(recoveryPointOf({ region: 'a', faultMs: 999, atMs: 999, holders: {} }, others)).toMatchObject({
      acknowledged: 0,
      items: 0,
    })
  })
})
