/** What a request is about to touch, said before it runs: what policies decide on, and what its tables are for admission and caches. */
import { attribute, type AttributeValue, type Item, setAttribute } from '../core/attribute/value.ts'
import type { Condition } from '../core/expression/condition.ts'
import { namesInCondition, namesInUpdate } from '../core/expression/names.ts'
import type { Projection } from '../core/expression/projection.ts'
import type { Update } from '../core/expression/update.ts'
import { type NewItem, parsedItem, SentItem } from '../core/item/sent-item.ts'
import type { KeySchema } from '../core/table/table.ts'

export type Touch = {
  /** The permission's name in IAM, without its prefix: `GetItem`, `ConditionCheckItem`, `PartiQLSelect`. */
  readonly action: string
  /** By name or ARN, as the request says it; undefined for what is about no single table. */
  readonly table?: string | undefined
  readonly index?: string | undefined
  /**
   * The attributes of the key by which items are touched, one entry for each item or partition; which attributes these are follows from
   * the schema of the table or index. Absent where the request is not limited to keys.
   */
  keysOf?(key: KeySchema): readonly Item[]
  /** Top-level attributes that the request names, key attributes included. Absent where no items are touched. */
  readonly attributes?: readonly string[]
  /** What is no table's, index's or global table's: its ARN. */
  readonly resource?: string | undefined
  /** What the request says beside keys and attributes, in the words of IAM's condition keys. */
  readonly says?: Says
}

export type Says = {
  readonly select?: string
  readonly returnValues?: string
  /** The transaction that the touch is a part of. */
  readonly enclosingOperation?: 'TransactGetItems' | 'TransactWriteItems' | 'ExecuteTransaction'
}

/** What Select means where it is not given. */
export function selects(
  projection: object | undefined,
  {
    Select: select,
    IndexName: index,
  }: { readonly Select?: string | undefined; readonly IndexName?: string | undefined } = {},
): string {
  if (select !== undefined) return select
  if (projection !== undefined) return 'SPECIFIC_ATTRIBUTES'
  return index === undefined ? 'ALL_ATTRIBUTES' : 'ALL_PROJECTED_ATTRIBUTES'
}

type Returning = {
  readonly ReturnValues?: string | undefined
  readonly ReturnValuesOnConditionCheckFailure?: string | undefined
}

/** An item that is returned when its condition fails is returned whole. */
export function returns({
  ReturnValues: values = 'NONE',
  ReturnValuesOnConditionCheckFailure: onFailure,
}: Returning): string {
  return values === 'NONE' && onFailure === 'ALL_OLD' ? 'ALL_OLD' : values
}

export type NamedParts = {
  readonly items?: readonly (Item | undefined)[]
  readonly projection?: Projection | undefined
  readonly conditions?: readonly (Condition | undefined)[]
  readonly update?: Update | undefined
}

/** Every top-level attribute that the parts of a request name, each once. */
export function attributesIn({ items = [], projection, conditions = [], update }: NamedParts): readonly string[] {
  const names = new Set<string>()
  for (const item of items) for (const name of Object.keys(item ?? {})) names.add(name)
  for (const path of projection?.paths ?? []) names.add(path[0])
  for (const condition of conditions)
    if (condition !== undefined) for (const name of namesInCondition(condition)) names.add(name)
  if (update !== undefined) for (const name of namesInUpdate(update)) names.add(name)
  return [...names]
}

/** Parts of a request about one item: `item` is its key, or the item to be put. */
type OneItem = {
  readonly action: string
  readonly table: string | undefined
  readonly item: NewItem | undefined
  readonly projection?: Projection | undefined
  readonly condition?: Condition | undefined
  readonly update?: Update | undefined
  readonly says: Says
}

/** The touch of a request about one item. Its attributes are found only for a stage that asks, since an item is parsed for it. */
export class ItemTouch implements Touch {
  readonly action: string
  readonly table: string | undefined
  readonly says: Says
  readonly #of: OneItem
  #attributes: readonly string[] | undefined

  constructor(of: OneItem) {
    this.action = of.action
    this.table = of.table
    this.says = of.says
    this.#of = of
  }

  /** A key that was given as such may have other attributes too, as only the run finds out. */
  keysOf(key: KeySchema): readonly Item[] {
    const { item = {}, action } = this.#of
    if (item instanceof SentItem) return [item.keyBy(key) ?? keyAmong(key, parsedItem(item))]
    return [action === 'PutItem' ? keyAmong(key, item) : item]
  }

  get attributes(): readonly string[] {
    const { item = {}, projection, condition, update } = this.#of
    return (this.#attributes ??= attributesIn({
      items: [parsedItem(item)],
      projection,
      conditions: [condition],
      update,
    }))
  }
}

/** For a request that gives keys as such. */
export const givenKeys =
  (keys: readonly (Item | undefined)[]): NonNullable<Touch['keysOf']> =>
  () =>
    keys.map((key) => key ?? {})

/** The attributes of the key that are among these; some may be missing, or of another type, as only the run finds out. */
export function keyAmong({ partition, sort }: KeySchema, item: Item): Item {
  const found: Record<string, AttributeValue> = {}
  for (const { name } of [...partition, ...sort]) {
    const value = attribute(item, name)
    if (value !== undefined) setAttribute(found, name, value)
  }
  return found
}
