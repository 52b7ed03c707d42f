/**
 * What a region says of a reply to a cache that asks for it, in two headers beside the reply: up to which position of which log
 * it was read, where the writes in it stand, and which tables it was about. A request asks by a header of its own, which
 * no signature covers, so that the client's signature holds all the way.
 */
import type { LogPlace } from '../change/cache-talk.ts'
import type { Position } from '../change/change.ts'
import type { KeyAttribute, KeySchema, TableId } from '../table/table.ts'

export const markRequestHeader = 'x-longitude-cache'
export const placeHeader = 'x-longitude-place'
export const tablesHeader = 'x-longitude-tables'

export type MarkedTable = { readonly id: TableId; readonly key: KeySchema }

export type Mark = {
  /** Everything up to it was seen by what was read, and the tables are those of then. */
  readonly place: LogPlace
  /** Where the log stood when the reply was made: nothing that it says was done is beyond. */
  readonly after: Position
  /** Of each write, in the request's order: its own position. Empty when the operation cannot say. */
  readonly commits: readonly Position[]
  /** By the names that the request gave them. */
  readonly tables: ReadonlyMap<string, MarkedTable>
  /** The region has verified the signature: a cache that cannot do so must not answer in its place. */
  readonly verified: boolean
  /** Policies have decided over the request, and may decide otherwise over the next: no cache answers in the region's place. */
  readonly policed: boolean
}

export function placeText({ place, after, commits, verified, policed }: Omit<Mark, 'tables'>): string {
  const how = policed ? 'policed' : verified ? 'verified' : 'open'
  return `${place.epoch};${place.position};${after};${commits.join(',')};${how}`
}

/** ASCII alone, as a header must be. */
export function tablesText(tables: ReadonlyMap<string, MarkedTable>): string {
  const text = JSON.stringify(
    [...tables].map(([given, { id, key }]) => [given, id, key.partition.map(pair), key.sort.map(pair)]),
  )
  return text.replaceAll(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** undefined when the reply has none, or none that can be read: then nothing of it is kept. */
export function markOf(place: string | undefined, tables: string | undefined): Mark | undefined {
  const parts = /^([^;]+);(\d{1,15});(\d{1,15});([\d,]*);(policed|verified|open)$/.exec(place ?? '')
  const [, epoch, position, after, commits, how] = parts ?? []
  const named = tablesOf(tables)
  if (epoch === undefined || commits === undefined || named === undefined) return undefined
  return {
    place: { epoch, position: Number(position) },
    after: Number(after),
    commits: commits === '' ? [] : commits.split(',').map(Number),
    tables: named,
    verified: how !== 'open',
    policed: how === 'policed',
  }
}

function pair({ name, type }: KeyAttribute): readonly [string, string] {
  return [name, type]
}

function tablesOf(text: string | undefined): ReadonlyMap<string, MarkedTable> | undefined {
  if (text === undefined) return undefined
  const rows = parsed(text)
  if (!Array.isArray(rows)) return undefined
  const tables = new Map<string, MarkedTable>()
  for (const row of rows as readonly unknown[]) {
    if (!Array.isArray(row)) return undefined
    const [given, id, partition, sort] = row as readonly unknown[]
    const key = { partition: attributesOf(partition), sort: attributesOf(sort) }
    if (typeof given !== 'string' || typeof id !== 'string' || key.partition.length === 0) return undefined
    tables.set(given, { id, key })
  }
  return tables
}

function attributesOf(value: unknown): readonly KeyAttribute[] {
  if (!Array.isArray(value)) return []
  return (value as readonly unknown[]).flatMap((each) => {
    if (!Array.isArray(each)) return []
    const [name, type] = each as readonly unknown[]
    return typeof name === 'string' && isKeyType(type) ? [{ name, type }] : []
  })
}

function isKeyType(type: unknown): type is KeyAttribute['type'] {
  return type === 'S' || type === 'N' || type === 'B'
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
