/**
 * What a client of the simulation means to do, in one form for the engine (a `Write`) and for the model (what it must
 * come to). The model is told again here from DynamoDB's rules, on purpose without the engine's own code.
 */
import { unreachable } from '../../src/core/assert.ts'
import type { AttributeValue, Item } from '../../src/core/attribute/value.ts'
import { encodeItem } from '../../src/core/item/item-bytes.ts'
import { type NewItem, SentItem } from '../../src/core/item/sent-item.ts'
import { encodePrimaryKey } from '../../src/core/key/primary-key.ts'
import type { Table } from '../../src/core/table/table.ts'
import type { Write } from '../../src/core/write/write.ts'

export type KeyIntent = { readonly id: string; readonly part: string }

export type ConditionIntent = { readonly is: 'absent' } | { readonly is: 'present' } | { readonly is: number }

export type Intent = {
  readonly act: 'put' | 'increment' | 'delete' | 'check'
  readonly key: KeyIntent
  /** Unique in the run: says whose write an item is. */
  readonly tag: string
  readonly condition?: ConditionIntent
  /** Of a put. */
  readonly count?: number
  readonly group?: string
  /** Of a put: the second at which its item expires. */
  readonly expires?: number
  /** Of a put: what makes its item large. */
  readonly paddingBytes?: number
}

export type Decision =
  | { readonly refused: true }
  | { readonly refused: false; readonly next: Item | undefined; readonly changed: boolean }

export function decideIntent(intent: Intent, current: Item | undefined): Decision {
  if (intent.condition !== undefined && !holds(intent.condition, current)) return { refused: true }
  switch (intent.act) {
    case 'put':
      return { refused: false, next: putItem(intent), changed: true }
    case 'increment':
      return { refused: false, next: incremented(intent, current), changed: true }
    case 'delete':
      return { refused: false, next: undefined, changed: current !== undefined }
    case 'check':
      return { refused: false, next: current, changed: false }
  }
  return unreachable(intent.act)
}

export function keyBytes(table: Table, key: KeyIntent): Buffer {
  return encodePrimaryKey(table.key, keyAttributes(key))
}

export function writeOf(table: Table, intent: Intent): Write {
  const common = {
    table: table.id,
    key: keyBytes(table, intent.key),
    keyAttributes: keyAttributes(intent.key),
    returnItemOnRefusal: true,
  }
  const condition = intent.condition === undefined ? undefined : conditionOf(intent.condition)
  const conditional = condition === undefined ? {} : { condition }
  switch (intent.act) {
    case 'put':
      return { ...common, ...conditional, kind: 'put', item: asSent(putItem(intent)) }
    case 'delete':
      return { ...common, ...conditional, kind: 'delete' }
    case 'check':
      return { ...common, kind: 'check', condition: condition ?? conditionOf({ is: 'present' }) }
    case 'increment':
      return { ...common, ...conditional, kind: 'update', update: incrementOf(intent) }
  }
  return unreachable(intent.act)
}

/** Items as one text, whatever the order of their attributes. */
export function itemText(item: Item | undefined): string {
  if (item === undefined) return 'none'
  return JSON.stringify(Object.fromEntries(Object.entries(item).toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

function holds(condition: ConditionIntent, current: Item | undefined): boolean {
  if (condition.is === 'absent') return current === undefined
  if (condition.is === 'present') return current !== undefined
  return current !== undefined && countOf(current) === condition.is
}

export function countOf(item: Item): number | undefined {
  const value = item['n']
  return value !== undefined && 'N' in value ? Number(value.N) : undefined
}

const keyAttributes = ({ id, part }: KeyIntent): Item => ({ id: { S: id }, part: { S: part } })

/** As requests bring them: most in their bytes, the others parsed. */
function asSent(item: Item): NewItem {
  const body = encodeItem(item)
  return body.length % 4 === 0 ? item : (SentItem.at(body, 0) ?? item)
}

function putItem({ key, tag, count = 0, group, expires, paddingBytes }: Intent): Item {
  const n: AttributeValue = { N: String(count) }
  return {
    ...keyAttributes(key),
    n,
    tag: { S: tag },
    ...(group === undefined ? {} : { group: { S: group } }),
    ...(expires === undefined ? {} : { expires: { N: String(expires) } }),
    ...(paddingBytes === undefined ? {} : { padding: { S: tag.padEnd(paddingBytes, '.') } }),
  }
}

function incremented({ key, tag }: Intent, current: Item | undefined): Item {
  const count = current === undefined ? 0 : (countOf(current) ?? 0)
  return { ...(current ?? keyAttributes(key)), n: { N: String(count + 1) }, tag: { S: tag } }
}

function conditionOf({ is }: ConditionIntent): NonNullable<Write['condition']> {
  if (is === 'absent') return { op: 'attribute_not_exists', path: ['id'] }
  if (is === 'present') return { op: 'attribute_exists', path: ['id'] }
  return { op: 'compare', comparator: '=', left: { path: ['n'] }, right: { value: { N: String(is) } } }
}

function incrementOf({ tag }: Intent): Extract<Write, { kind: 'update' }>['update'] {
  const before = { ifNotExists: ['n'] as const, otherwise: { value: { N: '0' } } }
  return {
    actions: [
      { action: 'set', path: ['n'], value: { plus: [before, { value: { N: '1' } }] } },
      { action: 'set', path: ['tag'], value: { value: { S: tag } } },
    ],
  }
}
