/** The metrics of replication, made from the status that people are told. */
import { statusTablesAtOnceMax } from '../../../core/limits/limits.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Env } from '../../../ports/env.ts'
import type { Labels, Meter } from '../../../ports/meter.ts'
import type { TableStatus } from '../send/outbound.ts'
import type { PeerStatus, ReplicationStatus } from './status.ts'

/** Said of a minute in which nothing came: a figure of before would look like one of now. */
const nothingCame = { averageMs: Number.NaN, minimumMs: Number.NaN, maximumMs: Number.NaN }

export class Measures {
  readonly #meter: Meter
  readonly #clock: Clock
  /** What has been measured, by name: a table or a peer that goes must not leave its last figures behind. */
  #known = new Map<string, Labels>()

  constructor({ meter, clock }: Pick<Env, 'meter' | 'clock'>) {
    this.#meter = meter
    this.#clock = clock
  }

  /** In several turns of the event loop. */
  async take(status: ReplicationStatus): Promise<void> {
    const now = new Map<string, Labels>()
    this.#meter.gauge('longitude_store_doubtful_tables', status.doubts.length)
    for (const peer of status.peers) {
      this.#peer(peer)
      now.set(peer.peer, { peer: peer.peer })
      for (const table of peer.tables) {
        if (now.size % statusTablesAtOnceMax === 0) await this.#clock.sleep(0)
        this.#table(peer.peer, table)
        now.set(`${peer.peer} ${table.table}`, { peer: peer.peer, table: table.table })
      }
    }
    for (const [name, labels] of this.#known) if (!now.has(name)) this.#meter.forget(labels)
    this.#known = now
  }

  #peer({ peer, state, line, pending, lagMs, skewMs, held, missing, safeToEvacuate, pausedUntilMs }: PeerStatus): void {
    const meter = this.#meter
    meter.gauge('longitude_replication_pending', pending, { peer })
    meter.gauge('longitude_replication_lag_seconds', lagMs / 1000, { peer })
    meter.gauge('longitude_replication_link_state', state === 'live' || state === 'idle' ? 1 : 0, { peer })
    meter.gauge('longitude_replication_safe_to_evacuate', safeToEvacuate ? 1 : 0, { peer })
    meter.gauge('longitude_replication_paused', pausedUntilMs === undefined ? 0 : 1, { peer, table: '' })
    meter.gauge('longitude_clock_held_changes', held, { peer })
    if (missing !== undefined) meter.gauge('longitude_replication_missing', missing.changes, { peer })
    if (skewMs !== undefined) meter.gauge('longitude_clock_skew_seconds', skewMs / 1000, { peer })
    meter.gauge('longitude_replication_receive_bytes_per_second', line.bytesPerSecond ?? Number.NaN, { peer })
    if (line.roundTripMs !== undefined)
      meter.gauge('longitude_replication_round_trip_seconds', line.roundTripMs / 1000, { peer })
  }

  #table(peer: string, status: TableStatus): void {
    const meter = this.#meter
    const { table, watermark, replicationLatency: latency } = status
    const labels = { peer, table }
    meter.gauge('longitude_replication_table_pending', status.pending, labels)
    meter.gauge('longitude_replication_table_lag_seconds', status.lagMs / 1000, labels)
    meter.gauge('longitude_replication_table_safe_to_evacuate', status.safeToEvacuate ? 1 : 0, labels)
    meter.gauge('longitude_replication_paused', status.pausedUntilMs === undefined ? 0 : 1, labels)
    if (watermark !== undefined) meter.gauge('longitude_replication_watermark_seconds', watermark.wallMs / 1000, labels)
    const { averageMs, minimumMs, maximumMs } = latency ?? nothingCame
    for (const [statistic, ms] of Object.entries({ average: averageMs, minimum: minimumMs, maximum: maximumMs }))
      meter.gauge('longitude_replication_latency_seconds', ms / 1000, { ...labels, statistic })
  }
}
