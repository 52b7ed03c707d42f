/**
 * Writes records in waves: those of a wave travel together, and no key is in one twice. So the last record of a key is the one that stays. A batch that
 * is refused is written item by item, so that the item at fault is named and the others are there.
 */
import { Refusal } from '../drills/run/load/wire.ts'
import { batchWriteRequestsMax } from '../core/limits.ts'
import { Failure } from '../process/failure.ts'
import { batchBytesMax, waveBytesMax, waveRecordsMax } from './limits.ts'
import { type Found, isRecord, type ItemJson, type LoadRecord } from './record.ts'
import type { Keys, Target } from './target.ts'

export type Problem = { readonly place: string; readonly message: string }

export type Written = { readonly put: number; readonly removed: number; readonly problems: readonly Problem[] }

type Ready = {
  readonly table: string
  readonly key: string
  readonly request: Readonly<Record<string, unknown>>
  readonly found: Found
  readonly sizeBytes: number
}

export class Writer {
  readonly #target: Target
  readonly #table: string | undefined
  readonly #keys = new Map<string, Keys>()
  #wave: Ready[] = []
  #taken = new Set<string>()
  #bytes = 0

  /** `table`: of records that name none. */
  constructor(target: Target, table: string | undefined) {
    this.#target = target
    this.#table = table
  }

  /** Returns what was written meanwhile; undefined while the record waits for others. */
  async add(found: Found): Promise<Written | undefined> {
    if (found.record === undefined) return { put: 0, removed: 0, problems: [problemOf(found, found.problem ?? '')] }
    const ready = await this.#readyOf(found, found.record)
    if (typeof ready === 'string') return { put: 0, removed: 0, problems: [problemOf(found, ready)] }
    const isFull = this.#wave.length >= waveRecordsMax || this.#bytes + ready.sizeBytes > waveBytesMax
    const written = isFull || this.#taken.has(ready.key) ? await this.flush() : undefined
    this.#wave.push(ready)
    this.#taken.add(ready.key)
    this.#bytes += ready.sizeBytes
    return written
  }

  /** Whether everything that was added is written. */
  get isEmpty(): boolean {
    return this.#wave.length === 0
  }

  async flush(): Promise<Written> {
    const wave = this.#wave
    this.#wave = []
    this.#taken = new Set()
    this.#bytes = 0
    const results = await Promise.all(batchesOf(wave).map((batch) => this.#write(batch)))
    return results.reduce(sum, { put: 0, removed: 0, problems: [] })
  }

  /** A text says what is wrong with the record. */
  async #readyOf(found: Found, record: LoadRecord): Promise<Ready | string> {
    const table = record.table ?? this.#table
    if (table === undefined) throw new Failure(`${found.place} does not say its table: name it by --table`)
    const keys = await this.#keysOf(table)
    const item = record.put ?? record.remove ?? {}
    const typed = record.isText === true ? withKeyTypes(item, keys) : item
    const missing = [...keys.keys()].find((name) => typed[name] === undefined)
    if (missing !== undefined) return `it has no ${missing}, which is part of the key`
    const key = Object.fromEntries([...keys.keys()].map((name) => [name, typed[name]]))
    const request = record.put === undefined ? { DeleteRequest: { Key: key } } : { PutRequest: { Item: typed } }
    return { table, key: `${table} ${JSON.stringify(key)}`, request, found, sizeBytes: record.sizeBytes }
  }

  async #keysOf(table: string): Promise<Keys> {
    const known = this.#keys.get(table) ?? (await this.#target.keysOf(table))
    if (known === undefined)
      throw new Failure(
        `${this.#target.place.region} has no table ${table}: create it first, or give its definition by --schema FILE`,
      )
    this.#keys.set(table, known)
    return known
  }

  async #write(batch: readonly Ready[]): Promise<Written> {
    try {
      await this.#writeTogether(batch)
      return countOf(batch)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      return batch.length === 1 ? refused(batch, error) : await this.#writeAlone(batch)
    }
  }

  async #writeTogether(batch: readonly Ready[]): Promise<void> {
    let requests: unknown = {}
    for (const { table, request } of batch) {
      const lists = requests as Record<string, unknown[]>
      ;(lists[table] ??= []).push(request)
    }
    while (isRecord(requests) && Object.keys(requests).length > 0)
      requests = (await this.#target.ask('BatchWriteItem', { RequestItems: requests }))['UnprocessedItems']
  }

  async #writeAlone(batch: readonly Ready[]): Promise<Written> {
    const results: Written[] = []
    for (const each of batch) results.push(await this.#write([each]))
    return results.reduce(sum, { put: 0, removed: 0, problems: [] })
  }
}

const problemOf = ({ place }: Found, message: string): Problem => ({ place, message })

const refused = ([first]: readonly Ready[], { message }: Refusal): Written => ({
  put: 0,
  removed: 0,
  problems: first === undefined ? [] : [problemOf(first.found, message)],
})

function countOf(batch: readonly Ready[]): Written {
  const put = batch.filter(({ request }) => request['PutRequest'] !== undefined).length
  return { put, removed: batch.length - put, problems: [] }
}

const sum = (a: Written, b: Written): Written => ({
  put: a.put + b.put,
  removed: a.removed + b.removed,
  problems: [...a.problems, ...b.problems],
})

function batchesOf(wave: readonly Ready[]): readonly (readonly Ready[])[] {
  const batches: Ready[][] = []
  let bytes = 0
  for (const ready of wave) {
    const open = batches.at(-1)
    if (open === undefined || open.length >= batchWriteRequestsMax || bytes + ready.sizeBytes > batchBytesMax) {
      batches.push([ready])
      bytes = ready.sizeBytes
    } else {
      open.push(ready)
      bytes += ready.sizeBytes
    }
  }
  return batches
}

/** Cells of CSV are texts; those of the key have the types of the table. */
function withKeyTypes(item: ItemJson, keys: Keys): ItemJson {
  const typed = Object.entries(item).map(([name, value]) => {
    const type = keys.get(name)
    return [name, type === undefined || type === 'S' ? value : { [type]: (value as { S: string }).S }]
  })
  return Object.fromEntries(typed) as ItemJson
}
