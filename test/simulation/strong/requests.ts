/** What clients ask of a table of registers and counters, as writes for the engine, and what its items say. */
import type { Item } from '../../../src/core/attribute/value.ts'
import { decodeItem } from '../../../src/core/item/item-bytes.ts'
import { bodyOffset } from '../../../src/core/item/row.ts'
import { encodePrimaryKey } from '../../../src/core/key/primary-key.ts'
import type { Table } from '../../../src/core/table/table.ts'
import type { Write } from '../../../src/core/write/write.ts'
import type { RegisterEdit } from '../../../src/engine/commands/command.ts'
import type { Action, Value } from '../../linearizability/history.ts'

export const group = 'group'
export const tableId = 'id-registers'

/** What each replica says of itself alone. */
export const localEdits = (sinceMs: number): readonly RegisterEdit[] => [
  { register: 'local/status', value: { status: 'ACTIVE', sinceMs } },
]

export function tableEdits(replicas: readonly string[], createdMs: number): readonly RegisterEdit[] {
  const id = { name: 'id', type: 'S' as const }
  const key = { partition: [id], sort: [] }
  return [
    { register: 'definition', value: { name: 'registers', createdMs, key, attributes: [id] } },
    ...replicas.map((region) => ({ register: `replica/${region}`, value: { status: 'ACTIVE' } })),
  ]
}

const keyOf = (key: string): Item => ({ id: { S: key } })

export const keyBytes = (table: Table, key: string): Buffer => encodePrimaryKey(table.key, keyOf(key))

const held = (value: Value): Item =>
  typeof value === 'number' ? { n: { N: String(value) } } : { v: { S: String(value) } }

export function writeOf(table: Table, key: string, action: Exclude<Action, { readonly op: 'read' }>): Write {
  const common = { table: table.id, key: keyBytes(table, key), keyAttributes: keyOf(key), returnItemOnRefusal: true }
  if (action.op === 'add') return { ...common, kind: 'update', ...added(action) }
  const condition = action.op === 'cas' ? { condition: holds(action.from) } : {}
  if (action.to === null) return { ...common, ...condition, kind: 'delete' }
  return { ...common, ...condition, kind: 'put', item: { ...keyOf(key), ...held(action.to) } }
}

function holds(value: Value): NonNullable<Write['condition']> {
  if (value === null) return { op: 'attribute_not_exists', path: ['id'] }
  return { op: 'compare', comparator: '=', left: { path: ['v'] }, right: { value: { S: String(value) } } }
}

function added({
  by,
  below,
}: Extract<Action, { readonly op: 'add' }>): Pick<Extract<Write, { kind: 'update' }>, 'update' | 'condition'> {
  const update = { actions: [{ action: 'add' as const, path: ['n'] as const, value: { N: String(by) } }] }
  if (below === undefined) return { update }
  const isBelow = {
    op: 'compare' as const,
    comparator: '<' as const,
    left: { path: ['n'] as const },
    right: { value: { N: String(below) } },
  }
  return { update, condition: { op: 'or', of: [{ op: 'attribute_not_exists', path: ['id'] as const }, isBelow] } }
}

export function valueOf(item: Item | undefined): Value {
  const value = item?.['v'] ?? item?.['n']
  if (value === undefined) return null
  return 'N' in value ? Number(value.N) : 'S' in value ? value.S : null
}

export function itemIn(row: Buffer | undefined): Item | undefined {
  return row === undefined ? undefined : decodeItem(row.subarray(bodyOffset(row)))
}
