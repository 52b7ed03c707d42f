/** Parts of a table that are asked for ahead come whole and in order, whatever becomes of their questions, and from a peer of an earlier version. */
import { expect, it } from 'vitest'
import { decodeRequest, encodeControl } from '../../../../../src/core/change/control.ts'
import { decodeRows, encodeRows } from '../../../../../src/core/change/rows.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import { rowSeriesMax } from '../../../../../src/core/limits/line-limits.ts'
import { inOneTurn } from '../../../../../src/core/turns.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { answer, type Answers } from '../../../../../src/readers/replication/answer/answers.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import { Questions } from '../../../../../src/readers/replication/talk/questions.ts'
import { RowParts } from '../../../../../src/readers/replication/talk/row-parts.ts'
import { RowSeries } from '../../../../../src/readers/replication/answer/row-series.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { topologyOf } from '../../../engine/region.ts'

const stamp = { wallMs: 1, counter: 0, region: 1 }
const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 0, body: Buffer.from('{}') })
const keys = Array.from({ length: 40 }, (_, n) => `k${String(n).padStart(2, '0')}`)
const refusal = encodeControl({ say: 'refused', reason: 'not now' })

/** A peer with 40 rows, two to a part; `series` undefined for one of an earlier version. `refuses` is asked of each question. */
function scene(series: RowSeries | undefined, refuses: (n: number) => boolean = () => false) {
  const rows = (_: string, after: Buffer | undefined) =>
    keys
      .filter((key) => after === undefined || Buffer.from(key).compare(after) > 0)
      .slice(0, 2)
      .map((key) => ({ key: Buffer.from(key), row }))
  const state = { series, asked: 0, underWay: 0, most: 0 }
  const answers = () =>
    ({
      engine: { rows, tableWithId: () => ({}) } as unknown as Engine,
      topology: topologyOf('us-east-1'),
      mayTell: () => true,
      isComplete: () => true,
      isFilling: () => false,
      ...(state.series === undefined ? {} : { series: state.series }),
    }) as unknown as Answers
  const request = async (payload: Buffer): Promise<Buffer> => {
    const n = state.asked++
    state.most = Math.max(state.most, ++state.underWay)
    const answered = refuses(n) ? refusal : inOneTurn(answer(answers(), payload, 'eu-west-1'))
    await new Promise((resolve) => setImmediate(resolve))
    state.underWay--
    return answered ?? Buffer.alloc(0)
  }
  const session = { request, pace: new Pace() } as unknown as Session
  const parts = new RowParts({ questions: new Questions(session, 'eu-west-1'), table: 't', after: undefined })
  return { parts, state, session }
}

async function all(parts: RowParts): Promise<readonly string[]> {
  const found: string[] = []
  for (;;) {
    const { rows, done } = await parts.next()
    found.push(...rows.map(({ key }) => String(key)))
    if (done) return found
  }
}

it('several are under way, each is asked for once, and together they are the table', async () => {
  const { parts, state } = scene(new RowSeries())
  expect(await all(parts)).toEqual(keys)
  expect(state.most).toBeGreaterThan(2)
  const partsWithRows = keys.length / 2
  expect(state.asked).toBeLessThanOrEqual(partsWithRows + state.most)
})

it('a region of the version before, which knows of no series, is asked one after the other', async () => {
  const { parts, state } = scene(undefined)
  expect(await all(parts)).toEqual(keys)
  expect(state.most).toBe(1)
  expect(state.asked).toBe(keys.length / 2 + 1)
})

it('a question that is refused, or a region that has restarted, costs what was asked for ahead and nothing of the table', async () => {
  const refused = scene(new RowSeries(), (n) => n === 5)
  expect(await all(refused.parts)).toEqual(keys)
  const restarted = scene(new RowSeries())
  for (let part = 0; part < 4; part++) await restarted.parts.next()
  restarted.state.series = new RowSeries()
  expect(await all(restarted.parts)).toEqual(keys.slice(8))
  const older = scene(new RowSeries())
  for (let part = 0; part < 4; part++) await older.parts.next()
  older.state.series = undefined
  expect(await all(older.parts)).toEqual(keys.slice(8))
})

it('what is refused when nothing is ahead of it is refused', async () => {
  const { parts } = scene(new RowSeries(), () => true)
  await expect(parts.next()).rejects.toThrow('refuses')
})

it('what is given up makes room for others once it has come', async () => {
  const { parts, session } = scene(new RowSeries())
  await parts.next()
  await parts.next()
  expect(parts.isAhead).toBe(true)
  const { ahead } = session.pace
  const release = ahead.take(0)
  parts.end()
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  release()
  expect(ahead.hasCapacity(session.pace.aheadBytes)).toBe(true)
})

it('a question of a series as the version before sends none is read with its name bounded', () => {
  const asked = { say: 'rows', region: 'eu', table: 't', series: 's1', part: 3, bytesMax: 4096 } as const
  expect(decodeRequest(encodeControl(asked))).toEqual(asked)
  expect(() => decodeRequest(encodeControl({ ...asked, series: 's'.repeat(65) }))).toThrow(RangeError)
  const part = { rows: [{ key: Buffer.from('k'), row }], done: false, after: Buffer.alloc(0) }
  expect(decodeRows(encodeRows(part))).toEqual(part)
})

it('a region remembers the latest series only', () => {
  const series = new RowSeries()
  const question = (n: number, part: number) => ({ region: 'eu', table: 't', series: `s${n}`, part })
  for (let n = 0; n <= rowSeriesMax; n++) series.answered(question(n, 0), Buffer.from('k'))
  expect(series.startOf(question(0, 1), undefined)).toBeUndefined()
  expect(series.startOf(question(1, 1), undefined)?.after?.toString()).toBe('k')
  expect(series.startOf(question(1, 2), undefined)).toBeUndefined()
})
