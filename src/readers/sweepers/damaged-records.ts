/**
 * Puts right what somebody has found damaged in the store while the region runs: index rows and sizes by an audit of their table, rows by a
 * comparison of the table with its other replicas. Rows that no other replica has stay quarantined.
 */
import { errorText } from '../../core/error-text.ts'
import type { Table } from '../../core/table/table.ts'
import { incompleteStatus } from '../../engine/store/leftovers.ts'
import type { Health, ReadTables } from '../../engine/engine.ts'
import type { Env } from '../../ports/env.ts'
import type { Service } from '../../ports/service.ts'
import { periodic } from '../periodic.ts'

const everyMs = 5000

type Repairs = {
  readonly engine: ReadTables & Health
  /** Compares a table with its other replicas and mends this one. */
  readonly repair: (table: Table) => Promise<{ readonly unknown: number }>
}

export function damagedRecords({ clock, log }: Pick<Env, 'clock' | 'log'>, repairs: Repairs): Service {
  let [repaired, warned] = [0, 0]
  let busy = false
  const repair = async (): Promise<void> => {
    const { count } = repairs.engine.damage
    if (busy || count === repaired) return
    busy = true
    try {
      await repairAll(repairs)
      repaired = count
    } catch (error) {
      if (count !== warned) log.warn('damaged records wait for their repair', { error: errorText(error) })
      warned = count
    }
    busy = false
  }
  return periodic(clock, {
    everyMs,
    // A stop does not wait for a comparison, which ends when replication does.
    run: async () => void repair(),
  })
}

async function repairAll({ engine, repair }: Repairs): Promise<void> {
  const { damage } = engine
  const derived = damage.tables('derived')
  for (const { id, number } of engine.tables().filter((table) => derived.has(table.number))) {
    await engine.audit(id)
    damage.forget('derived', number)
  }
  const damaged = damage.tables('row')
  const isRepairable = ({ number, replicas, status }: Table): boolean =>
    damaged.has(number) && replicas.length > 1 && status !== incompleteStatus
  for (const table of engine.tables().filter(isRepairable)) {
    const { unknown } = await repair(table)
    if (unknown === 0) damage.forget('row', table.number)
  }
}
