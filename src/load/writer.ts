/**
 * Writes records in batches, several of them at the same time. No key is in two of them, so the last record of a key is the one that stays. A batch that is
 * refused is written item by item, so that the item at fault is named and the others are there.
 */
import { Refusal } from '../drills/run/load/wire.ts'
import { batchWriteRequestsMax } from '../core/limits/limits.ts'
import { Failure } from '../process/failure.ts'
import { batchBytesMax, batchesAtOnceMax, sentBytesMax } from './load-limits.ts'
import { type Found, isRecord, type ItemJson, type LoadRecord } from './load-record.ts'
import type { Keys, Target } from './loaded-tables.ts'

export type Problem = { readonly place: string; readonly message: string }

export type Written = { readonly put: number; readonly removed: number; readonly problems: readonly Problem[] }

/** `written`: once it is. */
type Batch = { readonly position: number; written: Written | undefined; ended: Promise<void> }

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
  /** Records that wait for more of their batch. */
  #open: Ready[] = []
  #openBytes = 0
  /** In the order of their records. */
  #sent: Batch[] = []
  #sentBytes = 0
  /** The batch that a key is in; a key that is in the open one has none yet. */
  readonly #busy = new Map<string, Batch | undefined>()
  #done: Written = nothing
  #failure: unknown

  /** `table`: of records that name none. */
  constructor(target: Target, table: string | undefined) {
    this.#target = target
    this.#table = table
  }

  /** Resolves once there is room for the next record. Rejects when a batch before it could not be written. */
  async add(found: Found): Promise<void> {
    if (found.record === undefined) return this.#refuse(found, found.problem ?? '')
    const ready = await this.#readyOf(found, found.record)
    if (typeof ready === 'string') return this.#refuse(found, ready)
    await this.#free(ready.key)
    const isFull = this.#open.length >= batchWriteRequestsMax || this.#openBytes + ready.sizeBytes > batchBytesMax
    if (isFull) await this.#send()
    this.#open.push(ready)
    this.#openBytes += ready.sizeBytes
    this.#busy.set(ready.key, undefined)
  }

  /** What was written since it was asked last; with the position up to which everything is, where that has moved on. */
  take(): Written & { readonly position: number | undefined } {
    const end = this.#sent.findIndex(({ written }) => written === undefined)
    const over = this.#sent.splice(0, end < 0 ? this.#sent.length : end)
    const results = over.map(({ written }) => written ?? nothing)
    const done = results.reduce(sum, this.#done)
    this.#done = nothing
    return { ...done, position: over.at(-1)?.position }
  }

  async flush(): Promise<void> {
    if (this.#open.length > 0) await this.#send()
    await this.ended()
    this.#throwFailure()
  }

  /** Resolves when nothing travels any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#sent.map(({ ended }) => ended))
  }

  #refuse(found: Found, problem: string): void {
    this.#done = sum(this.#done, { ...nothing, problems: [problemOf(found, problem)] })
  }

  /** A former record of the key is written before the next is sent. */
  async #free(key: string): Promise<void> {
    if (!this.#busy.has(key)) return
    if (this.#busy.get(key) === undefined) await this.#send()
    await this.#busy.get(key)?.ended
    this.#throwFailure()
  }

  async #send(): Promise<void> {
    const records = this.#open
    const bytes = this.#openBytes
    this.#open = []
    this.#openBytes = 0
    const under = (): readonly Batch[] => this.#sent.filter(({ written }) => written === undefined)
    while (under().length >= batchesAtOnceMax || (under().length > 0 && this.#sentBytes + bytes > sentBytesMax))
      await Promise.race(under().map(({ ended }) => ended))
    this.#throwFailure()
    const batch: Batch = { position: records.at(-1)?.found.position ?? 0, written: undefined, ended: Promise.resolve() }
    for (const { key } of records) this.#busy.set(key, batch)
    this.#sentBytes += bytes
    this.#sent.push(batch)
    batch.ended = this.#write(records)
      .then((written) => void (batch.written = written))
      .catch((error: unknown) => {
        this.#failure ??= error
        // What was not written is not passed over: take() stops before it.
        this.#sent = this.#sent.slice(0, this.#sent.indexOf(batch))
      })
      .finally(() => {
        this.#sentBytes -= bytes
        for (const { key } of records) if (this.#busy.get(key) === batch) this.#busy.delete(key)
      })
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure as Error
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

const nothing: Written = { put: 0, removed: 0, problems: [] }

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

/** Cells of CSV are texts; those of the key have the types of the table. */
function withKeyTypes(item: ItemJson, keys: Keys): ItemJson {
  const typed = Object.entries(item).map(([name, value]) => {
    const type = keys.get(name)
    return [name, type === undefined || type === 'S' ? value : { [type]: (value as { S: string }).S }]
  })
  return Object.fromEntries(typed) as ItemJson
}
