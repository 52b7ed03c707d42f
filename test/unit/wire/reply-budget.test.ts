import { describe, expect, test } from 'vitest'
import { ReplyBudget } from '../../../src/cache/http/reply-budget.ts'

function replyOf(budget: ReplyBudget) {
  const state = { reads: true }
  const { add, end } = budget.begin({ pause: () => (state.reads = false), resume: () => (state.reads = true) })
  return { state, add, end }
}

describe('replies of a region that a cache has not received whole', () => {
  test('are read on together up to the budget, and beyond it one after another', () => {
    const budget = new ReplyBudget(100)
    const [first, second, third] = [replyOf(budget), replyOf(budget), replyOf(budget)]
    for (const { add } of [first, second, third]) add(30)
    expect([first, second, third].map(({ state }) => state.reads)).toEqual([true, true, true])
    for (const { add } of [first, second, third]) add(20)
    expect([first, second, third].map(({ state }) => state.reads)).toEqual([true, false, false])
    expect(budget.heldBytes).toBe(150)
    first.add(60)
    first.end()
    expect([second, third].map(({ state }) => state.reads)).toEqual([true, true])
    second.add(1)
    third.add(1)
    expect([second, third].map(({ state }) => state.reads)).toEqual([true, false])
    second.end()
    expect(third.state.reads).toBe(true)
    third.end()
    third.end()
    expect(budget.heldBytes).toBe(0)
  })

  test('always arrive, the largest too', () => {
    const budget = new ReplyBudget(10)
    const [first, second] = [replyOf(budget), replyOf(budget)]
    first.add(1000)
    second.add(1)
    expect([first.state.reads, second.state.reads]).toEqual([true, false])
    first.end()
    second.add(1000)
    expect(second.state.reads).toBe(true)
  })
})
