/** A cache begins anew where the region’s answer shows that the cache and the region’s log do not join on to each other. */
import { expect, it } from 'vitest'
import { type CacheReport, encodePlace, type LogPlace, type ToldPlace } from '../../../src/core/change/cache-talk.ts'
import { encodeInvalidation } from '../../../src/core/change/invalidation.ts'
import type { Log } from '../../../src/ports/log.ts'
import { type FollowerOptions, startFollower } from '../../../src/cache/core/follower.ts'
import { TestClock } from '../engine/region.ts'

type Restart = readonly [epoch: string, position: number]

/** Answers with these places, one after the other; with each, first what the region tells before it. Then the line is closed. */
async function followed(
  answers: readonly { readonly told?: LogPlace; readonly place: ToldPlace }[],
  more: Partial<Pick<FollowerOptions, 'decided'>> & { readonly fresh?: () => void } = {},
): Promise<Restart[]> {
  const restarts: Restart[] = []
  const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, with: () => log }
  const rest = [...answers]
  await new Promise<void>((resolve) => {
    const follower = startFollower({
      env: { clock: new TestClock(), log },
      line: {
        connect: (hear) =>
          Promise.resolve({
            closed: new Promise<string>(() => {}),
            ask: () => {
              const next = rest.shift()
              if (next === undefined) {
                void follower.stop()
                resolve()
                return new Promise<Buffer>(() => {})
              }
              const { told, place } = next
              if (told !== undefined)
                hear(encodeInvalidation({ ...told, after: told.position - 1, upTo: told.position, changes: [] }))
              return Promise.resolve(encodePlace(place))
            },
            close: () => Promise.resolve(),
          }),
      },
      cache: {
        restart: (epoch, position) => void restarts.push([epoch, position]),
        invalidate: () => {},
        freshUntil: () => more.fresh?.(),
      },
      report: () => ({ id: 'cache' }) as CacheReport,
      ...more,
    })
  })
  return restarts
}

const at = (position: number, epoch = 'log'): LogPlace => ({ epoch, position })

it('goes on where the answer is where it stands', async () => {
  expect(await followed([{ place: at(5) }, { told: at(6), place: at(6) }, { place: at(6) }])).toEqual([['log', 5]])
})

it('begins anew where it has missed something, and in another log', async () => {
  const answers = [{ place: at(5) }, { place: at(9) }, { place: at(9, 'later log') }]
  expect(await followed(answers)).toEqual([
    ['log', 5],
    ['log', 9],
    ['later log', 9],
  ])
})

it('begins anew where the region’s log ends before what it had told: its store was set back', async () => {
  expect(await followed([{ place: at(50) }, { place: at(20) }, { told: at(21), place: at(21) }])).toEqual([
    ['log', 50],
    ['log', 20],
  ])
})

it('does not take a message that overtook the answer for that', async () => {
  expect(await followed([{ place: at(5) }, { told: at(6), place: at(5) }, { place: at(6) }])).toEqual([['log', 5]])
})

it('tells how the region decides before anything is answered by the answer that says so', async () => {
  const events: string[] = []
  const answers: readonly ToldPlace[] = [{ ...at(5), how: 'open' }, at(5), { ...at(5), how: 'policed' }]
  await followed(
    answers.map((place) => ({ place })),
    { decided: (how) => void events.push(how), fresh: () => void events.push('fresh') },
  )
  expect(events).toEqual(['open', 'fresh', 'fresh', 'policed', 'fresh'])
})
