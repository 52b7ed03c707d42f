/** Reads what a table's registers say, as this region has them. */
import { decodeRow } from '../../../core/item/row.ts'
import { replicaStates } from '../../../core/table/table-view.ts'
import type { Replica, TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'

type RegistersOfEngine = Pick<Engine, 'registers'>

export function replicasOf(engine: RegistersOfEngine, table: TableId): ReadonlyMap<string, Replica> {
  return new Map(replicaStates(registersOf(engine, table)).map((replica) => [replica.region, replica]))
}

export function registersOf(engine: RegistersOfEngine, table: TableId): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  for (const { key, row } of engine.registers(table)) {
    const { tombstone, body } = decodeRow(row)
    if (!tombstone) found.set(key.toString('utf8'), JSON.parse(body.toString('utf8')))
  }
  return found
}

/** Also of one that is to leave and has not gone. */
export const hasAll = ({ status, mayStay }: Replica): boolean =>
  status === 'ACTIVE' || status === 'UPDATING' || mayStay === true
