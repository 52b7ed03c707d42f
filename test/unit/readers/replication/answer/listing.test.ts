/** What regions tell each other of their tables, in parts: there may be more of them than one message holds. */
import { expect, it } from 'vitest'
import { decodeAnswer, encodeControl } from '../../../../../src/core/change/control.ts'
import { sharedTablesAtOnceMax, statusTablesAtOnceMax } from '../../../../../src/core/limits/limits.ts'
import { inOneTurn } from '../../../../../src/core/turns.ts'
import type { Engine } from '../../../../../src/engine/engine.ts'
import type { Session } from '../../../../../src/readers/replication/talk/session.ts'
import { answer, type Answers } from '../../../../../src/readers/replication/answer/answers.ts'
import { Questions } from '../../../../../src/readers/replication/talk/questions.ts'

const us = { name: 'us', number: 1 }
const eu = { name: 'eu', number: 2 }

/** A region that knows so many tables of others; each look at one is counted. */
function knowing(count: number): { readonly deps: Answers; readonly looked: () => number } {
  const ids = Array.from({ length: count }, (_, n) => `table-${(n * 7919) % count}`)
  let looked = 0
  const engine: Partial<Engine> = {
    knownTables: () => ids,
    tableWithId: () => {
      looked++
      return undefined
    },
    horizon: () => undefined,
    forgotten: () => undefined,
  }
  const deps = {
    engine,
    topology: { self: us, regions: [us, eu] },
    mayTell: () => true,
    isComplete: () => false,
    isFilling: () => false,
  }
  return { deps: deps as unknown as Answers, looked: () => looked }
}

function asking(deps: Answers): Questions {
  const session: Partial<Session> = {
    request: (payload: Buffer) => Promise.resolve(inOneTurn(answer(deps, payload, 'eu')) ?? Buffer.alloc(0)),
  }
  return new Questions(session as Session, 'eu')
}

it('is told whole, however many tables there are', async () => {
  const told = await asking(knowing(25_000).deps).tables()
  expect(new Set(told.map(({ id }) => id)).size).toBe(25_000)
})

it('takes one part of the tables for one answer', () => {
  const { deps, looked } = knowing(25_000)
  const asked = encodeControl({ say: 'tables', region: 'eu', after: '' })
  const part = inOneTurn(answer(deps, asked, 'eu')) ?? Buffer.alloc(0)
  expect(decodeAnswer(part)).toMatchObject({ more: true })
  expect(looked()).toBeLessThanOrEqual(sharedTablesAtOnceMax + 1)
})

it('is told in one message to a region that does not ask for parts, and put together in several turns', () => {
  const { deps, looked } = knowing(3000)
  const work = answer(deps, encodeControl({ say: 'tables', region: 'eu' }), 'eu')
  let step = work.next()
  for (let before = 0; step.done !== true; step = work.next()) {
    expect(looked() - before).toBeLessThanOrEqual(statusTablesAtOnceMax)
    before = looked()
  }
  const whole = step.value ?? Buffer.alloc(0)
  const said = decodeAnswer(whole)
  expect(said.say === 'tables' && [said.tables.length, said.more]).toEqual([3000, undefined])
})

it('ends with an error, not never, when the peer goes round in circles', async () => {
  const again = encodeControl({ say: 'tables', tables: [{ id: 'a', complete: false, items: 0 }], more: true })
  const session: Partial<Session> = { request: () => Promise.resolve(again) }
  await expect(new Questions(session as Session, 'eu').tables()).rejects.toThrow('no order')
})
