/** The same item in several regions: which attributes differ, and what is to be written for an edit. Pure. */
import type { Item, Value } from './edited-values.ts'
import type { ReplicaRow } from './console-state.ts'

export type AttributeRow = {
  readonly name: string
  /** One for each replica; undefined where it has no such attribute. */
  readonly values: readonly (Value | undefined)[]
  readonly differs: boolean
}

/** Names in the order in which they first appear. */
export function attributeRows(items: readonly (Item | undefined)[]): readonly AttributeRow[] {
  const names = [...new Set(items.flatMap((item) => Object.keys(item ?? {})))]
  const present = items.filter((item) => item !== undefined)
  return names.map((name) => {
    const has = (item: Item): Value | undefined => (Object.hasOwn(item, name) ? item[name] : undefined)
    const differs = new Set(present.map((item) => canonical(has(item)))).size > 1
    return { name, values: items.map((item) => (item === undefined ? undefined : has(item))), differs }
  })
}

export function isEqual(one: Item | undefined, other: Item | undefined): boolean {
  return canonical(one) === canonical(other)
}

/** The same text for the same value: sets and maps have no order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'nothing'
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const isSet = entries.length === 1 && /^(SS|NS|BS)$/.test(entries[0]?.[0] ?? '')
  return `{${entries.map(([name, each]) => `${JSON.stringify(name)}:${canonical(isSet && Array.isArray(each) ? each.map(String).toSorted((a, b) => (a < b ? -1 : 1)) : each)}`).join()}}`
}

export type Verdict = 'same' | 'differs' | 'unknown'

/** What the regions that have the table say of one item; undefined: the region did not answer. */
export function verdictOf(rows: readonly (ReplicaRow | undefined)[]): Verdict {
  const known = rows.filter((row) => row !== undefined)
  const kinds = new Set(known.map((row) => canonical(row.item)))
  if (kinds.size > 1) return 'differs'
  return known.length < rows.length ? 'unknown' : 'same'
}

/** For each region whether its copy is unlike the one that was written last. */
export function latestOf(rows: readonly (ReplicaRow | undefined)[]): ReplicaRow | undefined {
  return rows
    .filter((row) => row?.written !== undefined)
    .toSorted((a, b) => compareWritten(b, a))
    .at(0)
}

function compareWritten(a: ReplicaRow | undefined, b: ReplicaRow | undefined): number {
  const [x, y] = [a?.written, b?.written]
  if (x === undefined || y === undefined) return 0
  return x.wallMs - y.wallMs || x.counter - y.counter || x.region - y.region
}

export type UpdateInput = {
  readonly Key: Item
  readonly UpdateExpression: string
  readonly ConditionExpression: string
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Item
}

/** Only what was changed is written, and only if it is still as it was shown. Undefined when nothing was changed. */
export function updateOf(before: Item, after: Item, keyNames: readonly string[]): UpdateInput | undefined {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((name) => !keyNames.includes(name))
  const changed = names.filter((name) => canonical(before[name]) !== canonical(after[name]))
  if (changed.length === 0) return undefined
  const values: Record<string, Value> = {}
  const parts = changed.map((name, index) => {
    const [old, now] = [before[name], after[name]]
    if (old !== undefined) values[`:old${index}`] = old
    if (now !== undefined) values[`:new${index}`] = now
    return {
      set: now === undefined ? '' : `#a${index} = :new${index}`,
      remove: now === undefined ? `#a${index}` : '',
      condition: old === undefined ? `attribute_not_exists(#a${index})` : `#a${index} = :old${index}`,
    }
  })
  const joined = (texts: readonly string[]): string => texts.filter((text) => text !== '').join(', ')
  const [sets, removes] = [joined(parts.map(({ set }) => set)), joined(parts.map(({ remove }) => remove))]
  const first = keyNames[0] ?? ''
  return {
    Key: Object.fromEntries(keyNames.map((name) => [name, before[name] ?? {}])),
    UpdateExpression: [sets === '' ? '' : `SET ${sets}`, removes === '' ? '' : `REMOVE ${removes}`]
      .filter(Boolean)
      .join(' '),
    ConditionExpression: ['attribute_exists(#key)', ...parts.map(({ condition }) => condition)].join(' AND '),
    ExpressionAttributeNames: {
      '#key': first,
      ...Object.fromEntries(changed.map((name, index) => [`#a${index}`, name])),
    },
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  }
}
