/** What stands in front of a region's engine takes the same turns as the engine itself. */
import { expect, test } from 'vitest'
import { oneAtATime, withinTables } from '../../../src/engine/one-at-a-time.ts'
import { RoutedEngine } from '../../../src/region/strong/routed-engine.ts'
import { openRegion } from '../engine/region.ts'

test('operations and the readers of a region change a table of one name one after another', async () => {
  const { engine } = await openRegion('us-east-1')
  const routed = new RoutedEngine(engine, new Map())
  const steps: string[] = []
  const work = (name: string) => async (): Promise<void> => {
    steps.push(`${name} begins`)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    steps.push(`${name} ends`)
  }
  await Promise.all([
    oneAtATime(routed, 'T', work('operation')),
    oneAtATime(engine, 'T', work('reader')),
    oneAtATime(new RoutedEngine(engine, new Map()), 'T', work('other')),
  ])
  expect(steps).toEqual(['operation', 'reader', 'other'].flatMap((name) => [`${name} begins`, `${name} ends`]))
})

test('tables that they make are counted together', async () => {
  const { engine } = await openRegion('us-east-1')
  const routed = new RoutedEngine(engine, new Map())
  const made = await withinTables(routed, 1, async () => await withinTables(engine, 1, () => Promise.resolve('made')))
  expect(made).toBeUndefined()
})
