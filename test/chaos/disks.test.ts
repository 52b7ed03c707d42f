/** A region without room on its disk acknowledges nothing that is not stored, says so, goes on reading, and recovers by itself. */
import { spawnSync } from 'node:child_process'
import { afterEach, expect, it } from 'vitest'
import { rounds, testMsMax } from './pace.ts'
import { Refused, sendRequest } from './request.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { pause, until } from './until.ts'

const timeout = testMsMax
/** Of util-linux; elsewhere nobody can take the room from a running process. */
const canHemIn = spawnSync('prlimit', ['--version']).status === 0
const deployment = sharedDeployment()

afterEach(() => {
  if (canHemIn) for (const region of deployment().regions) region.hemIn(undefined)
})

it.runIf(canHemIn)('a full disk: no write is acknowledged that is not stored, and it ends by itself', { timeout }, () =>
  underLoad(deployment(), 'full', async (load) => {
    const world = deployment()
    const [victim, ...others] = world.regions
    if (victim === undefined) return
    for (let round = 0; round < rounds(1, 8); round++) {
      victim.hemIn(0)
      await until('it is not ready', async () => {
        await sendRequest(victim.endpoint, 'PutItem', large(round)).catch(() => undefined)
        return !(await victim.isReady())
      })
      const ready = (await (await fetch(`${victim.endpoint}/ready`)).json()) as { reason: string }
      expect(ready.reason).toMatch(/the disk (is full|refuses writes)/)
      // One or another may still find a place in the file.
      let refused: unknown
      await until('a write is refused', async () => {
        refused = await sendRequest(victim.endpoint, 'PutItem', large(round)).catch((error: unknown) => error)
        return refused instanceof Refused
      })
      expect(refused).toMatchObject({
        message: expect.stringMatching(/The disk of this region (is full|refuses writes)/),
      })
      expect((refused as Refused).status).toBeGreaterThanOrEqual(500)
      const settings: unknown = await sendRequest(victim.endpoint, 'CreateTable', table(`new-${round}`)).catch(
        (error: unknown) => error,
      )
      if (settings instanceof Refused) expect(settings.message).toMatch(/The disk of this region/)
      // What is read, and what the others do, needs no room here.
      await sendRequest(victim.endpoint, 'Scan', { TableName: 'full' })
      const before = others.map((region) => load.accepted(region))
      const words = new RegExp(`${victim.name} .*not ready .*the disk (is full|refuses writes)`)
      await until('the status says so', async () => {
        await sendRequest(victim.endpoint, 'PutItem', large(round)).catch(() => undefined)
        return words.test((await world.operator('status')).output)
      })
      // What is small may still find a place in the file; the next that is large does not.
      await until('the metric says so', async () => {
        await sendRequest(victim.endpoint, 'PutItem', large(round)).catch(() => undefined)
        return (await victim.metric('longitude_store_writable')) === 0
      })
      await pause(1000)
      for (const [n, region] of others.entries()) expect(load.accepted(region)).toBeGreaterThan(before[n] ?? 0)
      victim.hemIn(undefined)
      await until('it has recovered by itself', () => victim.isReady())
      const recovered = load.accepted(victim)
      await until('it takes writes', () => Promise.resolve(load.accepted(victim) > recovered + 10))
    }
  }),
)

const large = (n: number) => ({ TableName: 'full', Item: { id: { S: `large-${n}` }, v: { S: 'x'.repeat(300_000) } } })

const table = (TableName: string) => ({
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
})
