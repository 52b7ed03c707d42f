/**
 * BatchGetItem through a cache: what is kept is answered, only the rest goes on. The rest is another request than the one that
 * the client signed, so where the region verifies signatures it is signed again, with the same principal's key.
 */
import { batchGetKeysMax, batchSizeBytesMax } from '../../core/limits/limits.ts'
import { isObject } from '../../core/wire/json.ts'
import type { BatchOrigin, ItemRead } from '../core/asks.ts'
import type { Cache } from '../core/cache.ts'
import type { CachedTable } from '../core/cached-table.ts'
import { type Answer, json10 } from '../../http/pipeline.ts'
import { type CapacityDetail, isAsked, isCapacityDetail, zeroCapacity } from './kept-capacity.ts'
import { hasOnlyKeysMembers, type Input, keyTextOf, plainItem, plainKey, projectorOf, shownText } from './understood.ts'
import type { UpstreamReply } from './upstream.ts'

export type BatchFront = {
  readonly cache: Cache
  /** To the region. `body` in the place of the client's, signed anew where that matters; undefined as it came. */
  readonly ask: (body: Buffer | undefined) => Promise<UpstreamReply>
}

/** undefined when the region must judge: nothing has been asked then. */
export function batchGet(front: BatchFront, who: string, input: Input): Promise<Answer> | undefined {
  const batch = understood(who, input)
  return batch === undefined ? undefined : answered(front, batch)
}

type Asked = { readonly table: string; readonly key: unknown; readonly read: ItemRead | undefined }

type Batch = {
  readonly input: Input
  readonly asked: readonly Asked[]
  readonly tables: Readonly<Record<string, Input>>
  readonly detail: CapacityDetail
}

function understood(who: string, input: Input): Batch | undefined {
  const { RequestItems: tables, ReturnConsumedCapacity: detail, ...more } = input
  if (!isObject(tables) || !isCapacityDetail(detail) || Object.keys(more).length > 0) return undefined
  const asked: Asked[] = []
  for (const [table, keys] of Object.entries(tables)) {
    const part = isObject(keys) ? askedOf(who, table, keys) : undefined
    if (part === undefined) return undefined
    asked.push(...part)
  }
  if (asked.length > batchGetKeysMax) return undefined
  return { input, asked, tables: tables as Batch['tables'], detail }
}

function askedOf(who: string, table: string, asked: Input): readonly Asked[] | undefined {
  const keys: unknown = asked['Keys']
  if (!Array.isArray(keys) || keys.length === 0 || !hasOnlyKeysMembers(asked)) return undefined
  const shown = shownText(asked)
  if (shown === '' && asked['ExpressionAttributeNames'] !== undefined) return undefined
  const texts = new Set<string>()
  const parts: Asked[] = []
  for (const each of keys as readonly unknown[]) {
    const key = plainKey(each)
    if (key === undefined) return undefined
    const text = JSON.stringify(Object.entries(key).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    if (texts.has(text)) return undefined
    texts.add(text)
    const read: ItemRead = {
      table,
      who,
      shown,
      text: JSON.stringify([key, shown]),
      keyOf: (known: CachedTable) => keyTextOf(known, key, true),
      project: shown === '' ? undefined : projectorOf(asked, 'BatchGetItem'),
      slot: undefined,
    }
    parts.push({ table, key: each, read: asked['ConsistentRead'] === true ? undefined : read })
  }
  return parts
}

async function answered({ cache, ask }: BatchFront, batch: Batch): Promise<Answer> {
  const { asked } = batch
  const cacheable = asked.flatMap((each, at) => (each.read === undefined ? [] : [{ read: each.read, at }]))
  const rest = asked.flatMap((each, at) => (each.read === undefined ? [at] : []))
  // What is to be strongly consistent goes with the rest of the misses, or alone.
  let sent = rest.length === 0
  const origin = async (missing: readonly number[]): Promise<BatchOrigin<UpstreamReply>> => {
    const places = missing.map((n) => cacheable[n]?.at ?? 0)
    const all = sent ? places : [...rest, ...places]
    sent = true
    const reply = await ask(all.length === asked.length ? undefined : bodyFor(batch, all))
    if (reply.status !== 200 || reply.mark === undefined) return { reply }
    return { reply, mark: reply.mark, bodies: bodiesOf(batch, reply, missing, places) }
  }
  const { found, replies } = await cache.readItems(
    cacheable.map(({ read }) => read),
    origin,
  )
  const all = sent ? replies : [...replies, await ask(rest.length === asked.length ? undefined : bodyFor(batch, rest))]
  const refusal = all.find(({ status }) => status !== 200)
  if (refusal !== undefined) return answerOf(refusal)
  return merged(batch, new Map([...found].map(([n, { body }]) => [cacheable[n]?.at ?? 0, body])), all)
}

function bodyFor({ input, asked, tables }: Batch, places: readonly number[]): Buffer {
  const wanted: Record<string, Input> = {}
  for (const at of places) {
    const { table, key } = asked[at] as Asked
    const before = (wanted[table]?.['Keys'] ?? []) as readonly unknown[]
    Object.defineProperty(wanted, table, {
      value: { ...tables[table], Keys: [...before, key] },
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return Buffer.from(JSON.stringify({ ...input, RequestItems: wanted }))
}

type Responses = {
  readonly Responses?: Readonly<Record<string, readonly unknown[]>>
  readonly UnprocessedKeys?: Readonly<Record<string, Input>>
  readonly ConsumedCapacity?: readonly Readonly<Record<string, unknown>>[]
}

const responsesOf = ({ bytes }: UpstreamReply): Responses => JSON.parse(bytes.toString()) as Responses

/** Whole items alone can be told apart by their keys; a key that was neither found nor left is one without an item. */
function bodiesOf(
  { asked }: Batch,
  reply: UpstreamReply,
  missing: readonly number[],
  places: readonly number[],
): ReadonlyMap<number, string> {
  const { Responses: found = {}, UnprocessedKeys: left = {} } = responsesOf(reply)
  const bodies = new Map<number, string>()
  for (const [table, known] of reply.mark?.tables ?? []) {
    if (left[table] !== undefined) continue
    const items = new Map((found[table] ?? []).map((item) => [keyIn(known, item, false), item]))
    for (const [n, at] of places.entries()) {
      const { table: name, key, read } = asked[at] as Asked
      const text = name === table && read?.shown === '' ? keyIn(known, key, true) : undefined
      if (text !== undefined) bodies.set(missing[n] ?? 0, bodyOf(items.get(text)))
    }
  }
  return bodies
}

function keyIn(known: Pick<CachedTable, 'key'>, item: unknown, exact: boolean): string | undefined {
  const plain = plainItem(item)
  return plain === undefined ? undefined : keyTextOf(known, plain, exact)
}

function bodyOf(item: unknown): string {
  return item === undefined ? '{}' : Buffer.from(JSON.stringify({ Item: item })).toString('latin1')
}

const itemStart = '{"Item":'

/** Cached items as their text; what would make the reply larger than one may be is left to be asked for again. */
function merged(batch: Batch, found: ReadonlyMap<number, string>, replies: readonly UpstreamReply[]): Answer {
  const texts = new Map<string, string[]>(Object.keys(batch.tables).map((table) => [table, []]))
  const unprocessed: Record<string, Input> = {}
  const consumed: Readonly<Record<string, unknown>>[] = []
  let sizeBytes = 0
  for (const reply of replies) {
    const { Responses: items = {}, UnprocessedKeys: left = {}, ConsumedCapacity: capacity = [] } = responsesOf(reply)
    sizeBytes += reply.bytes.length
    consumed.push(...capacity)
    for (const [table, list] of Object.entries(items))
      texts.get(table)?.push(...list.map((item) => Buffer.from(JSON.stringify(item)).toString('latin1')))
    for (const [table, keys] of Object.entries(left))
      leave(unprocessed, batch, table, keys['Keys'] as readonly unknown[])
  }
  for (const [at, body] of found) {
    const { table, key } = batch.asked[at] as Asked
    if (!body.startsWith(itemStart)) continue
    sizeBytes += body.length
    if (sizeBytes > batchSizeBytesMax) leave(unprocessed, batch, table, [key])
    else texts.get(table)?.push(body.slice(itemStart.length, -1))
  }
  const tables = [...texts].map(([table, items]) => `${latin1(JSON.stringify(table))}:[${items.join(',')}]`)
  const rest = { UnprocessedKeys: unprocessed, ...capacityOf(batch, consumed) }
  const text = `{"Responses":{${tables.join(',')}},${latin1(JSON.stringify(rest)).slice(1)}`
  const bytes = Buffer.from(text, 'latin1')
  return { status: 200, contentType: json10, bytes, operation: 'BatchGetItem', outcome: 'ok' }
}

function leave(unprocessed: Record<string, Input>, { tables }: Batch, table: string, keys: readonly unknown[]): void {
  const before = (unprocessed[table]?.['Keys'] ?? []) as readonly unknown[]
  unprocessed[table] = { ...tables[table], Keys: [...before, ...keys] }
}

/** What the region has consumed, and nothing for tables that it was not asked for. */
function capacityOf(
  { detail, tables }: Batch,
  consumed: readonly Readonly<Record<string, unknown>>[],
): { readonly ConsumedCapacity?: readonly unknown[] } {
  if (!isAsked(detail)) return {}
  const others = Object.keys(tables).filter((table) => !consumed.some(({ TableName }) => TableName === table))
  return { ConsumedCapacity: [...consumed, ...others.map((table) => zeroCapacity(detail, table))] }
}

function latin1(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function answerOf({ status, contentType, bytes }: UpstreamReply): Answer {
  return { status, contentType, bytes, operation: 'BatchGetItem', outcome: 'refused' }
}
