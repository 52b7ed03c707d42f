/** The quorum servers of `longitude up`: started once one is wanted, in one cluster through the links, over TLS, and kept by the supervisor. */
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import { layOut } from '../../src/deployment/layout.ts'
import { readRegions } from '../../src/deployment/regions.ts'
import { natsAccess } from '../../src/deployment/secrets/nats/nats-access.ts'
import { seedPath } from '../../src/deployment/secrets/nats/nats-secrets.ts'
import type { QuorumStream } from '../../src/ports/quorum.ts'
import { quiet } from '../replication/nats.ts'
import { alive, eventually, longitude, prepareProgram, removeFolder, temporaryFolder, up } from './command-line.ts'

const regions = ['us-east-1', 'eu-west-1', 'ap-northeast-1'] as const
const patienceMs = 120_000
const undo: (() => unknown)[] = []

beforeAll(prepareProgram, 300_000)
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step()
})

test(
  'quorum servers start when a node wants them, a cut of two regions cuts their route, and nothing of them is left',
  async () => {
    const data = temporaryFolder()
    undo.push(() => removeFolder(data))
    const running = await up(data, '--no-latency', '--tls')
    undo.push(async () => {
      running.supervisor.kill('SIGTERM')
      await running.ended
    })
    expect(existsSync(join(data, 'us-east-1', 'quorum'))).toBe(false)
    writeFileSync(join(data, 'quorum-wanted'), '')
    const streams = await Promise.all(regions.map(async (region) => await openAt(data, running.basePort, region)))
    const [cut, other] = streams as [QuorumStream, QuorumStream]
    await appended(cut, 'before')
    for (const name of ['quorum.conf', 'quorum']) expect(statSync(join(data, 'us-east-1', name)).mode & 0o077).toBe(0)

    const on = ['--data', data] as const
    expect(await longitude('links', 'set', 'us-east-1..all', '--down', ...on)).toMatchObject({ status: 0 })
    await eventually('the region is in the minority', () => cut.state() === 'minority', patienceMs)
    await appended(other, 'without')
    await expect(cut.append('lost', Buffer.from('lost'))).rejects.toThrow()
    expect(await longitude('links', 'heal', ...on)).toMatchObject({ status: 0 })
    const texts: string[] = []
    const following = cut.follow(0, ({ bytes }) => void texts.push(bytes.toString()), { onGap: () => undefined })
    await appended(cut, 'after')
    await eventually('the region has all', () => texts.at(-1) === 'after', patienceMs)
    expect(texts.filter((text) => text !== 'lost')).toEqual(['before', 'without', 'after'])
    await following.stop()

    running.supervisor.kill('SIGTERM')
    await running.ended
    expect(alive(running.overview.processes)).toEqual([])
    const { quorum } = layoutOf(data, running.basePort).regions[0] ?? {}
    await expect(fetch(`http://127.0.0.1:${quorum?.port}`)).rejects.toThrow()
  },
  4 * patienceMs,
)

function layoutOf(data: string, basePort: number) {
  return layOut({ regions, basePort, data, host: '127.0.0.1', cache: true, latency: false, tls: true }, readRegions())
}

async function openAt(data: string, basePort: number, region: string): Promise<QuorumStream> {
  const plan = layoutOf(data, basePort).regions.find(({ name }) => name === region)
  const natsNkey = seedPath(join(data, 'nats-secrets'), region, 'node')
  const access = natsAccess({ natsTlsCa: join(data, 'tls', 'authority.crt'), natsNkey })
  const server = access.own(`tls://127.0.0.1:${plan?.quorum?.port}`)
  const quorum = new NatsQuorum({ self: region, server, regions: () => regions, log: quiet })
  undo.push(() => quorum.close())
  let stream: QuorumStream | undefined
  const open = async (): Promise<boolean> =>
    (stream = await quorum.open('a-group', regions).catch(() => undefined)) !== undefined
  await eventually(`the stream is open in ${region}`, open, patienceMs)
  return stream as QuorumStream
}

async function appended(stream: QuorumStream, text: string): Promise<void> {
  const isPlaced = async (): Promise<boolean> =>
    (await stream.append(text, Buffer.from(text)).catch(() => undefined)) !== undefined
  await eventually(`${text} is placed`, isPlaced, patienceMs)
}
