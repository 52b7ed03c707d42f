/**
 * Repairs this region's replica of a table: where replicas differ, every region decides by the same rows for the same one, and
 * puts its own right. So all that is needed is that each does it, one after the other.
 */
import { isSameRow } from '../../../core/reconcile/digest.ts'
import { chooseRow } from '../../../core/reconcile/choose-row.ts'
import type { RegisterValues } from '../../../core/table/registers.ts'
import type { Table } from '../../../core/table/table.ts'
import { incompleteStatus } from '../../../engine/store/leftovers.ts'
import type { Comparison, Difference, VerifyDeps } from './verify.ts'
import { compareReplicas } from './verify.ts'

export type RepairedReplica = {
  readonly comparison: Comparison
  readonly mended: number
  /** No replica has a valid row, nor has any of them nothing. */
  readonly unknown: number
  /** Index rows, counts and the like of this region that did not follow from its rows. */
  readonly corrected: number
}

export async function repairReplica(deps: VerifyDeps, table: Table): Promise<RepairedReplica> {
  const comparison = await compareReplicas(deps, table)
  let [mended, unknown] = [0, 0]
  for (const difference of comparison.differing) {
    const done = await repairKey(deps, table, difference, comparison.replicas)
    if (done === 'mended') mended++
    if (done === 'unknown') unknown++
  }
  const corrected = await deps.engine.audit(table.id)
  await acceptIncomplete(deps, table)
  return { comparison, mended, unknown, corrected }
}

/** What damage has left of the table is the table from now on: the operator says so by the repair. */
async function acceptIncomplete({ engine, clock }: VerifyDeps, { id }: Table): Promise<void> {
  if (engine.tableWithId(id)?.status !== incompleteStatus) return
  const status: RegisterValues['local/status'] = { status: 'ACTIVE', sinceMs: clock.wallMs() }
  await engine.define(id, [{ register: 'local/status', value: status }])
}

async function repairKey(
  { engine }: VerifyDeps,
  table: Table,
  { key, rows }: Difference,
  replicas: readonly string[],
): Promise<'mended' | 'right' | 'unknown'> {
  const own = rows.get(engine.region.name)
  const choice = chooseRow(
    replicas.map((region) => {
      const row = rows.get(region)
      return { row, isValid: row !== undefined && engine.isRowOf(table.id, key, row) }
    }),
  )
  if (choice.chosen === 'unknown') return 'unknown'
  const row = choice.chosen === 'row' ? choice.row : undefined
  if (row === undefined ? own === undefined : own !== undefined && isSameRow(own, row)) return 'right'
  return (await engine.mend(table.id, key, { found: own, row })) ? 'mended' : 'right'
}
