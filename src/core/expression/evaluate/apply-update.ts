/**
 * The item that an update makes of another. First every action is computed against the item as it was; then the
 * actions' paths, of which none holds another, are laid out as a tree and the item is rebuilt along it, sharing
 * everything that no path touches. So list indexes mean the list as it was, whatever else the update does.
 */
import { unreachable } from '../../assert.ts'
import { sizeOfValue } from '../../attribute/size.ts'
import { attribute, type AttributeValue, type Item, setAttribute } from '../../attribute/value.ts'
import { valueAt } from '../../item/document.ts'
import { itemSizeBytesMax, nestingDepthMax } from '../../limits/limits.ts'
import { nestingProblem } from '../../wire/attribute-values.ts'
import type { Path } from '../path.ts'
import { type Computed, computeAdd, computeDelete, computeSet, tooLarge } from './update-value.ts'
import type { Update, UpdateAction } from '../update.ts'

export type UpdateResult = { readonly item: Item | undefined } | { readonly refused: string }

/** Where a path ends, its new value (undefined: removed); before that, the steps that go on. */
type Edit = { readonly value: AttributeValue | undefined } | { readonly steps: Map<string | number, Edit> }

const invalidPath = { refused: 'The document path provided in the update expression is invalid for update' } as const

/** `item` undefined: there was none. An update that only takes away makes none, so the result may be none either. */
export function applyUpdate(update: Update, item: Item | undefined, keyAttributes: Item): UpdateResult {
  const original = item ?? keyAttributes
  const edits: Edit = { steps: new Map() }
  let sizeBytes = 0
  for (const action of update.actions) {
    const result = isPlaceThere(original, action.path) ? compute(action, original) : invalidPath
    if ('refused' in result) return { refused: update.legacy === true ? legacyMessage(result.refused) : result.refused }
    // No path holds another, so the item will hold all of these values.
    if (result.value !== undefined) sizeBytes += sizeOfValue(result.value)
    if (sizeBytes > itemSizeBytesMax) return tooLarge
    if (nestsTooDeeply(action.path, result.value)) return { refused: nestingProblem }
    insert(edits, action.path, result.value)
  }
  if (item === undefined && onlyTakesAway(update)) return { item: undefined }
  return { item: rebuildItem(original, edits.steps) }
}

function compute(action: UpdateAction, item: Item): Computed<AttributeValue | undefined> {
  switch (action.action) {
    case 'set':
      return computeSet(action.value, item)
    case 'remove':
      return { value: undefined }
    case 'add':
      return computeAdd(valueAt(item, action.path), action.value)
    case 'delete':
      return computeDelete(valueAt(item, action.path), action.value)
    default:
      return unreachable(action)
  }
}

function legacyMessage(message: string): string {
  return message.startsWith('An operand in the update expression') ? 'Type mismatch for attribute to update' : message
}

function onlyTakesAway(update: Update): boolean {
  const takesAway = update.actions.every(({ action }) => action === 'remove' || action === 'delete')
  return update.actions.length > 0 && takesAway
}

/** A path may end anew, but what holds its last step must be there, a map for a name and a list for an index. */
function isPlaceThere(item: Item, path: Path): boolean {
  if (path.length === 1) return true
  const holder = valueAt(item, path.slice(0, -1) as unknown as Path)
  if (holder === undefined) return false
  return typeof path.at(-1) === 'string' ? 'M' in holder : 'L' in holder
}

/** Values of a request or an item are no deeper than allowed by themselves, but one may be set below another. */
function nestsTooDeeply(path: Path, value: AttributeValue | undefined): boolean {
  return path.length > 1 && value !== undefined && path.length - 1 + depthOf(value) > nestingDepthMax
}

function depthOf(value: AttributeValue): number {
  if ('M' in value) return 1 + deepest(Object.values(value.M))
  return 'L' in value ? 1 + deepest(value.L) : 1
}

function deepest(values: readonly AttributeValue[]): number {
  return values.reduce((depth, value) => Math.max(depth, depthOf(value)), 0)
}

function insert(
  edits: { readonly steps: Map<string | number, Edit> },
  path: Path,
  value: AttributeValue | undefined,
): void {
  let steps = edits.steps
  for (const step of path.slice(0, -1)) steps = stepsBelow(steps, step)
  steps.set(path.at(-1) ?? '', { value })
}

function stepsBelow(steps: Map<string | number, Edit>, step: string | number): Map<string | number, Edit> {
  const known = steps.get(step)
  if (known !== undefined && 'steps' in known) return known.steps
  const below = { steps: new Map<string | number, Edit>() }
  steps.set(step, below)
  return below.steps
}

function rebuild(value: AttributeValue | undefined, edit: Edit): AttributeValue | undefined {
  if ('value' in edit) return edit.value
  if (value !== undefined && 'M' in value) return { M: rebuildItem(value.M, edit.steps) }
  if (value !== undefined && 'L' in value) return { L: rebuildList(value.L, edit.steps) }
  return value
}

function rebuildItem(item: Item, steps: ReadonlyMap<string | number, Edit>): Item {
  const rebuilt: Record<string, AttributeValue> = {}
  for (const name of Object.keys(item)) {
    const edit = steps.get(name)
    const old = attribute(item, name)
    const value = edit === undefined ? old : rebuild(old, edit)
    if (value !== undefined) setAttribute(rebuilt, name, value)
  }
  for (const [name, edit] of steps) {
    if (typeof name !== 'string' || Object.hasOwn(item, name)) continue
    const value = rebuild(undefined, edit)
    if (value !== undefined) setAttribute(rebuilt, name, value)
  }
  return rebuilt
}

/** Elements set beyond the end come after it in the order of their indexes, without holes. */
function rebuildList(
  list: readonly AttributeValue[],
  steps: ReadonlyMap<string | number, Edit>,
): readonly AttributeValue[] {
  const kept = list.map((element, n) => {
    const edit = steps.get(n)
    return edit === undefined ? element : rebuild(element, edit)
  })
  const beyond = [...steps.entries()]
    .filter(([index]) => typeof index === 'number' && index >= list.length)
    .toSorted(([a], [b]) => Number(a) - Number(b))
    .map(([, edit]) => rebuild(undefined, edit))
  return [...kept, ...beyond].filter((element) => element !== undefined)
}
