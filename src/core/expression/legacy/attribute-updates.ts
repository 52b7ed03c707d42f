/** AttributeUpdates: the update of an item before there were update expressions. Names are no paths. */
import { type AttributeType, type AttributeValue, typeOf } from '../../attribute/value.ts'
import type { Update, UpdateAction } from '../update.ts'
import { invalid } from './comparison.ts'

export type AttributeUpdate = {
  readonly Action?: 'PUT' | 'ADD' | 'DELETE' | undefined
  readonly Value?: AttributeValue | undefined
}

export type AttributeUpdates = Readonly<Record<string, AttributeUpdate>>

const sets: ReadonlySet<AttributeType> = new Set<AttributeType>(['SS', 'NS', 'BS'])

export function lowerAttributeUpdates(updates: AttributeUpdates | undefined): Update {
  return { actions: Object.entries(updates ?? {}).map(([name, update]) => lowerUpdate(name, update)), legacy: true }
}

function lowerUpdate(name: string, { Action: action = 'PUT', Value: value }: AttributeUpdate): UpdateAction {
  if (value === undefined) {
    if (action === 'DELETE') return { action: 'remove', path: [name] }
    throw invalid('Only DELETE action is allowed when no attribute value is specified')
  }
  if (action === 'PUT') return { action: 'set', path: [name], value: { value } }
  const type = typeOf(value)
  if (action === 'DELETE') {
    if (!sets.has(type)) throw invalid(`DELETE action with value is not supported for the type ${type}`)
    return { action: 'delete', path: [name], value }
  }
  if (type !== 'N' && type !== 'L' && !sets.has(type)) throw invalid(`ADD action is not supported for the type ${type}`)
  return { action: 'add', path: [name], value }
}
