/** What a touch of a request means for capacity: its direction, and the global indexes that it may change. */
import type { Direction } from '../../core/capacity/direction.ts'
import type { Index, Table } from '../../core/table/table.ts'
import type { Touch } from '../touch.ts'

const reads: ReadonlySet<string> = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PartiQLSelect'])
const creations: ReadonlySet<string> = new Set(['PutItem', 'PartiQLInsert'])

export const directionOf = ({ action }: Touch): Direction => (reads.has(action) ? 'read' : 'write')

/** Global indexes that the write may change, as its request shows. */
export function changedIndexes({ indexes }: Table, { action, attributes = [] }: Touch): readonly Index[] {
  const named = new Set(attributes)
  return indexes.filter(
    (index) => index.kind === 'global' && index.status !== 'DELETING' && mayChange(index, action, named),
  )
}

/** An item that is put belongs to an index if it has the index’s key; of other writes only what they name is known. */
function mayChange({ key, projection }: Index, action: string, named: ReadonlySet<string>): boolean {
  const ofKey = [...key.partition, ...key.sort].map(({ name }) => name)
  if (action === 'ConditionCheckItem') return false
  if (creations.has(action) || action === 'BatchWriteItem') return ofKey.every((name) => named.has(name))
  if (action === 'DeleteItem' || action === 'PartiQLDelete' || projection.type === 'ALL') return true
  const projected = projection.type === 'INCLUDE' ? projection.attributes : []
  return [...ofKey, ...projected].some((name) => named.has(name))
}
