import { expect, it } from 'vitest'
import { stepSchemas } from '../../../../src/drills/definition/definition.ts'
import { Load } from '../../../../src/drills/run/load/drill-load.ts'
import type { Wire } from '../../../../src/drills/run/load/wire.ts'
import { until } from '../../../chaos/until.ts'

it('records so many operations, and what was under way then; its clients stop for good', async () => {
  let asked = 0
  const wire = {
    send: async () => {
      asked++
      return await Promise.resolve({})
    },
  } as unknown as Wire
  const load = new Load({
    plan: { ...stepSchemas.load.parse({}), writers: 3, readers: 3, rate: 1000 },
    homes: ['a'],
    failover: undefined,
    regions: [{ region: 'a', endpoint: 'http://a' }] as ConstructorParameters<typeof Load>[0]['regions'],
    table: 'drill',
    wire,
    seed: 1,
    roundTripMs: () => 0,
    operationsMax: 20,
  })
  load.start()
  await until('the record is full', () => Promise.resolve(load.isFull), 10_000)
  load.setPaused(['a'], false)
  await load.stop()
  expect(load.operations.length).toBe(asked)
  expect(asked).toBeLessThanOrEqual(20 + 6)
})
