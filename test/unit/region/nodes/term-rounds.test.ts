import { expect, test } from 'vitest'
import { ProcessClock, RegionClock } from '../../../../src/adapters/memory/region-clock.ts'
import { Scheduler } from '../../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../../src/adapters/memory/seeded-random.ts'
import { nodeRoundMsMax } from '../../../../src/core/limits/nodes-limits.ts'
import { TermRounds } from '../../../../src/region/nodes/term-rounds.ts'

type Asked = { readonly node: string; readonly answer: (term: number | undefined) => void; readonly fail: () => void }

/** The rounds of a node that leads in term 5, of which `b` and `c` are the others. */
function rounds(work: (world: World) => Promise<void>): Promise<void> {
  const time = new Scheduler(new SeededRandom(1))
  const asked: Asked[] = []
  const told: string[] = []
  const of = new TermRounds<string>({
    term: 5,
    others: ['b', 'c'],
    clock: new ProcessClock(new RegionClock(time)),
    askTerm: (node) =>
      new Promise((resolve, reject) => {
        asked.push({ node, answer: resolve, fail: () => reject(new Error('away')) })
      }),
    onRound: (waiters, isSure) => told.push(`${waiters.join(' ')}: ${isSure ? 'sure' : 'the order has to tell'}`),
  })
  return time.run(work({ time, asked, told, of }))
}
type World = { time: Scheduler; asked: Asked[]; told: string[]; of: TermRounds<string> }

test('reads that come together share a round, and those that come later wait for the next one', () =>
  rounds(async ({ time, asked, told, of }) => {
    of.wait('1')
    of.wait('2')
    await time.sleep(1)
    expect(asked.map(({ node }) => node)).toEqual(['b', 'c'])
    of.wait('3')
    asked[0]?.answer(5)
    await time.sleep(1)
    expect([told, asked.length, of.count]).toEqual([[], 2, 3])
    asked[1]?.answer(4)
    await time.sleep(1)
    expect([told, asked.length]).toEqual([['1 2: sure'], 4])
    asked[2]?.answer(5)
    asked[3]?.answer(5)
    await time.sleep(1)
    expect([told, of.count]).toEqual([['1 2: sure', '3: sure'], 0])
  }))

test.each([
  ['knows of a later term', ({ answer }: Asked) => answer(6)],
  ['cannot say', ({ answer }: Asked) => answer(undefined)],
  ['cannot be asked', ({ fail }: Asked) => fail()],
])('the order has to tell where another node %s', (_, reply) =>
  rounds(async ({ time, asked, told, of }) => {
    of.wait('1')
    await time.sleep(1)
    asked[0]?.answer(5)
    reply(asked[1] as Asked)
    await time.sleep(1)
    expect(told).toEqual(['1: the order has to tell'])
  }),
)

test('a node that does not answer in time is asked again only when it has answered', () =>
  rounds(async ({ time, asked, told, of }) => {
    of.wait('1')
    await time.sleep(1)
    asked[0]?.answer(5)
    await time.sleep(nodeRoundMsMax)
    expect(told).toEqual(['1: the order has to tell'])
    of.wait('2')
    await time.sleep(1)
    asked[2]?.answer(5)
    await time.sleep(1)
    expect(told.at(-1)).toBe('2: the order has to tell')
    expect(asked.map(({ node }) => node)).toEqual(['b', 'c', 'b'])
    asked[1]?.answer(5)
    of.wait('3')
    await time.sleep(1)
    expect(asked.map(({ node }) => node)).toEqual(['b', 'c', 'b', 'b', 'c'])
    asked[3]?.answer(5)
    asked[4]?.answer(5)
    await time.sleep(1)
    expect(told.at(-1)).toBe('3: sure')
  }))

test('what waits can be taken out, and is told nothing then', () =>
  rounds(async ({ time, asked, told, of }) => {
    of.wait('1')
    await time.sleep(1)
    of.wait('2')
    expect(of.drain()).toEqual(['1', '2'])
    for (const { answer } of asked) answer(5)
    await time.sleep(1)
    expect(told).toEqual([])
  }))
