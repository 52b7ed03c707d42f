/**
 * Transactions that are larger than a message may be: none is applied in parts, and none is lost. Messages of two changes make most
 * transactions of the simulator's clients large, and everything that defines a table.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Batch } from '../../src/core/change/batch.ts'
import type { Write } from '../../src/core/write/write.ts'

const parts = { sent: 0 }
const counted = '../../src/core/change/batch.ts'
const limits = '../../src/core/limits/limits.ts'
const lineLimits = '../../src/core/limits/line-limits.ts'

beforeAll(() => {
  vi.resetModules()
  vi.doMock(limits, async (original) => ({
    ...(await original<Record<string, unknown>>()),
    messageChangesMax: 2,
  }))
  vi.doMock(lineLimits, async (original) => ({
    ...(await original<Record<string, unknown>>()),
    transactionPartsMax: 64,
  }))
  vi.doMock(counted, async (original) => {
    const actual = await original<{ encodeBatch: (batch: Batch) => Buffer }>()
    const encodeBatch = (batch: Batch): Buffer => {
      if (batch.part !== undefined) parts.sent++
      return actual.encodeBatch(batch)
    }
    return { ...actual, encodeBatch }
  })
})

afterAll(() => {
  for (const path of [limits, lineLimits, counted]) vi.doUnmock(path)
  vi.resetModules()
})

describe('transactions that come in several messages', () => {
  // Seed 7: the stream has left out a transaction that the peer's log tells by now, and the peer refuses after its first part.
  it('are applied as wholes under all faults, for seeds 1 to 8', { timeout: 300_000 }, async () => {
    const { runSeed } = await import('./run.ts')
    for (let seed = 1; seed <= 8; seed++) {
      const { failure, story } = await runSeed({ seed })
      expect(failure === undefined ? undefined : [failure.stack, ...story.slice(-40)].join('\n')).toBeUndefined()
    }
    expect(parts.sent).toBeGreaterThan(60)
  })

  it.each([
    ['the first', 1],
    ['one in the middle', 3],
    ['the last', 5],
  ])('are asked for when %s of their messages is lost', async (_, lost) => {
    const { World } = await import('./world.ts')
    const { Administrator } = await import('./administrator.ts')
    const { writeOf } = await import('./intent.ts')
    const { difference } = await import('./checks.ts')
    const { decodeBatch, encodeBatch } = await import('../../src/core/change/batch.ts')
    const { kindOf } = await import('../../src/core/change/message.ts')
    const world = new World({ seed: 1, regionCount: 2, variant: {} })
    const [origin, peer] = world.regions
    if (origin === undefined || peer === undefined) throw new Error('two regions')
    const numbers = new Set<number>()
    await world.scheduler.run(
      (async () => {
        await Promise.all([origin.start(), peer.start()])
        const administrator = new Administrator(world)
        await administrator.createTable(origin, 'orders', false)
        await administrator.addReplicas(origin, 'orders', [peer])
        await administrator.untilComplete()
        const table = origin.engine?.tableNamed('orders')
        if (table === undefined) throw new Error('the table is there')
        world.network.link(origin.name, peer.name).alter = world.signedWrong((payload, { question }) => {
          const batch = kindOf(payload) === 'batch' && question === undefined ? decodeBatch(payload) : undefined
          if (batch?.part === undefined) return payload
          numbers.add(batch.part.number)
          return batch.part.number === lost ? encodeBatch({ ...batch, epoch: 'lost' }) : payload
        })
        const writes: Write[] = Array.from({ length: 10 }, (__, n) =>
          writeOf(table, { act: 'put', key: { id: `k${n}`, part: 'a' }, tag: `t${n}` }),
        )
        await origin.engine?.commit(writes)
        await world.scheduler.sleep(20_000)
        expect(difference(world)).toBeUndefined()
      })(),
    )
    for (const region of world.regions) region.crash()
    expect(numbers).toEqual(new Set([1, 2, 3, 4, 5]))
  })
})
