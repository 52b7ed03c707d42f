/** Where a region stands in the new log of a peer whose store was put back to an older copy. */
import { expect, it } from 'vitest'
import { epochsRememberedMax } from '../../../../../src/core/limits/limits.ts'
import { placeBehind, placeFromFormer, withNewLog } from '../../../../../src/readers/replication/copy/former-logs.ts'

const second = (shared: number) => ({ epoch: 'second', shared: [{ epoch: 'first', position: shared }] })

it('a region that was behind in the former log is as far behind in the new one', () => {
  expect(placeFromFormer(withNewLog(undefined, { epoch: 'first', position: 46 }, second(49)))).toBe(46)
})

it('a region that had come beyond where the two part begins there', () => {
  expect(placeFromFormer(withNewLog(undefined, { epoch: 'first', position: 54 }, second(49)))).toBe(49)
})

it('of a log of which the peer says nothing, nothing is known', () => {
  const other = { epoch: 'second', shared: [{ epoch: 'another', position: 49 }] }
  expect(placeFromFormer(withNewLog(undefined, { epoch: 'first', position: 46 }, other))).toBeUndefined()
})

it('the same copy is put back again, and knows nothing of the second log: the place in the first one counts', () => {
  const before = withNewLog(undefined, { epoch: 'first', position: 46 }, second(49))
  const third = { epoch: 'third', shared: [{ epoch: 'first', position: 49 }] }
  expect(placeFromFormer(withNewLog(before, { epoch: 'second', position: 46 }, third))).toBe(46)
  expect(placeFromFormer(withNewLog(before, { epoch: 'second', position: 48 }, third))).toBe(48)
  expect(placeFromFormer(withNewLog(before, { epoch: 'second', position: 60 }, third))).toBe(49)
})

it('what was had of the first log beyond where the second parted is not asked for again', () => {
  const before = withNewLog(undefined, { epoch: 'first', position: 54 }, second(49))
  const third = { epoch: 'third', shared: [{ epoch: 'first', position: 60 }] }
  expect(placeFromFormer(withNewLog(before, { epoch: 'second', position: 52 }, third))).toBe(54)
})

it('what a step that did not end has noted already is not counted twice', () => {
  const cursor = { epoch: 'second', position: 60 }
  const before = withNewLog(undefined, { epoch: 'first', position: 46 }, second(49))
  const third = { epoch: 'third', shared: [{ epoch: 'first', position: 55 }] }
  const once = withNewLog(before, cursor, third)
  expect(withNewLog(once, cursor, third)).toEqual(once)
  expect(placeFromFormer(once)).toBe(49)
})

it('no more logs are noted than a store remembers', () => {
  let logs = withNewLog(undefined, { epoch: 'log 0', position: 1 }, { epoch: 'log 1', shared: [] })
  for (let n = 1; n < 2 * epochsRememberedMax; n++)
    logs = withNewLog(logs, { epoch: `log ${n}`, position: n }, { epoch: `log ${n + 1}`, shared: [] })
  expect(logs.logs).toHaveLength(epochsRememberedMax)
})

it('a table behind the cursor has no more of the logs before than its own place says', () => {
  const before = withNewLog(undefined, { epoch: 'first', position: 46 }, second(49))
  const third = { epoch: 'third', shared: [{ epoch: 'first', position: 49 }] }
  expect(placeBehind(undefined, { epoch: 'first', position: 12 }, second(49))).toBe(12)
  expect(placeBehind(before, { epoch: 'second', position: 12 }, third)).toBe(12)
  expect(placeBehind(before, { epoch: 'second', position: 60 }, third)).toBe(49)
  expect(placeBehind(before, { epoch: 'another', position: 12 }, third)).toBeUndefined()
})
