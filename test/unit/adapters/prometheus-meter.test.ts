import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/adapters/system/clocks.ts'
import { prometheusMeter } from '../../../src/adapters/metrics/prometheus-meter.ts'
import { Measures } from '../../../src/readers/replication/status/measure.ts'
import type { TableStatus } from '../../../src/readers/replication/send/outbound.ts'
import type { PeerStatus, ReplicationStatus } from '../../../src/readers/replication/status/status.ts'

function statusOf(peers: readonly string[], tables: readonly string[]): ReplicationStatus {
  const status = tables.map((table): TableStatus => ({ table, pending: 3, lagMs: 1000, safeToEvacuate: false }))
  return {
    doubts: [],
    peers: peers.map(
      (peer) => ({ peer, state: 'live', line: { receiving: false }, tables: status }) as unknown as PeerStatus,
    ),
  } as unknown as ReplicationStatus
}

const named = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, n) => `${prefix}-${n}`)

describe('the series of metrics', () => {
  it('come back to what they were when tables and peers have come and gone', async () => {
    const meter = prometheusMeter({ region: 'us' })
    const measures = new Measures({ meter, clock: systemClock })
    await measures.take(statusOf([], []))
    const before = meter.size
    for (let round = 0; round < 10; round++) {
      await measures.take(statusOf(named(`peer${round}`, 2), named(`table${round}`, 1000)))
      expect(meter.size).toBeGreaterThan(10_000)
      expect(meter.size).toBeLessThan(20_000)
    }
    await measures.take(statusOf([], []))
    expect(meter.size).toBe(before)
  })

  it('of a table or a peer that stays are kept, with what was counted', async () => {
    const meter = prometheusMeter({ region: 'us' })
    const measures = new Measures({ meter, clock: systemClock })
    await measures.take(statusOf(['eu', 'ap'], ['orders', 'gone']))
    meter.count('longitude_conflicts_total', { table: 'orders' }, 2)
    meter.count('longitude_conflicts_total', { table: 'gone' }, 5)
    meter.forget({ table: 'gone' })
    meter.count('longitude_replication_applied_total', { peer: 'eu' }, 7)
    await measures.take(statusOf(['eu'], ['orders']))
    const text = await meter.render()
    expect(text).toContain('longitude_conflicts_total{table="orders",region="us"} 2')
    expect(text).toContain('longitude_replication_applied_total{peer="eu",region="us"} 7')
    expect(text).toContain('longitude_replication_table_pending{peer="eu",table="orders",region="us"} 3')
    expect(text).not.toMatch(/"gone"|"ap"/)
  })

  it('are on /metrics from the start where they have no labels', async () => {
    expect(await prometheusMeter({ region: 'us' }).render()).toContain('longitude_log_position{region="us"} 0\n')
  })
})
