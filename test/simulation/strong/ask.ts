/** Asks a member's engine for a register or a counter, and tells what a client would learn. */
import { ServiceError } from '../../../src/core/errors.ts'
import { StoreFailed } from '../../../src/ports/store.ts'
import type { Told } from '../../linearizability/recorder.ts'
import type { Request } from '../../linearizability/workload.ts'
import { itemIn, keyBytes, tableId, valueOf, writeOf } from './requests.ts'
import type { Member } from './start-member.ts'

export async function ask({ engine, barrier }: Member, { key, action, isEventual }: Request): Promise<Told> {
  const table = engine.tableWithId(tableId)
  if (table === undefined) return { outcome: 'refused' }
  try {
    if (action.op === 'read') {
      if (!isEventual) await barrier()
      return { outcome: 'ok', value: valueOf(itemIn(engine.get(table, keyBytes(table, key)))) }
    }
    const result = await engine.commit([writeOf(table, key, action)])
    if (!result.accepted) return { outcome: 'fail', value: valueOf(result.refusals[0]?.item) }
    const [outcome] = result.outcomes
    return { outcome: 'ok', value: valueOf((action.op === 'add' ? outcome?.next : outcome?.previous)?.item()) }
  } catch (error) {
    // Of a node that leads its region no more; its client is answered InternalServerError.
    if (error instanceof StoreFailed) return { outcome: 'unknown' }
    if (!(error instanceof ServiceError)) throw error
    return { outcome: error.code === 'ReplicatedWriteConflictException' ? 'refused' : 'unknown' }
  }
}
