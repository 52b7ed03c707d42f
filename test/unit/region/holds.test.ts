/** The log of a region that stops: readers let go of it one after another, and nothing of it is trimmed meanwhile. */
import { expect, test } from 'vitest'
import { MemoryNetwork } from '../../../src/adapters/memory/memory-bus.ts'
import { Scheduler } from '../../../src/adapters/memory/scheduler.ts'
import { SeededRandom } from '../../../src/adapters/memory/seeded-random.ts'
import type { Engine } from '../../../src/engine/engine.ts'
import { startRegion } from '../../../src/region/start-region.ts'
import { overriding } from '../../simulation/observed-engine.ts'
import { makeTable, openRegion, TestClock } from '../engine/region.ts'

/** A turn of loops that wait for no time. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('nothing of the log goes before all readers hold it, nor once the first of them has let go', async () => {
  const clock = new TestClock()
  const { engine: opened, env: bare } = await openRegion('us-east-1', undefined, { clock })
  const random = new SeededRandom(1)
  const env = { ...bare, bus: new MemoryNetwork(new Scheduler(random), random).join('us-east-1') }
  const table = await makeTable(opened, 'things')
  await opened.define(table.id, [
    { register: 'settings/stream', value: { enabled: true, viewType: 'KEYS_ONLY', label: 'one' } },
  ])
  const holders: (readonly string[])[] = []
  /** How long the keeper of streams takes for what is over: another reader that stops waits behind it. */
  let slow = Promise.resolve()
  const observe = (engine: Engine): Engine =>
    overriding(engine, {
      streams: overriding(engine.streams, { expire: async () => await slow }),
      retention: overriding(engine.retention, {
        trim: async () => void holders.push(engine.retention.names()),
      }),
    })
  const self = { name: 'us-east-1', number: 1 }
  const region = await startRegion(env, { topology: { self, regions: [self] }, engine: opened, observe })
  for (let n = 0; n < 10_000 && holders.length === 0; n++) await turn()
  expect(holders).not.toEqual([])

  let goOn = (): void => undefined
  slow = new Promise((resolve) => (goOn = resolve))
  // The keeper is in the middle of it.
  for (let n = 0; n < 100; n++) await turn()
  const stopped = region.stop()
  for (let n = 0; n < 10_000 && opened.retention.names().includes('archive'); n++) await turn()
  expect(opened.retention.names()).not.toContain('archive')
  for (let n = 0; n < 100; n++) await turn()
  goOn()
  await stopped
  for (const names of holders) expect(names).toEqual(expect.arrayContaining(['archive', 'streams']))
})
