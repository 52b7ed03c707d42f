import { describe, expect, it } from 'vitest'
import { appliesUnderWayMax, applyChangesMax } from '../../../../../src/core/limits/limits.ts'
import { isAgainst, type Proof, proofByChange, proofByStart } from '../../../../../src/core/change/proof.ts'
import type { ApplyResult } from '../../../../../src/engine/commands/command.ts'
import { type ApplyPipeline, applyInTurn } from '../../../../../src/readers/replication/receive/apply-pipeline.ts'
import { Inbox } from '../../../../../src/readers/replication/receive/inbox.ts'
import { change, stamped } from '../change.ts'

/** An inbox with one change a message, and an engine that takes one change at a time and answers when it is told to. */
function scene(messages: number) {
  const inbox = new Inbox({ changesMax: 1 })
  for (let n = 1; n <= messages; n++) {
    const batch = { origin: 'a', originNumber: 1, epoch: 'e', after: n - 1, upTo: n, changes: [change(n)] }
    inbox.put({ batch, sequence: n, sizeBytes: 1 })
  }
  const underWay: { upTo: number; answer: (result: ApplyResult) => void; fail: (error: Error) => void }[] = []
  const applied: number[] = []
  const state = { goesOn: true }
  const options: ApplyPipeline = {
    inbox,
    cursor: { epoch: 'e', position: 0, sequence: 0 },
    without: (batch) => Promise.resolve(batch),
    apply: ({ upTo }) => new Promise((answer, fail) => underWay.push({ upTo, answer, fail })),
    onApplied: ({ batch }) => void applied.push(batch.upTo),
    goesOn: () => state.goesOn,
    yield: () => Promise.resolve(),
  }
  const done = applyInTurn(options)
  const next = async () => {
    for (let turns = 0; underWay.length === 0 && turns < 100; turns++) await Promise.resolve()
    return underWay.shift()
  }
  const all = (cursor: number): ApplyResult => ({ applied: 'all', cursor, ...outcomes, won: 1 })
  return { inbox, done, next, all, applied, underWay, state }
}

const outcomes = { won: 0, ignored: 0, conflicts: 0, setAside: [] }

const turns = async (count = 50) => {
  for (let n = 0; n < count; n++) await Promise.resolve()
}

describe('a message of 256 changes of a table with 20 indexes', () => {
  it('is applied in several turns of the event loop, each of bounded work, and by one cursor after another', async () => {
    const inbox = new Inbox({ weightOf: () => 21 })
    const changes = Array.from({ length: 256 }, (_, n) => change(n + 1))
    inbox.put({
      batch: { origin: 'a', originNumber: 1, epoch: 'e', after: 0, upTo: 256, changes },
      sequence: 7,
      sizeBytes: 1,
    })
    let turn = 0
    const inTurn = new Map<number, number>()
    const applied: (readonly [number, number])[] = []
    await applyInTurn({
      inbox,
      cursor: { epoch: 'e', position: 0, sequence: 0 },
      without: (batch) => Promise.resolve(batch),
      apply: (batch, sequence) => {
        inTurn.set(turn, (inTurn.get(turn) ?? 0) + 21 * batch.changes.length)
        applied.push([batch.upTo, sequence])
        return Promise.resolve({ applied: 'all', cursor: batch.upTo, won: 1, ignored: 0, conflicts: 0, setAside: [] })
      },
      onApplied: () => undefined,
      goesOn: () => true,
      yield: () => Promise.resolve(void turn++),
    })
    expect(inbox.first).toBeUndefined()
    expect([...inTurn.values()].reduce((sum, weight) => sum + weight, 0)).toBe(256 * 21)
    expect(Math.max(...inTurn.values())).toBeLessThanOrEqual(applyChangesMax)
    expect(applied.at(-1)).toEqual([256, 7])
    expect(applied.slice(0, -1).every(([, sequence]) => sequence === 6)).toBe(true)
  })
})

describe('batches that wait', () => {
  it('are applied in their order, some under way at a time', async () => {
    const { inbox, done, next, all, applied, underWay } = scene(6)
    await turns()
    expect(underWay.map(({ upTo }) => upTo)).toEqual([1, 2, 3].slice(0, appliesUnderWayMax))
    for (let n = 1; n <= 6; n++) (await next())?.answer(all(n))
    expect(await done).toBeUndefined()
    expect(applied).toEqual([1, 2, 3, 4, 5, 6])
    expect(inbox.first).toBeUndefined()
  })

  it('wait again from the first that was not applied as a whole', async () => {
    const { inbox, done, next, all, applied } = scene(5)
    ;(await next())?.answer(all(1))
    await turns()
    ;(await next())?.answer({ applied: 'held', until: { wallMs: 1, counter: 0, region: 1 }, cursor: 1, ...outcomes })
    for (let hole = await next(); hole !== undefined; hole = await next()) hole.answer({ applied: 'hole', cursor: 1 })
    expect(await done).toMatchObject({ taken: { batch: { upTo: 2 } }, result: { applied: 'held' } })
    expect(applied).toEqual([1])
    expect(inbox.take(1, 'e')?.batch.upTo).toBe(2)
  })

  it('rest on those before them, also where their messages overlap', () => {
    const inbox = new Inbox({ changesMax: 2 })
    for (const upTo of [2, 3]) {
      const changes = Array.from({ length: upTo }, (_, n) => change(n + 1))
      inbox.put({
        batch: { origin: 'a', originNumber: 1, epoch: 'e', after: 0, upTo, changes },
        sequence: upTo,
        sizeBytes: 1,
      })
    }
    expect(inbox.take(0, 'e')?.batch).toMatchObject({ after: 0, upTo: 2 })
    expect(inbox.take(2, 'e')?.batch).toMatchObject({ after: 2, upTo: 3, changes: [{ position: 3 }] })
  })

  it('fail with the first that fails, once nothing is under way any more', async () => {
    const { inbox, done, next, applied, underWay } = scene(3)
    const failed = expect(done).rejects.toThrow('no room')
    ;(await next())?.fail(new Error('no room'))
    await turns()
    for (const { fail } of underWay.splice(0)) fail(new Error('those before have failed'))
    await failed
    expect(applied).toEqual([])
    expect(inbox.take(0, 'e')?.batch.upTo).toBe(1)
  })

  it('are left when something else comes first, less those under way', async () => {
    const { inbox, done, next, all, state, underWay } = scene(9)
    await turns()
    state.goesOn = false
    const begun = underWay.length
    for (let n = 1; n <= begun; n++) (await next())?.answer(all(n))
    expect(await done).toBeUndefined()
    expect(inbox.take(begun, 'e')?.batch.upTo).toBe(begun + 1)
  })
})

describe('messages of two copies of a store, under one epoch', () => {
  /** Each covers the positions after the first number up to the second; the third is the clock of its life. */
  const apply = async (messages: readonly (readonly [number, number, number])[], proof?: Proof) => {
    const inbox = new Inbox()
    for (const [n, [after, upTo, wallMs]] of messages.entries()) {
      const changes = Array.from({ length: upTo - after }, (_, at) => stamped(after + at + 1, wallMs))
      const batch = { origin: 'a', originNumber: 1, epoch: 'e', after, upTo, changes }
      inbox.put({ batch, sequence: n + 1, sizeBytes: 1 })
    }
    const applied: number[] = []
    const stopped = await applyInTurn({
      inbox,
      cursor: { epoch: 'e', position: proof?.at ?? 0, sequence: 0, proof },
      without: (batch) => Promise.resolve(batch),
      apply: ({ upTo }) => Promise.resolve({ applied: 'all', cursor: upTo, ...outcomes }),
      onApplied: ({ batch }) => void applied.push(batch.upTo),
      goesOn: () => true,
      yield: () => Promise.resolve(),
    })
    const against = stopped !== undefined && 'against' in stopped ? stopped.against.sequence : undefined
    return { applied, against, first: inbox.first?.sequence }
  }

  it('are applied up to the one that has another change at the place that those before it led to', async () => {
    const lives = [
      [0, 3, 100],
      [3, 6, 100],
      [0, 3, 100],
      [3, 5, 200],
      [5, 6, 200],
      [6, 7, 200],
    ] as const
    expect(await apply(lives)).toEqual({ applied: [6], against: 5, first: 5 })
  })

  it('are not applied where the first has another change at the place of the cursor', async () => {
    const proof = proofByChange(stamped(6, 100))
    expect(await apply([[5, 7, 200]], proof)).toEqual({ applied: [], against: 1, first: 1 })
    expect(await apply([[5, 7, 100]], proof)).toEqual({ applied: [7], against: undefined, first: undefined })
  })

  it('show nothing where a process has proven the place, or none has', async () => {
    const proof = proofByStart(6, 'process')
    expect(await apply([[5, 7, 200]], proof)).toEqual({ applied: [7], against: undefined, first: undefined })
  })

  it('are told by the want of a change as well', () => {
    const proof = proofByChange(stamped(6, 100))
    const without = { after: 5, upTo: 7, changes: [stamped(7, 200)] }
    expect(isAgainst(without, proof)).toBe(true)
    expect(isAgainst({ ...without, after: 6 }, proof)).toBe(false)
    expect(isAgainst({ ...without, changes: [change(6), stamped(7, 100)] }, proof)).toBe(true)
  })
})
