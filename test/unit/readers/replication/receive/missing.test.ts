import { expect, it } from 'vitest'
import type { Announcement } from '../../../../../src/core/change/control.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import type { Clock } from '../../../../../src/ports/clock.ts'
import { Missing, type NotedMissing } from '../../../../../src/readers/replication/receive/missing.ts'
import { change } from '../change.ts'

const said = { say: 'here', region: 'us', number: 1, epoch: 'e', flushed: 20, sent: 20, published: 20 } as const
const announcement = (changes: number, more: Partial<Announcement> = {}): Announcement => ({
  ...said,
  wallMs: 1,
  clock: { wallMs: 1, counter: 0 },
  seen: [],
  lacking: [
    { region: 'eu', after: 10, upTo: 20, changes, oldestMs: 5000 },
    { region: 'ap', after: 15, upTo: 20, changes: 2, oldestMs: 5500 },
  ],
  ...more,
})

const changeAt = (position: number) => {
  const stamp = { wallMs: 5000 + position, counter: 0, region: 1 }
  const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 0, body: Buffer.from('{}') })
  return { ...change(position), row }
}

function scene(position = 10, noted?: NotedMissing) {
  const state = { nowMs: 100_000, position, epoch: 'e', whole: Infinity, isPaused: () => false, shares: () => true }
  const clock = { wallMs: () => state.nowMs, monotonicMs: () => state.nowMs } as Clock
  const cursor = () => ({ epoch: state.epoch, position: state.position, whole: Math.min(state.whole, state.position) })
  const deps = { clock, region: 'eu', cursor, isPaused: () => state.isPaused(), shares: () => state.shares() }
  const missing = new Missing(deps, noted)
  const apply = (...positions: number[]) => {
    state.position = Math.max(...positions)
    missing.applied({ epoch: 'e', changes: positions.map(changeAt), upTo: state.position }, state.position, {
      conflicts: 1,
      setAside: [],
    })
  }
  return { state, missing, apply }
}

it('what a peer had announced and did not send is counted, less what has arrived since', () => {
  const { missing, apply } = scene()
  expect(missing.status).toBeUndefined()
  missing.heard(announcement(6))
  expect(missing.status).toMatchObject({ changes: 6, sinceMs: 5000, asOfMs: 100_000, exact: true })
  expect(missing.status?.others).toEqual([{ region: 'ap', changes: 2, sinceMs: 5500 }])
  apply(11, 13)
  apply(13, 14)
  expect(missing.status).toMatchObject({ changes: 3, sinceMs: 5014 })
  apply(20)
  expect(missing.status).toMatchObject({ changes: 0 })
  expect(missing.status?.sinceMs).toBeUndefined()
})

it('what arrived of a table that is no longer replicated here is no part of what the peer counts', () => {
  const { missing, apply, state } = scene()
  apply(11, 12)
  state.shares = () => false
  missing.heard(announcement(2))
  expect(missing.status).toMatchObject({ changes: 2 })
  state.shares = () => true
  expect(missing.status).toMatchObject({ changes: 0 })
})

it('what a region lacks is a rough figure while its peer may still count a table that it has left', () => {
  const { missing, apply, state } = scene()
  missing.heard(announcement(6))
  apply(11, 12)
  expect(missing.status).toMatchObject({ changes: 4, exact: true })
  state.shares = () => false
  expect(missing.status?.exact).toBe(false)
})

it('batches that become durable together are each counted', () => {
  const { missing, state } = scene()
  missing.heard(announcement(6))
  state.position = 16
  for (const positions of [[11, 12], [13], [14, 16]])
    missing.applied({ epoch: 'e', changes: positions.map(changeAt), upTo: positions.at(-1) ?? 0 }, 16)
  expect(missing.status).toMatchObject({ changes: 1, exact: true })
})

it('a survivor that restarts still says it, and says when it may be less', () => {
  const { missing, apply } = scene()
  missing.heard(announcement(6))
  apply(11, 13)
  const noted = JSON.parse(JSON.stringify(missing.noted())) as NotedMissing
  expect(scene(13, noted).missing.status).toMatchObject({ changes: 4, sinceMs: 5013, asOfMs: 100_000, exact: true })
  expect(scene(18, noted).missing.status).toMatchObject({ changes: 2, exact: false })
  expect(scene(20, noted).missing.status).toMatchObject({ changes: 0 })
})

it('after its return it is said what arrived, and what met a concurrent write', () => {
  const { missing, apply, state } = scene()
  missing.heard(announcement(6))
  state.nowMs += 10_000
  missing.look()
  apply(11, 12)
  expect(missing.status?.silence).toMatchObject({
    fromMs: 100_000,
    changes: 6,
    arrived: 2,
    conflicts: 1,
    outstanding: 4,
  })
  missing.heard(announcement(4))
  expect(missing.status?.silence).toMatchObject({ returnedMs: 110_000, sameLog: true, outstanding: 4 })
  state.position = 20
  expect(missing.status?.silence).toMatchObject({ arrived: 6, outstanding: 0 })
})

it('what was written after the last word and before the silence is counted when the peer is heard again', () => {
  const { missing, apply, state } = scene()
  missing.heard(announcement(2))
  state.nowMs += 10_000
  missing.look()
  // Two were known to be missing; two more come before the peer says anything.
  apply(12, 20)
  apply(21, 22)
  expect(missing.status?.silence).toMatchObject({ changes: 4, arrived: 4 })
  missing.heard(announcement(0, { lacking: [{ region: 'eu', after: 10, upTo: 30, changes: 9, oldestMs: 5000 }] }))
  expect(missing.status?.silence).toMatchObject({ changes: 9, arrived: 4, outstanding: 5 })
  state.position = 30
  expect(missing.status?.silence).toMatchObject({ changes: 9, arrived: 9, outstanding: 0 })
})

it('what did not arrive of a log that is gone stays outstanding', () => {
  const { missing, state } = scene()
  missing.heard(announcement(6))
  state.nowMs += 10_000
  missing.look()
  missing.heard(announcement(0, { epoch: 'other' }))
  Object.assign(state, { epoch: 'other', position: 30 })
  missing.transferred()
  expect(missing.status?.silence).toMatchObject({ sameLog: false, arrived: 0, outstanding: 6 })
})

it('it is not called exact when the peer counts from beyond this region’s place, or from within a batch of it', () => {
  const { missing, apply } = scene()
  const from = (after: number) => announcement(6, { lacking: [{ region: 'eu', after, upTo: 20, changes: 6 }] })
  missing.heard(from(12))
  expect(missing.status).toMatchObject({ changes: 6, exact: false })
  apply(11, 13)
  expect(missing.status).toMatchObject({ exact: false })
  missing.heard(from(13))
  expect(missing.status).toMatchObject({ changes: 6, exact: true })
  missing.heard(from(10))
  expect(missing.status).toMatchObject({ changes: 4, exact: true })
  missing.heard(announcement(6, { lacking: [{ region: 'eu', after: 10, upTo: 20, changes: 6, atMost: true }] }))
  expect(missing.status).toMatchObject({ changes: 4, exact: false })
  expect(missing.noted()?.said?.own?.atMost).toBe(true)
})

it('registers that have arrived are not subtracted, since the peer may not have counted them', () => {
  const { missing, state } = scene()
  missing.heard(announcement(6))
  state.position = 13
  const changes = [changeAt(11), { ...changeAt(12), kind: 'register' as const }, changeAt(13)]
  missing.applied({ epoch: 'e', changes, upTo: 13 }, 13)
  expect(missing.status).toMatchObject({ changes: 4, exact: false })
  missing.heard(announcement(3, { lacking: [{ region: 'eu', after: 13, upTo: 20, changes: 3 }] }))
  expect(missing.status).toMatchObject({ changes: 3, exact: true })
})

it('what is set aside has not arrived, and the figure is not exact: the peer may never have made it', () => {
  const { missing, state } = scene()
  missing.heard(announcement(6))
  state.position = 13
  const changes = [11, 12, 13].map(changeAt)
  missing.applied({ epoch: 'e', changes, upTo: 13 }, 13, { conflicts: 0, setAside: [12] })
  expect(missing.status).toMatchObject({ changes: 4, exact: false })
  missing.heard(announcement(4, { lacking: [{ region: 'eu', after: 13, upTo: 20, changes: 4 }] }))
  expect(missing.status).toMatchObject({ changes: 4, exact: true })
})

it('what came after a pause is counted as arrived; not exact while the peer may count it at a place that is confirmed', () => {
  const from = (after: number, changes: number, upTo = 20) =>
    announcement(0, { lacking: [{ region: 'eu', after, upTo, changes }] })
  const { missing, state } = scene()
  const paused = { is: true }
  const withPause = { epoch: 'e', upTo: 14 }
  missing.heard(from(10, 6))
  state.whole = 10
  state.isPaused = () => paused.is
  state.position = 14
  missing.applied({ ...withPause, changes: [11, 14].map(changeAt) }, 14)
  expect(missing.status).toMatchObject({ changes: 6 })
  paused.is = false
  state.whole = Infinity
  missing.caughtUp('e', [11, 14].map(changeAt))
  expect(missing.status).toMatchObject({ changes: 4, exact: true })
  // The peer heard that this region stands at 14, before or after the pause ended.
  missing.heard(from(14, 6))
  expect(missing.status).toMatchObject({ changes: 6, exact: false })
  expect(missing.noted()?.said?.own?.atMost).toBe(true)
  state.position = 15
  missing.applied({ epoch: 'e', upTo: 15, changes: [changeAt(15)] }, 15)
  missing.heard(from(15, 3))
  expect(missing.status).toMatchObject({ changes: 3, exact: true })
  missing.caughtUp('e', undefined)
  expect(missing.status).toMatchObject({ changes: 3, exact: false })
  state.position = 20
  expect(missing.status).toMatchObject({ changes: 0, exact: true })
  missing.heard(from(16, 3, 24))
  expect(missing.status).toMatchObject({ exact: false })
})

it('nothing is said of a peer that does not announce it', () => {
  const { missing } = scene()
  missing.heard({ ...announcement(1), lacking: [] })
  expect([missing.status, missing.noted()]).toEqual([undefined, undefined])
})
