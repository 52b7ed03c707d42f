import { describe, expect, it } from 'vitest'
import { type Batch, type BatchChange, encodeBatch } from '../../../../../src/core/change/batch.ts'
import { encodeControl } from '../../../../../src/core/change/control.ts'
import { encodeRows } from '../../../../../src/core/change/rows.ts'
import { encodeRow } from '../../../../../src/core/item/row.ts'
import { groupChangesMax } from '../../../../../src/core/limits/line-limits.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import { pullBacklog } from '../../../../../src/readers/replication/receive/backlog.ts'
import { askForPart, type LogQuestion, oldestHeld } from '../../../../../src/readers/replication/talk/log-part.ts'
import { PausedPositions } from '../../../../../src/readers/replication/pause/paused-positions.ts'
import { Declined } from '../../../../../src/readers/replication/talk/questions.ts'
import { repairGap } from '../../../../../src/readers/replication/receive/gap-repair.ts'
import { change } from '../change.ts'
import { Pace } from '../../../../../src/readers/replication/talk/line-pace.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { systemClock } from '../../../../../src/adapters/system/clocks.ts'

const stamp = { wallMs: 1, counter: 0, region: 1 }
const row = encodeRow({ stamp, seen: [], tombstone: false, itemSizeBytes: 0, body: Buffer.from('{}') })

function batchOf(after: number, upTo: number, more: Partial<Batch> = {}): Buffer {
  const changes = Array.from({ length: upTo - after }, (_, n) => changeAt(after + 1 + n))
  return encodeBatch({ origin: 'us', originNumber: 1, epoch: 'e', after, upTo, changes, ...more })
}

function changeAt(position: number, more: Partial<BatchChange> = {}): BatchChange {
  return { ...change(position), row, ...more }
}

function answering(answer: Buffer): Session {
  return { request: async () => answer, pace: new Pace() } as unknown as Session
}

const peer = { name: 'us', number: 1 }

function questionFor(answer: Buffer, more: Partial<LogQuestion> = {}): LogQuestion {
  return { session: answering(answer), region: 'eu', peer, epoch: 'e', after: 10, upTo: 20, ...more }
}

/** No honest peer that is asked for (10, 20] of log e sends these. */
const dishonest: Readonly<Record<string, Buffer>> = {
  'a log of another region': batchOf(10, 20, { origin: 'ap' }),
  'a log of another region number': batchOf(10, 20, {
    originNumber: 2,
    changes: [
      changeAt(11, {
        row: encodeRow({
          stamp: { ...stamp, region: 2 },
          seen: [],
          tombstone: false,
          itemSizeBytes: 0,
          body: Buffer.from('{}'),
        }),
      }),
    ],
  }),
  'a log of another epoch': batchOf(10, 20, { epoch: 'f' }),
  'a part that begins later': batchOf(11, 20),
  'a part that begins earlier': batchOf(9, 20),
  'a part that does not go on': batchOf(10, 10),
  'a part far beyond what was asked': batchOf(10, 20, { upTo: 21 + groupChangesMax }),
  'items beyond what was asked': batchOf(10, 22),
  rows: encodeRows({ rows: [], done: true }),
  'an answer to another question': encodeControl({ say: 'tables', tables: [] }),
  'that it does not reach back, though it does': encodeControl({ say: 'gone', epoch: 'e', oldest: 11, flushed: 30 }),
  bytes: Buffer.from('nonsense'),
}

const refusal = encodeControl({ say: 'refused', reason: 'this region is stopping' })

describe('an answer to the question for a part of a log', () => {
  it('is the part that was asked for, or that the log does not reach back', async () => {
    expect(await askForPart(questionFor(batchOf(10, 15)))).toMatchObject({
      say: 'part',
      batch: { after: 10, upTo: 15 },
    })
    for (const gone of [
      { epoch: 'e', oldest: 12, flushed: 30 },
      { epoch: 'e', oldest: 1, flushed: 9 },
      { epoch: 'f', oldest: 1, flushed: 30 },
    ])
      expect(await askForPart(questionFor(encodeControl({ say: 'gone', ...gone })))).toMatchObject({
        say: 'gone',
        ...gone,
      })
  })

  it('may reach further only for registers that were defined together with one that was asked for', async () => {
    const registers = (group: number) =>
      batchOf(19, 22, { changes: [20, 21, 22].map((position) => changeAt(position, { kind: 'register', group })) })
    expect(await askForPart(questionFor(registers(20), { after: 19 }))).toMatchObject({ say: 'part' })
    await expect(
      askForPart(
        questionFor(batchOf(19, 22, { changes: [changeAt(21, { kind: 'register', group: 21 })] }), { after: 19 }),
      ),
    ).rejects.toThrow(RangeError)
    await expect(askForPart(questionFor(registers(20), { after: 19, flushed: 21 }))).rejects.toThrow(RangeError)
  })

  it.each(Object.entries(dishonest))('is an error of the peer when it is %s', async (_, answer) => {
    await expect(askForPart(questionFor(answer))).rejects.toThrow(RangeError)
  })

  it('is an error of the peer when it has changes of another table', async () => {
    await expect(askForPart(questionFor(batchOf(10, 20), { table: 'other' }))).rejects.toThrow(RangeError)
    expect(await askForPart(questionFor(batchOf(10, 20), { table: 't' }))).toMatchObject({ say: 'part' })
  })

  it('says nothing of the log when it is a refusal', async () => {
    await expect(askForPart(questionFor(refusal))).rejects.toThrow(Declined)
    await expect(oldestHeld({ session: answering(refusal), region: 'eu', peer, epoch: 'e' })).rejects.toThrow(Declined)
  })

  it('tells the first position that the log holds', async () => {
    const oldest = (answer: Buffer) => oldestHeld({ session: answering(answer), region: 'eu', peer, epoch: 'e' })
    expect(await oldest(batchOf(0, 0))).toBe(1)
    expect(await oldest(encodeControl({ say: 'gone', epoch: 'e', oldest: 7, flushed: 30 }))).toBe(7)
    await expect(oldest(encodeControl({ say: 'gone', epoch: 'f', oldest: 7, flushed: 30 }))).rejects.toThrow(
      'another log',
    )
  })
})

describe.each([['a refusal', refusal] as const, ...Object.entries(dishonest)])(
  '%s in the place of a part',
  (_, answer) => {
    it('leaves a gap as it was', async () => {
      const applied: Batch[] = []
      const engine = {
        region: { name: 'eu' },
        cursor: () => ({ epoch: 'e', position: 10, sequence: 0 }),
      } as unknown as Engine
      const apply = async (batch: Batch) => {
        applied.push(batch)
        return { applied: 'all', cursor: batch.upTo, won: 0, ignored: 0, conflicts: 0, setAside: [] } as const
      }
      const deps = {
        engine,
        clock: systemClock,
        session: answering(answer),
        peer,
        upTo: 20,
        apply,
        onApplied: () => undefined,
      }
      await expect(repairGap(deps)).rejects.toThrow()
      expect(applied).toEqual([])
    })

    it('leaves a backlog as it was', async () => {
      const parts: Batch[] = []
      const backlog = { ...questionFor(answer), clock: { monotonicMs: () => 0 } as never, goesOn: () => true }
      await expect(pullBacklog({ ...backlog, onPart: (part) => void parts.push(part) })).rejects.toThrow()
      expect(parts).toEqual([])
    })

    it('leaves a table that catches up after a pause as it was', async () => {
      const { parked, merged } = await waiting()
      expect(await parked.catchUp(answering(answer))).toBe(false)
      expect(merged).toEqual([])
      expect(parked.tables).toEqual(['t'])
      expect(parked.reach(20)).toBe(10)
    })
  },
)

it('a table that catches up after a pause has nothing of others in it', async () => {
  const { parked, merged } = await waiting()
  expect(await parked.catchUp(answering(batchOf(10, 20, { changes: [changeAt(12, { table: 'other' })] })))).toBe(false)
  expect(await parked.catchUp(answering(batchOf(10, 20)))).toBe(true)
  expect(merged.length).toBe(10)
  expect(parked.tables).toEqual([])
})

/** A table of which changes were passed over from position 10 on, and which is not paused any more; the cursor stands at 20. */
async function waiting() {
  const merged: unknown[] = []
  const notes = new Map<string, unknown>()
  const engine = {
    region: { name: 'eu' },
    cursor: () => ({ epoch: 'e', position: 20, sequence: 0 }),
    note: (name: string) => notes.get(name),
    setNote: async (name: string, value: unknown) => void notes.set(name, value),
    tableWithId: () => ({}),
    merge: async (_: string, rows: readonly unknown[]) => void merged.push(...rows),
  } as unknown as Engine
  let untilMs = 1
  const pauses = { ofTable: () => untilMs, active: () => [{ table: 't', untilMs }] } as never
  let nowMs = 0
  const clock = { monotonicMs: () => (nowMs += 10_000) } as never
  const log = { debug: () => undefined, info: () => undefined, warn: () => undefined } as never
  const peerErrors = { note: () => undefined } as never
  const retries = { note: () => undefined } as never
  const deps = { engine, clock, log, retries, pauses, peer, peerErrors }
  const parked = new PausedPositions({ ...deps, onCaughtUp: () => undefined })
  const batch = { origin: 'us', originNumber: 1, epoch: 'e', after: 10, upTo: 20, changes: [changeAt(11)] }
  await parked.without(batch, { epoch: 'e', position: 10 })
  untilMs = 0
  return { parked, merged }
}
