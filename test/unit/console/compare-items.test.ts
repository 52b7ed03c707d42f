import { describe, expect, test } from 'vitest'
import type { Item } from '../../../src/console/model/edited-values.ts'
import { attributeRows, isEqual, latestOf, updateOf, verdictOf } from '../../../src/console/model/compare-items.ts'
import { lostWrite, reasonOf } from '../../../src/console/model/conflict-reason.ts'
import type { ReplicaRow } from '../../../src/console/model/console-state.ts'

const row = (item: Item, wallMs: number): ReplicaRow => ({
  has: 'an item',
  item,
  written: { wallMs, counter: 0, region: 1, by: 'us' },
})
const nothing: ReplicaRow = { has: 'nothing' }

describe('an item in several regions', () => {
  test('differs in the attributes that differ, and only there', () => {
    const rows = attributeRows([{ id: { S: 'a' }, n: { N: '1' } }, { id: { S: 'a' }, n: { N: '2' } }, undefined])
    expect(rows).toEqual([
      { name: 'id', values: [{ S: 'a' }, { S: 'a' }, undefined], differs: false },
      { name: 'n', values: [{ N: '1' }, { N: '2' }, undefined], differs: true },
    ])
  })

  test('is the same whatever the order of its sets and attributes', () => {
    expect(isEqual({ a: { SS: ['x', 'y'] }, b: { N: '1' } }, { b: { N: '1' }, a: { SS: ['y', 'x'] } })).toBe(true)
    expect(isEqual({ a: { L: [{ S: 'x' }, { S: 'y' }] } }, { a: { L: [{ S: 'y' }, { S: 'x' }] } })).toBe(false)
  })

  test('is unknown only while a region does not answer and the others agree', () => {
    const item = { id: { S: 'a' } }
    expect(verdictOf([row(item, 1), row(item, 1)])).toBe('same')
    expect(verdictOf([row(item, 1), undefined])).toBe('unknown')
    expect(verdictOf([row(item, 1), nothing])).toBe('differs')
    expect(verdictOf([row(item, 1), row({ id: { S: 'b' } }, 2), undefined])).toBe('differs')
    expect(latestOf([row(item, 1), nothing, row(item, 5)])?.written?.wallMs).toBe(5)
  })
})

describe('an edit', () => {
  test('writes what was changed, if it is still as it was shown', () => {
    const before: Item = { id: { S: 'a' }, kept: { N: '1' }, changed: { N: '2' }, gone: { S: 'x' } }
    const after: Item = { id: { S: 'a' }, kept: { N: '1' }, changed: { N: '3' }, fresh: { BOOL: true } }
    expect(updateOf(before, after, ['id'])).toEqual({
      Key: { id: { S: 'a' } },
      UpdateExpression: 'SET #a0 = :new0, #a2 = :new2 REMOVE #a1',
      ConditionExpression: 'attribute_exists(#key) AND #a0 = :old0 AND #a1 = :old1 AND attribute_not_exists(#a2)',
      ExpressionAttributeNames: { '#key': 'id', '#a0': 'changed', '#a1': 'gone', '#a2': 'fresh' },
      ExpressionAttributeValues: {
        ':old0': { N: '2' },
        ':new0': { N: '3' },
        ':old1': { S: 'x' },
        ':new2': { BOOL: true },
      },
    })
  })

  test('of nothing is no write', () => {
    expect(
      updateOf({ id: { S: 'a' }, s: { SS: ['x', 'y'] } }, { id: { S: 'a' }, s: { SS: ['y', 'x'] } }, ['id']),
    ).toBeUndefined()
  })
})

describe('a conflict', () => {
  const image = (region: string, wallMs: number, counter: number, number: number) => ({
    region,
    kind: 'update',
    stamp: { wallMs, counter, region: number },
  })

  test('is won by the later time, then the higher counter, then the higher number of the region', () => {
    expect(reasonOf(image('us', 5, 0, 1), image('eu', 3, 9, 2))).toContain('stamped 2 ms later')
    expect(reasonOf(image('us', 5, 1, 1), image('eu', 5, 0, 2))).toContain('the counter of us is higher: 1, against 0')
    expect(reasonOf(image('eu', 5, 0, 2), image('us', 5, 0, 1))).toContain('the number of eu is higher: 2, against 1')
  })

  test('is the same in whichever region the two have met', () => {
    const conflict = { table: 'T', key: { id: { S: 'a' } }, lost: image('us', 5, 0, 1) }
    expect(lostWrite({ ...conflict })).toBe(lostWrite(conflict))
    expect(lostWrite({ ...conflict, table: 'U' })).not.toBe(lostWrite(conflict))
  })
})
