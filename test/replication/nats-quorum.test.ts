/** Shared streams on clusters of real servers. What every quorum does is in the contract; here is what only servers can do. */
import { headers } from '@nats-io/transport-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { NatsQuorum } from '../../src/adapters/nats/quorum/nats-quorum.ts'
import type { Meter } from '../../src/ports/meter.ts'
import { connectOnce } from '../../src/adapters/nats/nats-connect.ts'
import { placedSubject, quorumSubject } from '../../src/adapters/nats/quorum/nats-quorum-subjects.ts'
import type { QuorumEntry, QuorumStream } from '../../src/ports/quorum.ts'
import { quorumContract, type QuorumUnderTest } from '../quorum/contract.ts'
import { eventually } from './eventually.ts'
import { natsBinaries } from './nats.ts'
import { QuorumServers } from './quorum-servers.ts'

/** The whole contract with servers that are killed takes minutes: npm run test:quorum. */
const isWhole = process.env['LONGITUDE_QUORUM'] === 'whole'
const regions = ['eu-west-1', 'us-east-1', 'us-west-2', 'ap-northeast-1'] as const
const members = regions.slice(0, 3)
const patienceMs = 60_000

if (isWhole)
  for (const binary of await natsBinaries())
    quorumContract(`quorum on ${binary}`, async () => await underTest(binary), { patienceMs })

describe.each(await natsBinaries())('shared streams on %s', (binary) => {
  let servers: QuorumServers
  let quorums: Map<string, NatsQuorum>

  beforeAll(async () => {
    servers = await QuorumServers.start(binary, regions)
    quorums = new Map(regions.map((region) => [region, servers.quorum(region)]))
  }, patienceMs)

  afterAll(async () => {
    await Promise.all([...quorums.values()].map(async (quorum) => await quorum.close()))
    await servers.remove()
  })

  const quorumOf = (region: string): NatsQuorum => quorums.get(region) as NatsQuorum

  async function open(region: string, group: string): Promise<QuorumStream> {
    let stream: QuorumStream | undefined
    await eventually(
      `${group} is open`,
      async () =>
        (stream = await quorumOf(region)
          .open(group, members)
          .catch(() => undefined)) !== undefined,
      patienceMs,
    )
    return stream as QuorumStream
  }

  /** Under one id, as a member does: an answer may be lost. */
  async function appended(stream: QuorumStream, id: string, text = id): Promise<number> {
    let sequence: number | undefined
    await eventually(
      `${id} is placed`,
      async () => (sequence = await stream.append(id, Buffer.from(text)).catch(() => undefined)) !== undefined,
      patienceMs,
    )
    return sequence as number
  }

  function followed(stream: QuorumStream, after = 0) {
    const entries: QuorumEntry[] = []
    const gaps: number[] = []
    const following = stream.follow(after, (entry) => void entries.push(entry), { onGap: (first) => gaps.push(first) })
    const texts = (): string[] => entries.map(({ bytes }) => bytes.toString())
    return { entries, texts, gaps, stop: async () => await following.stop() }
  }

  it(
    'has copies on the servers of the members only',
    async () => {
      await open('eu-west-1', 'same')
      await expect(
        quorumOf('ap-northeast-1').open('same', ['eu-west-1', 'us-east-1', 'ap-northeast-1']),
      ).rejects.toThrow('has copies on other servers: us-west-2')
    },
    patienceMs,
  )

  it(
    'goes on while a member’s server is killed and wiped, and fills that when it is back',
    async () => {
      const stream = await open('eu-west-1', 'killed')
      const follower = followed(stream)
      await appended(stream, 'before')
      await servers.stop('us-east-1')
      servers.wipe('us-east-1')
      await appended(stream, 'meanwhile')
      servers.start('us-east-1')
      const returned = followed(await open('us-east-1', 'killed'))
      await appended(stream, 'after')
      for (const { texts } of [follower, returned])
        await eventually('all are given', () => texts().join() === 'before,meanwhile,after', patienceMs)
    },
    patienceMs,
  )

  it(
    'tells a follower of entries that were trimmed, also when none is left',
    async () => {
      const stream = await open('eu-west-1', 'trimmed')
      for (let n = 1; n <= 5; n++) await appended(stream, `e${n}`)
      await stream.trim(3)
      const behind = followed(stream, 1)
      const upToDate = followed(stream, 3)
      await eventually('the gap is told', () => behind.gaps.join() === '4', patienceMs)
      await eventually('the rest is given', () => upToDate.texts().join() === 'e4,e5', patienceMs)
      expect(behind.entries).toEqual([])
      await stream.trim(5)
      const late = followed(stream, 2)
      await eventually('the gap is told', () => late.gaps.join() === '6', patienceMs)
    },
    patienceMs,
  )

  it(
    'is measured: who leads, what is kept, and what this region lacks',
    async () => {
      const gauges = new Map<string, number>()
      const forgotten: unknown[] = []
      const meter: Meter = {
        count: () => undefined,
        observe: () => undefined,
        gauge: (name, value, labels) => void gauges.set(`${name} ${labels?.['group']}`, value),
        forget: (labels) => forgotten.push(labels),
      }
      await open('eu-west-1', 'measured')
      const quorum = servers.quorum('eu-west-1', meter)
      const stream = await quorum.open('measured', members)
      for (const text of ['a', 'b', 'c']) await appended(stream, text)
      await stream.trim(1)
      const following = stream.follow(2, () => new Promise<void>(() => undefined), { onGap: () => undefined })
      const of = (name: string): number | undefined => gauges.get(`longitude_quorum_${name} measured`)
      await eventually('all is measured', () => of('entries') === 2 && of('behind_entries') === 1, patienceMs)
      expect(of('majority')).toBe(1)
      expect([0, 1]).toContain(of('leader'))
      void following
      await quorum.close()
      expect(forgotten).toEqual([{ group: 'measured' }])
    },
    patienceMs,
  )

  it(
    'is not misled by a message that claims another place, and gives it in its own',
    async () => {
      const stream = await open('eu-west-1', 'forged')
      const follower = followed(stream)
      const connection = await connectOnce('us-east-1', servers.server('us-east-1'), 'test')
      const forged = headers()
      for (const [name, value] of [
        ['Nats-Sequence', '7'],
        ['Nats-Stream', 'OTHER'],
        ['Nats-Msg-Id', 'x'.repeat(5000)],
      ])
        forged.append(name as string, value as string)
      await eventually(
        'it is stored',
        async () =>
          (await connection.request(quorumSubject('forged'), 'forged', { headers: forged, timeout: 5000 }).then(
            (reply) => reply.json<{ seq?: number }>().seq,
            () => undefined,
          )) !== undefined,
        patienceMs,
      )
      await appended(stream, 'true')
      await eventually('both are given', () => follower.texts().join() === 'forged,true', patienceMs)
      expect(follower.entries.map(({ sequence, id }) => [sequence, id])).toEqual([
        [1, ''],
        [2, 'true'],
      ])
      await connection.close()
    },
    patienceMs,
  )

  it(
    'lets a node do no more than it must: it may not push entries to others, nor make consumers',
    async () => {
      const connection = await connectOnce('us-east-1', servers.server('us-east-1'), 'test')
      const refused: string[] = []
      void (async () => {
        for await (const status of connection.status()) if (status.type === 'error') refused.push(String(status.error))
      })()
      connection.publish(placedSubject('same'), 'x')
      connection.publish('$JS.API.CONSUMER.CREATE.QUORUM_same', '{}')
      await eventually('both are refused', () => refused.length === 2, patienceMs)
      await connection.close()
    },
    patienceMs,
  )
})

async function underTest(binary: string): Promise<QuorumUnderTest> {
  const servers = await QuorumServers.start(binary, members)
  const quorums = members.map((name) => ({ name, quorum: servers.quorum(name) }))
  return {
    members: quorums,
    stop: async (name) => await servers.stop(name),
    start: async (name) => servers.start(name),
    remove: async () => {
      await Promise.all(quorums.map(async ({ quorum }) => await quorum.close()))
      await servers.remove()
    },
  }
}
