/** One deployment for all tests of a file, since starting it costs seconds; each test has a table of its own and leaves the links whole. */
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { Deployment, type DeploymentOptions } from './deployment.ts'
import { Load } from './load.ts'
import { pause } from './until.ts'

export function sharedDeployment(options: DeploymentOptions = {}): () => Deployment {
  let deployment: Deployment | undefined
  beforeAll(async () => {
    deployment = await Deployment.start(options)
  })
  afterEach(() => deployment?.heal())
  afterAll(() => deployment?.close())
  return () => {
    if (deployment === undefined) throw new Error('there is no deployment')
    return deployment
  }
}

/** Mischief while every region is written to; afterwards every accepted write is accounted for and all replicas are equal. */
export async function underLoad(
  deployment: Deployment,
  table: string,
  mischief: (load: Load) => Promise<unknown>,
): Promise<void> {
  await deployment.globalTable(table)
  const load = new Load(deployment, table)
  load.start()
  try {
    await pause(300)
    await mischief(load)
    deployment.heal()
  } finally {
    await load.stop()
  }
  expect(load.accepted()).toBeGreaterThan(100)
  await load.check()
}
