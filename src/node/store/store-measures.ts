/** How much of its disk a region takes, and whether it may take more, for /metrics. */
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Health, RegionLog } from '../../engine/engine.ts'
import type { Meter } from '../../ports/meter.ts'
import type { DamageNotice } from './own-engine.ts'

type Measured = { readonly folder: string; readonly damage: DamageNotice | undefined }

export function measureStore(meter: Meter, engine: RegionLog & Health, { folder, damage }: Measured): void {
  meter.gauge('longitude_log_position', engine.flushed())
  meter.gauge('longitude_log_changes', Math.max(0, engine.flushed() - engine.oldest() + 1))
  meter.gauge('longitude_store_writable', engine.trouble() === undefined ? 1 : 0)
  meter.gauge('longitude_store_damaged', damage === undefined ? 0 : 1)
  meter.gauge('longitude_tables_incomplete', damage?.incomplete.length ?? 0)
  meter.gauge('longitude_store_bytes', sizeBytesOf(folder))
}

const blockBytes = 512

/** What it takes, not what it could: LMDB's files may have holes. */
function sizeBytesOf(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => {
    const blocks = statSync(join(folder, name), { throwIfNoEntry: false })?.blocks ?? 0
    return sum + blocks * blockBytes
  }, 0)
}
