/** A region that restarts without its peers serves, and says that they have not compared its store with what they know. */
import { afterEach, expect, it } from 'vitest'
import { MemoryNetwork } from '../../../../../src/adapters/memory/memory-bus.ts'
import { systemClock } from '../../../../../src/adapters/system/clocks.ts'
import { systemRandom } from '../../../../../src/adapters/system/random.ts'
import { readinessOf } from '../../../../../src/node/readiness.ts'
import { eventually } from '../../../../replication/eventually.ts'
import { TestRegion } from '../../../../replication/region.ts'

const names = ['us', 'eu']
const running = new Set<TestRegion>()

afterEach(async () => {
  await Promise.all([...running].map((region) => region.stop()))
  running.clear()
})

const evacuation = { fence: undefined, standsInFor: [] }

it('names the peers in /ready until they have answered, and is ready meanwhile', async () => {
  const network = new MemoryNetwork(systemClock, systemRandom)
  const [us, eu] = [new TestRegion('us', names), new TestRegion('eu', names)]
  const ready = (): unknown =>
    readinessOf('us', undefined, { damage: undefined, replication: us.replication, evacuation })
  const bus = network.join('us')
  await us.start(bus)
  running.add(us)
  expect(ready()).toEqual({ ready: true, region: 'us' })
  await us.makeTable('T')
  await us.stop()
  await us.start(network.join('us'))
  await us.replication.checked()
  expect(ready()).toEqual({ ready: true, region: 'us', unverifiedBy: ['eu'] })
  expect(us.replication.status().unverifiedBy).toEqual(['eu'])
  await eu.start(network.join('eu'))
  running.add(eu)
  await eventually('eu has answered', () => us.replication.unverifiedBy.length === 0)
  expect(ready()).toEqual({ ready: true, region: 'us' })
})
