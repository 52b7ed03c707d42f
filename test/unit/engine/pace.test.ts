/** Background jobs leave clients their time, and take all of it where there are none: in virtual time, with clients whose requests wait while a job has its turn. */
import { describe, expect, test } from 'vitest'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import { restMsMax } from '../../../src/core/pace/pace-limits.ts'
import { Pace } from '../../../src/engine/pace.ts'

const runMs = 20_000
/** Clients ask before the jobs begin. */
const warmMs = 1000
const requestMs = 1
const turnMs = 10

type World = ReturnType<typeof world>
type Counted = { turns: number; ms: number }

function world() {
  const scheduler = new Scheduler(new SeededRandom(1))
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      scheduler.after(Math.max(0.1, ms), resolve)
    })
  const clock = { monotonicMs: () => scheduler.nowMs, sleep }
  let freeAtMs = 0
  /** One does it at a time. */
  const work = async (ms: number): Promise<void> => {
    freeAtMs = Math.max(freeAtMs, scheduler.nowMs) + ms
    await sleep(freeAtMs - scheduler.nowMs)
  }
  return { scheduler, clock, work, pace: new Pace(clock), worst: 0 }
}

/** One that asks again as soon as it is answered, after a pause. */
async function client(of: World, pauseMs: number): Promise<void> {
  const { scheduler, clock, pace, work } = of
  for (;;) {
    const sentMs = scheduler.nowMs
    pace.demand.begun(sentMs)
    await work(requestMs)
    pace.demand.ended(scheduler.nowMs)
    of.worst = Math.max(of.worst, scheduler.nowMs - sentMs)
    await clock.sleep(pauseMs)
  }
}

/** `heldMs`: how much of a turn keeps clients waiting. */
async function job({ clock, pace, work }: World, heldMs: number, counted: Counted): Promise<void> {
  for (;;) {
    await pace.turn(async () => {
      const fromMs = clock.monotonicMs()
      await work(heldMs)
      await clock.sleep(turnMs - heldMs)
      counted.ms += clock.monotonicMs() - fromMs
    })
    counted.turns++
  }
}

/** How many requests are answered in a millisecond. */
async function run(of: World, untilMs = runMs): Promise<number> {
  const before = of.pace.demand.answered
  const fromMs = of.scheduler.nowMs
  await of.scheduler.run(of.scheduler.sleep(untilMs - fromMs))
  return (of.pace.demand.answered - before) / (of.scheduler.nowMs - fromMs)
}

type Load = { readonly clients: number; readonly jobs: number; readonly pauseMs?: number; readonly heldMs?: number }

async function rateOf({ clients, jobs, pauseMs = 0, heldMs = turnMs }: Load) {
  const made = world()
  const counted = { turns: 0, ms: 0 }
  for (let n = 0; n < clients; n++) void client(made, pauseMs)
  await run(made, warmMs)
  for (let n = 0; n < jobs; n++) void job(made, heldMs, counted)
  const rate = await run(made)
  const jobsMs = runMs - warmMs
  return { rate, share: counted.ms / jobsMs, heldShare: (counted.turns * heldMs) / jobsMs, worst: made.worst }
}

describe('beside clients that ask again as soon as they are answered', () => {
  test.each([1, 3])('%d jobs that stop them altogether have a fifth of the time', async (jobs) => {
    const alone = await rateOf({ clients: 16, jobs: 0 })
    const beside = await rateOf({ clients: 16, jobs })
    expect(beside.rate / alone.rate).toBeGreaterThan(0.75)
    expect(beside.heldShare).toBeGreaterThan(0.15)
    expect(beside.heldShare).toBeLessThan(0.25)
    expect(beside.worst).toBeLessThan(alone.worst + 2 * turnMs)
  })

  test('a job that costs them little has more of the time, and clients keep as much', async () => {
    const alone = await rateOf({ clients: 16, jobs: 0 })
    const beside = await rateOf({ clients: 16, jobs: 1, heldMs: turnMs / 5 })
    expect(beside.rate / alone.rate).toBeGreaterThan(0.75)
    expect(beside.share).toBeGreaterThan(0.4)
  })
})

test('beside clients that ask for little, a job is not held back', async () => {
  const { share } = await rateOf({ clients: 1, pauseMs: 100, jobs: 1 })
  expect(share).toBeGreaterThan(0.9)
})

test('without clients a job has all of the time, until some come', async () => {
  const made = world()
  const counted = { turns: 0, ms: 0 }
  void job(made, turnMs, counted)
  await run(made, 5000)
  expect(counted.turns).toBeGreaterThan(450)
  for (let n = 0; n < 16; n++) void client(made, 0)
  await run(made, 5500)
  const before = counted.turns
  await run(made, 10_500)
  expect((counted.turns - before) * turnMs).toBeLessThan(0.25 * 5000)
})

test('a turn that does not end holds up no other job for longer than a second', async () => {
  const made = world()
  const counted = { turns: 0, ms: 0 }
  for (let n = 0; n < 16; n++) void client(made, 0)
  await run(made, 1000)
  void made.pace.turn(() => new Promise<void>(() => {}))
  void job(made, turnMs, counted)
  await run(made, 1000 + 5 * restMsMax)
  expect(counted.turns).toBeGreaterThanOrEqual(4)
})

test('a turn that fails fails its caller alone', async () => {
  const { pace, scheduler } = world()
  const failing = pace.turn(() => Promise.reject(new Error('no')))
  const next = pace.turn(() => 'done')
  await Promise.all([
    expect(failing).rejects.toThrow('no'),
    expect(next).resolves.toBe('done'),
    scheduler.run(scheduler.sleep(100)),
  ])
})
