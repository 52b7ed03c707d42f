/** A region whose NATS server refuses its stream goes on serving, says what is wrong, and publishes by itself once the cause is gone. */
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { afterEach, expect, it } from 'vitest'
import { rounds, testMsMax } from './pace.ts'
import { sharedDeployment, underLoad } from './shared.ts'
import { until } from './until.ts'

const timeout = testMsMax
const deployment = sharedDeployment()
const undo: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const step of undo.toReversed()) await step()
  undo.length = 0
})

type Ready = { readonly ready: boolean; readonly degraded?: { readonly kind: string; readonly advice: string } }

it('a stream that is refused, sealed or deleted: the region serves, says so, and goes on by itself', { timeout }, () =>
  underLoad(deployment(), 'refused', async (load) => {
    const world = deployment()
    for (let round = 0; round < rounds(1, 8); round++) {
      const victim = world.regions[round % world.regions.length]
      if (victim === undefined) return
      const stream = `LOG_${victim.name}`
      const manager = await managerOf(victim.natsPort)
      const readiness = async (): Promise<Ready> => (await (await fetch(`${victim.endpoint}/ready`)).json()) as Ready
      // The deletion, and then the stream of somebody else in its place: the node can only wait.
      await until('somebody else has the subject', async () => {
        await manager.streams.delete(stream).catch(() => undefined)
        const other = manager.streams.add({ name: 'other', subjects: ['log.>'] })
        return await other.then(
          () => true,
          () => false,
        )
      })
      await until('it says so', async () => (await readiness()).degraded?.kind === 'wrong')
      const said = await readiness()
      expect(said).toMatchObject({
        ready: true,
        degraded: { advice: expect.stringContaining('delete the other stream') },
      })
      expect(await victim.metric('longitude_stream_refusals_total', 'kind="wrong"')).toBeGreaterThan(0)
      expect((await world.operator('status')).output).toContain(`${victim.name} does not publish since`)
      const taken = load.accepted(victim)
      await until('it takes writes all the same', () => Promise.resolve(load.accepted(victim) > taken + 10))
      await manager.streams.delete('other')
      await until('it publishes again', async () => (await readiness()).degraded === undefined)
      await manager.streams.update(stream, { sealed: true } as object)
      const sealed = async (): Promise<boolean> => (await manager.streams.info(stream)).config.sealed
      await until('the sealed stream is made anew', async () => !(await sealed().catch(() => true)))
      await until('it publishes after that', async () => (await readiness()).degraded === undefined)
    }
  }),
)

async function managerOf(port: number): Promise<JetStreamManager> {
  const connection = await connect({ servers: `nats://127.0.0.1:${port}` })
  undo.push(() => connection.close())
  return await jetstreamManager(connection, { checkAPI: false })
}
