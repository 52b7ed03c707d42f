/** The fixture for jest, with the globals of that runner in the place of a run of it (which `npm run test:package` has). */
import { afterEach, expect, test, vi } from 'vitest'
import { useCluster } from '../../src/testing/fixtures/jest.ts'

type Hook = () => Promise<void> | void
const state = Symbol('JEST_STATE_SYMBOL')

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
  Reflect.deleteProperty(globalThis, state)
})

test('a failed test prints the seed, and one that passes prints nothing', async () => {
  const hooks = new Map<string, Hook>()
  for (const name of ['beforeAll', 'beforeEach', 'afterEach', 'afterAll'])
    vi.stubGlobal(name, (work: Hook) => void hooks.set(name, work))
  const written: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0)
  const cluster = useCluster({ regions: ['us-east-1'], seed: 77 })
  await hooks.get('beforeAll')?.()
  expect(cluster().seed).toBe(77)
  for (const errors of [[], [new Error('expected')]]) {
    Object.assign(globalThis, { [state]: { currentlyRunningTest: { errors } } })
    await hooks.get('beforeEach')?.()
    await hooks.get('afterEach')?.()
  }
  await hooks.get('afterAll')?.()
  expect(written).toEqual(["the cluster's seed was 77: LONGITUDE_SEED=77 repeats the run\n"])
})
