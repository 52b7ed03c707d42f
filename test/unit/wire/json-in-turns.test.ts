import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { jsonInTurns } from '../../../src/http/bytes/json-in-turns.ts'

it('an answer is the same JSON whether it is put together in one turn or in several', async () => {
  await fc.assert(
    fc.asyncProperty(fc.jsonValue({ maxDepth: 7 }), async (value) => {
      const given = { value, left: undefined, list: [undefined, value], at: new Date(0) }
      expect(JSON.parse(await jsonInTurns(given))).toEqual(JSON.parse(JSON.stringify(given)))
    }),
  )
})

it('a large answer lets others have their turn', async () => {
  let turns = 0
  const count = (): void => {
    turns++
    if (turns < 1000) setImmediate(count)
  }
  setImmediate(count)
  await jsonInTurns(Array.from({ length: 10_000 }, (_, n) => ({ n })))
  expect(turns).toBeGreaterThan(10)
})
