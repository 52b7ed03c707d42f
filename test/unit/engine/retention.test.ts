import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TooFarBehind } from '../../../src/engine/log/hold.ts'
import { itemOf, makeTable, openRegion, put, startMs } from './region.ts'

/** A log of commits, `apartMs` after each other; some have two changes. Returns the positions at which commits end, with their times. */
async function logOf(sizes: readonly number[], apartMs = 1000) {
  const region = await openRegion('us-east-1')
  const { engine, clock } = region
  const table = await makeTable(engine, 't')
  await engine.retention.trim()
  const ends: { readonly end: number; readonly atMs: number }[] = [{ end: engine.flushed(), atMs: clock.wallMs() }]
  for (const size of sizes) {
    clock.wall += apartMs
    await engine.commit(Array.from({ length: size }, (_, sk) => put(table, itemOf('p', sk))))
    ends.push({ end: engine.flushed(), atMs: clock.wallMs() })
  }
  return { ...region, ends }
}

describe('retention', () => {
  test('the log is trimmed up to the least of the holds, and its last change stays', async () => {
    const { engine } = await logOf([1, 1, 1, 1, 1])
    const last = engine.flushed()
    const release = engine.retention.hold({ name: 'slow', needs: () => ({ after: last - 4 }) })
    engine.retention.hold({ name: 'fast', needs: () => ({ after: last }) })
    expect(engine.retention.names()).toEqual(['slow', 'fast'])
    await engine.retention.trim()
    expect(engine.oldest()).toBe(last - 3)
    release()
    await engine.retention.trim()
    expect(engine.oldest()).toBe(last)
  })

  test('a reader beyond its cap is told that it is too far behind, and one within it is not', async () => {
    const { engine } = await logOf([1, 1, 1, 1, 1, 1])
    const last = engine.flushed()
    engine.retention.hold({ name: 'stands', needs: () => ({ after: 0 }), caps: () => ({ positionsMax: 3 }) })
    await engine.retention.trim()
    expect(engine.oldest()).toBe(last - 2)
    expect(() => engine.retention.check('stands', 0)).toThrow(TooFarBehind)
    expect(() => engine.retention.check('stands', last - 4)).toThrow(`begins at ${last - 2}`)
    expect(() => engine.retention.check('stands', last - 3)).not.toThrow()
  })

  test('a hold by time keeps what was committed since, in whole commits', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 12 }),
        fc.integer({ min: -1000, max: 13_000 }),
        async (sizes, sinceMs) => {
          const { engine, ends } = await logOf(sizes)
          const oldest = engine.oldest()
          engine.retention.hold({ name: 'day', needs: () => ({ sinceMs: startMs + sinceMs }) })
          const gone = ends.slice(0, -1).filter(({ atMs }) => atMs < startMs + sinceMs)
          await engine.retention.trim()
          // A commit goes as a whole, and the last one stays.
          expect(engine.oldest()).toBe(Math.max(oldest, (gone.at(-1)?.end ?? 0) + 1))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a cap by age lets a reader go that has stood still for longer', async () => {
    const { engine, ends } = await logOf([1, 1, 1, 1])
    const cap = { ageMsMax: 2500 }
    engine.retention.hold({ name: 'stands', needs: () => ({ after: 0 }), caps: () => cap })
    await engine.retention.trim()
    expect(engine.oldest()).toBe((ends[1]?.end ?? 0) + 1)
  })

  test('two holds of one name are a mistake', async () => {
    const { engine } = await logOf([1])
    engine.retention.hold({ name: 'one', needs: () => ({ after: 0 }) })
    expect(() => engine.retention.hold({ name: 'one', needs: () => ({ after: 0 }) })).toThrow('one hold')
  })
})
