import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../../../../src/adapters/system/clocks.ts'
import { MemoryNetwork } from '../../../../../src/adapters/memory/memory-bus.ts'
import { systemRandom } from '../../../../../src/adapters/system/random.ts'
import { decodeBatch, encodeBatch } from '../../../../../src/core/change/batch.ts'
import { batchOf, encodePart, nextPart } from '../../../../../src/readers/replication/send/own-changes.ts'
import { TestRegion } from '../../../../replication/region.ts'

const regions: TestRegion[] = []

afterEach(async () => {
  await Promise.all(regions.splice(0).map((region) => region.stop()))
})

it('registers that were defined together stay in one message, and no message has more changes than it may', async () => {
  const us = new TestRegion('us', ['us', 'eu', 'ap'])
  regions.push(us)
  await us.start(new MemoryNetwork(systemClock, systemRandom).join('us'))
  for (let n = 0; n < 120; n++) await us.makeTable(`T${n}`)
  // Groups of three that all leave the region: 256 changes would end in the middle of one.
  for (let n = 0; n < 120; n++) await us.addReplicas(`T${n}`, ['eu', 'ap'])
  const { engine } = us
  const groups: number[][] = []
  for (let after = 0; after < engine.flushed();) {
    const { leaving, upTo, part } = nextPart(engine, after)
    const sent = decodeBatch(encodeBatch(batchOf(engine, { after, upTo, part }, leaving)))
    const answered = encodePart(engine, { after, from: after, end: Infinity, table: undefined, bytesMax: undefined })
    expect(answered.upTo).toBe(upTo)
    groups.push(sent.changes.map(({ group }) => group))
    after = upTo
  }
  expect(groups.length).toBeGreaterThan(2)
  const inMessages = groups.flatMap((message) => [...new Set(message)])
  expect(new Set(inMessages).size).toBe(inMessages.length)
})
