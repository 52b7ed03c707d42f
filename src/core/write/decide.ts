/**
 * What becomes of a write, given the item that is there: accepted, with the item afterwards, or refused in DynamoDB's
 * words. Pure and deterministic, so that the same write can one day be decided by several replicas, each for itself.
 * The current item is parsed only where a condition, an update or an answer has to look inside.
 */
import { unreachable } from '../assert.ts'
import { sizeOfItem } from '../attribute/size.ts'
import { parsedItem, SentItem } from '../item/sent-item.ts'
import { applyUpdate } from '../expression/evaluate/apply-update.ts'
import type { Item } from '../attribute/value.ts'
import { tooLarge } from '../expression/evaluate/update-value.ts'
import type { Condition } from '../expression/condition.ts'
import { evaluate } from '../expression/evaluate/evaluate.ts'
import { itemSizeBytesMax } from '../limits/limits.ts'
import type { Table } from '../table/table.ts'
import { indexKeyProblem } from './index-keys.ts'
import type { Current, Next, Outcome, Refusal, Write } from './write.ts'

type Put = Extract<Write, { kind: 'put' }>
type UpdateWrite = Extract<Write, { kind: 'update' }>

export function decide(write: Write, table: Table, current: Current | undefined): Outcome | Refusal {
  return formProblem(write, table) ?? conditionRefusal(write, current) ?? outcomeOf(write, table, current)
}

/** What is wrong with a write whatever the item; DynamoDB finds it before it reads. */
function formProblem(write: Write, table: Table): Refusal | undefined {
  if (write.kind === 'update') return keyUpdateRefusal(write)
  if (write.kind !== 'put' || table.indexes.length === 0) return undefined
  const problem = indexKeyProblem(table, { next: parsedItem(write.item), wording: 'put' })
  return problem === undefined ? undefined : invalid(problem)
}

function keyUpdateRefusal({ update, keyAttributes }: UpdateWrite): Refusal | undefined {
  const key = update.actions.find((action) => Object.hasOwn(keyAttributes, action.path[0]))?.path[0]
  if (key === undefined) return undefined
  return invalid(
    `One or more parameter values were invalid: Cannot update attribute ${key}. This attribute is part of the key`,
  )
}

function conditionRefusal(write: Write, current: Current | undefined): Refusal | undefined {
  const { condition } = write
  if (condition === undefined || holds(condition, write, current)) return undefined
  const item = write.returnItemOnRefusal === true ? current?.item() : undefined
  return { refused: 'condition', message: 'The conditional request failed', ...(item === undefined ? {} : { item }) }
}

function holds(condition: Condition, write: Write, current: Current | undefined): boolean {
  return existence(condition, write, current) ?? evaluate(condition, current?.item())
}

/** Whether there is an item at all, asked of a key attribute as is the custom, is known without looking into it. */
function existence(condition: Condition, write: Write, current: Current | undefined): boolean | undefined {
  if (condition.op !== 'attribute_exists' && condition.op !== 'attribute_not_exists') return undefined
  const [name, ...deeper] = condition.path
  if (deeper.length > 0 || !Object.hasOwn(write.keyAttributes, name)) return undefined
  return (current !== undefined) === (condition.op === 'attribute_exists')
}

function outcomeOf(write: Write, table: Table, current: Current | undefined): Outcome | Refusal {
  switch (write.kind) {
    case 'put':
      return putOutcome(write, current)
    case 'update':
      return updateOutcome(write, table, current)
    case 'delete':
      return { previous: current, next: undefined, changed: current !== undefined }
    case 'check':
      return { previous: current, next: undefined, changed: false }
    default:
      return unreachable(write)
  }
}

function putOutcome({ item }: Put, current: Current | undefined): Outcome | Refusal {
  const next = item instanceof SentItem ? item : new MadeItem(item)
  if (next.sizeBytes > itemSizeBytesMax)
    return { refused: 'item-size', message: 'Item size has exceeded the maximum allowed size' }
  return { previous: current, next, changed: true }
}

function updateOutcome(write: UpdateWrite, table: Table, current: Current | undefined): Outcome | Refusal {
  const previous = current?.item()
  const result = applyUpdate(write.update, previous, write.keyAttributes)
  if ('refused' in result) return result.refused === tooLarge.refused ? itemTooLarge : invalid(result.refused)
  const { item } = result
  if (item === undefined) return { previous: current, next: undefined, changed: false }
  const wording = write.update.legacy === true ? 'put' : 'update'
  const problem = indexKeyProblem(table, { next: item, previous: previous ?? write.keyAttributes, wording })
  if (problem !== undefined) return invalid(problem)
  const next = new MadeItem(item)
  if (next.sizeBytes > itemSizeBytesMax) return itemTooLarge
  return { previous: current, next, changed: true }
}

const itemTooLarge: Refusal = { refused: 'item-size', message: tooLarge.refused }

class MadeItem implements Next {
  readonly sizeBytes: number
  readonly #item: Item

  constructor(item: Item) {
    this.sizeBytes = sizeOfItem(item)
    this.#item = item
  }

  item(): Item {
    return this.#item
  }
}

function invalid(message: string): Refusal {
  return { refused: 'validation', message }
}
