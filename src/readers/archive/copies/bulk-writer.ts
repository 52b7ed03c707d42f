/** Writes the items of a bulk put as ordinary writes, counts what became of them, and keeps the lines of its reports until they are written. */
import type { BulkProgress, BulkReport } from '../../../core/copies/copy-job.ts'
import type { ImportRow } from '../../../core/copies/import-rows.ts'
import {
  importedAtOnceMax,
  importedBytesAtOnceMax,
  reportBytesMax,
  reportedItemBytesMax,
} from '../../../core/limits/copy-limits.ts'
import { parsedItem, sizeOfNewItem } from '../../../core/item/sent-item.ts'
import type { Table } from '../../../core/table/table.ts'
import { putOf } from '../../../core/write/put-of.ts'
import type { Refusal, Write } from '../../../core/write/write.ts'
import type { EachResult } from '../../../engine/commands/command.ts'
import type { Clock } from '../../../ports/clock.ts'
import { PacedWrites, type PacedWritesDeps } from '../paced-writes.ts'
import type { RowAt } from './object-rows.ts'

export type BulkCounts = Pick<BulkProgress, 'written' | 'failed' | 'refused' | 'writtenBytes'>

type Deps = Pick<PacedWritesDeps, 'engine'> & {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly types: readonly BulkReport[]
  /** Write request units a second. */
  readonly unitsMax?: number | undefined
}

const nothing: BulkCounts = { written: 0, failed: 0, refused: 0, writtenBytes: 0 }
const unitBytes = 1024
const secondMs = 1000

export class BulkWriter {
  readonly #deps: Deps
  readonly #table: Table
  readonly #paced: PacedWrites
  readonly #sinceMs: number
  #object = ''
  #writes: Write[] = []
  #bytes = 0
  /** Of all that was written since the beginning. */
  #units = 0
  #counts = nothing
  #lines: Record<BulkReport, Buffer[]> = { ERROR: [], CONDITION_CHECK_FAILURE: [] }
  #reportBytes = 0

  constructor(deps: Deps, table: Table) {
    this.#deps = deps
    this.#table = table
    this.#sinceMs = deps.clock.monotonicMs()
    this.#paced = new PacedWrites({ ...deps, cause: 'client', onResults: (...of) => this.#count(...of) })
  }

  /** The lines that wait are to be written before more rows come. */
  get isFull(): boolean {
    return this.#reportBytes >= reportBytesMax
  }

  /** Returns what is to be waited for before the next row, where a batch is whole. */
  add(object: string, { row, line }: RowAt): Promise<void> | undefined {
    this.#object = object
    if ('problem' in row) return this.#fail({ Line: line, ErrorMessage: row.problem })
    this.#writes.push(this.#writeOf(row))
    this.#bytes += sizeOfNewItem(row.item)
    const isWhole = this.#writes.length >= importedAtOnceMax || this.#bytes >= importedBytesAtOnceMax
    return isWhole ? this.#write() : undefined
  }

  /** All of it is durable and counted. Rejects where the store cannot take it. */
  async flush(): Promise<void> {
    await this.#write()
    await this.#paced.drain()
  }

  take(): BulkCounts {
    const counts = this.#counts
    this.#counts = nothing
    return counts
  }

  /** Lines that wait, by report. */
  takeLines(): Readonly<Record<BulkReport, readonly Buffer[]>> {
    const lines = this.#lines
    this.#lines = { ERROR: [], CONDITION_CHECK_FAILURE: [] }
    this.#reportBytes = 0
    return lines
  }

  async #write(): Promise<void> {
    const writes = this.#writes
    this.#writes = []
    this.#bytes = 0
    if (writes.length === 0) return
    await this.#paced.write(() => writes)
    await this.#keepRate()
  }

  async #keepRate(): Promise<void> {
    const { unitsMax, clock } = this.#deps
    if (unitsMax === undefined) return
    const dueMs = this.#sinceMs + (this.#units * secondMs) / unitsMax
    const earlyMs = dueMs - clock.monotonicMs()
    if (earlyMs > 0) await clock.sleep(Math.min(earlyMs, secondMs))
  }

  #count(results: readonly EachResult[], batch: readonly Write[]): void {
    for (const [at, result] of results.entries()) {
      const write = batch[at]
      if (write?.kind !== 'put') continue
      if (result.accepted) this.#written(sizeOfNewItem(write.item))
      else if ('failed' in result) throw result.failed
      else this.#refused(write, result.refusals[0])
    }
  }

  #written(sizeBytes: number): void {
    const { written, writtenBytes } = this.#counts
    this.#counts = { ...this.#counts, written: written + 1, writtenBytes: writtenBytes + sizeBytes }
    this.#units += Math.max(1, Math.ceil(sizeBytes / unitBytes))
  }

  #refused(write: Extract<Write, { kind: 'put' }>, refusal: Refusal | undefined): void {
    const Item = parsedItem(write.item)
    if (refusal?.refused !== 'condition') return this.#fail({ Item, ErrorMessage: refusal?.message ?? 'it is refused' })
    this.#counts = { ...this.#counts, refused: this.#counts.refused + 1 }
    this.#report('CONDITION_CHECK_FAILURE', {
      Item,
      ...(refusal.item === undefined ? {} : { ExistingItem: refusal.item }),
    })
  }

  #fail(what: Readonly<Record<string, unknown>>): undefined {
    this.#counts = { ...this.#counts, failed: this.#counts.failed + 1 }
    this.#report('ERROR', { S3Key: this.#object, ...what })
  }

  #report(type: BulkReport, what: Readonly<Record<string, unknown>>): void {
    if (!this.#deps.types.includes(type)) return
    const whole = JSON.stringify(what)
    const { Item: _, ...without } = what
    const line = Buffer.from(`${whole.length > reportedItemBytesMax ? JSON.stringify(without) : whole}\n`)
    this.#lines[type].push(line)
    this.#reportBytes += line.length
  }

  #writeOf({ item, keyAttributes, condition }: Exclude<ImportRow, { readonly problem: string }>): Write {
    const put = putOf(this.#table, item, keyAttributes)
    return condition === undefined ? put : { ...put, condition, returnItemOnRefusal: true }
  }
}
