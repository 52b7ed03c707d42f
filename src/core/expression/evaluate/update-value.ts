/** What SET, ADD and DELETE compute from the item as it was. A refusal is its message. */
import { addNumbers, subtractNumbers } from '../../attribute/number.ts'
import type { AttributeValue, Item } from '../../attribute/value.ts'
import { membersOf } from '../../attribute/large-values.ts'
import { valueAt } from '../../item/document.ts'
import { itemSizeBytesMax } from '../../limits/limits.ts'
import type { UpdateOperand, UpdateValue } from '../update.ts'

/** A refusal's message in place of a value. */
export type Computed<T> = { readonly value: T } | { readonly refused: string }

const missing = { refused: 'The provided expression refers to an attribute that does not exist in the item' } as const
/** As of an item that has become too large, which one with such a value is. */
export const tooLarge = { refused: 'Item size to update has exceeded the maximum allowed size' } as const
/** Of one value: each element takes two bytes of the item's size at least. */
const listElementsMax = itemSizeBytesMax / 2
const wrongType = { refused: 'An operand in the update expression has an incorrect data type' } as const

export function computeSet(operand: UpdateValue, item: Item): Computed<AttributeValue> {
  if ('plus' in operand) return arithmetic(operand.plus, item, addNumbers)
  if ('minus' in operand) return arithmetic(operand.minus, item, subtractNumbers)
  return computeOperand(operand, item)
}

/** The number's sum, the sets' union or (of the legacy parameters) the lists one after the other. */
export function computeAdd(old: AttributeValue | undefined, added: AttributeValue): Computed<AttributeValue> {
  if (old === undefined) return { value: added }
  if ('N' in old && 'N' in added) return asNumber(addNumbers(old.N, added.N))
  if ('L' in old && 'L' in added) return { value: { L: [...old.L, ...added.L] } }
  if ('SS' in old && 'SS' in added) return { value: { SS: union(old.SS, added.SS) } }
  if ('NS' in old && 'NS' in added) return { value: { NS: union(old.NS, added.NS) } }
  if ('BS' in old && 'BS' in added) return { value: { BS: union(old.BS, added.BS) } }
  return wrongType
}

/** undefined: nothing is left, since there are no empty sets. */
export function computeDelete(
  old: AttributeValue | undefined,
  deleted: AttributeValue,
): Computed<AttributeValue | undefined> {
  if (old === undefined) return { value: undefined }
  if ('SS' in old && 'SS' in deleted) return { value: unlessEmpty('SS', without(old.SS, deleted.SS)) }
  if ('NS' in old && 'NS' in deleted) return { value: unlessEmpty('NS', without(old.NS, deleted.NS)) }
  if ('BS' in old && 'BS' in deleted) return { value: unlessEmpty('BS', without(old.BS, deleted.BS)) }
  return wrongType
}

function computeOperand(operand: UpdateOperand, item: Item): Computed<AttributeValue> {
  if ('value' in operand) return operand
  if ('listAppend' in operand) return listAppend(operand.listAppend, item)
  const value = valueAt(item, 'path' in operand ? operand.path : operand.ifNotExists)
  if (value !== undefined) return { value }
  return 'path' in operand ? missing : computeOperand(operand.otherwise, item)
}

function arithmetic(
  [left, right]: readonly [UpdateOperand, UpdateOperand],
  item: Item,
  compute: typeof addNumbers,
): Computed<AttributeValue> {
  const a = computeOperand(left, item)
  if ('refused' in a) return a
  const b = computeOperand(right, item)
  if ('refused' in b) return b
  return 'N' in a.value && 'N' in b.value ? asNumber(compute(a.value.N, b.value.N)) : wrongType
}

/** The lists of all calls within each other are collected first and copied once: 300 nested calls would copy 300 times. */
function listAppend(operands: readonly [UpdateOperand, UpdateOperand], item: Item): Computed<AttributeValue> {
  const lists: (readonly AttributeValue[])[] = []
  const refused = collectLists(operands, item, lists)
  if (refused !== undefined) return refused
  const elements = lists.reduce((sum, list) => sum + list.length, 0)
  return elements > listElementsMax ? tooLarge : { value: { L: lists.flat() } }
}

function collectLists(
  operands: readonly [UpdateOperand, UpdateOperand],
  item: Item,
  lists: (readonly AttributeValue[])[],
): { readonly refused: string } | undefined {
  for (const operand of operands) {
    const nested = appendedIn(operand, item)
    const found = nested === undefined ? computeOperand(operand, item) : collectLists(nested, item, lists)
    if (found === undefined) continue
    if ('refused' in found) return found
    if (!('L' in found.value)) return wrongType
    lists.push(found.value.L)
  }
  return undefined
}

/** The operands of a call in another's place; one behind if_not_exists counts where its path leads nowhere. */
function appendedIn(operand: UpdateOperand, item: Item): readonly [UpdateOperand, UpdateOperand] | undefined {
  if ('listAppend' in operand) return operand.listAppend
  if (!('ifNotExists' in operand) || valueAt(item, operand.ifNotExists) !== undefined) return undefined
  return appendedIn(operand.otherwise, item)
}

function asNumber(result: ReturnType<typeof addNumbers>): Computed<AttributeValue> {
  return typeof result === 'string' ? { value: { N: result } } : { refused: result.message }
}

function union(old: readonly string[], added: readonly string[]): readonly string[] {
  return [...new Set([...old, ...added])]
}

function without(old: readonly string[], deleted: readonly string[]): readonly string[] {
  const gone = membersOf(deleted)
  return old.filter((element) => !gone.has(element))
}

function unlessEmpty(type: 'SS' | 'NS' | 'BS', elements: readonly string[]): AttributeValue | undefined {
  return elements.length === 0 ? undefined : ({ [type]: elements } as AttributeValue)
}
