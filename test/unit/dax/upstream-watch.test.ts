import { expect, test } from 'vitest'
import { UpstreamWatch } from '../../../src/cache/http/upstream-watch.ts'
import type { Log } from '../../../src/ports/log.ts'

function watched() {
  const lines: string[] = []
  const state = { answers: true, nowMs: 0 }
  const note = (event: string): void => void lines.push(event)
  const log: Log = { debug: note, info: note, warn: note, error: note, with: () => log }
  const look = async (): Promise<void> => {
    state.nowMs += 1000
    await Promise.resolve()
    if (!state.answers) throw new Error('connect ECONNREFUSED')
  }
  const watch = new UpstreamWatch({ look, nowMs: () => state.nowMs, log, upstream: 'http://127.0.0.1:8000' })
  return { watch, state, lines }
}

test('a cache whose region has gone says so after two looks, once, with the reason and since when', async () => {
  const { watch, state, lines } = watched()
  await watch.look()
  state.answers = false
  await watch.look()
  expect({ trouble: watch.trouble, lines }).toEqual({ trouble: undefined, lines: [] })
  await watch.look()
  await watch.look()
  expect(watch.trouble).toEqual({ reason: 'connect ECONNREFUSED', sinceMs: 2000 })
  expect(lines).toEqual(['the region behind this cache does not answer'])
})

test('and says when it is back', async () => {
  const { watch, state, lines } = watched()
  state.answers = false
  for (let n = 0; n < 3; n++) await watch.look()
  state.answers = true
  await watch.look()
  expect(watch.trouble).toBeUndefined()
  expect(lines.at(-1)).toBe('the region behind this cache answers again')
})

test('one look that fails is no trouble, and nothing is said of it', async () => {
  const { watch, state, lines } = watched()
  state.answers = false
  await watch.look()
  state.answers = true
  await watch.look()
  expect({ trouble: watch.trouble, lines }).toEqual({ trouble: undefined, lines: [] })
})

test('looks do not overlap', async () => {
  const { watch, state } = watched()
  await Promise.all([watch.look(), watch.look()])
  expect(state.nowMs).toBe(1000)
})
