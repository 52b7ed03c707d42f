/** Writes the items of an import in batches, and counts what became of them. */
import type { ImportRow } from '../../../core/copies/import-rows.ts'
import { importedAtOnceMax, importedBytesAtOnceMax } from '../../../core/limits/copy-limits.ts'
import { type NewItem, parsedItem, sizeOfNewItem } from '../../../core/item/sent-item.ts'
import type { Table } from '../../../core/table/table.ts'
import { indexKeyProblem } from '../../../core/write/index-keys.ts'
import { putOf } from '../../../core/write/put-of.ts'
import type { Write } from '../../../core/write/write.ts'
import type { EachResult } from '../../../engine/commands/command.ts'
import { PacedWrites, type PacedWritesDeps } from '../paced-writes.ts'

type Deps = Pick<PacedWritesDeps, 'engine'>

export type ImportCounts = { readonly imported: number; readonly errors: number }

export class ImportWriter {
  readonly #paced: PacedWrites
  readonly #table: Table
  readonly #onProblem: (problem: string) => void
  #writes: Write[] = []
  #bytes = 0
  #imported = 0
  #errors = 0

  constructor(deps: Deps, table: Table, onProblem: (problem: string) => void) {
    this.#paced = new PacedWrites({ ...deps, cause: 'import', onResults: (results) => this.#count(results) })
    this.#table = table
    this.#onProblem = onProblem
  }

  /** Returns what is to be waited for before the next row, where a batch is whole. */
  add(row: ImportRow): Promise<void> | undefined {
    if ('problem' in row) return this.#refuse(row.problem)
    const problem = this.#problemIn(row.item)
    if (problem !== undefined) return this.#refuse(problem)
    this.#writes.push(putOf(this.#table, row.item, row.keyAttributes))
    this.#bytes += sizeOfNewItem(row.item)
    const isWhole = this.#writes.length >= importedAtOnceMax || this.#bytes >= importedBytesAtOnceMax
    return isWhole ? this.#write() : undefined
  }

  /** All of it is durable and counted. Rejects where the store cannot take it. */
  async flush(): Promise<void> {
    await this.#write()
    await this.#paced.drain()
  }

  async #write(): Promise<void> {
    const writes = this.#writes
    this.#writes = []
    this.#bytes = 0
    if (writes.length > 0) await this.#paced.write(() => writes)
  }

  #count(results: readonly EachResult[]): void {
    for (const result of results)
      if (result.accepted) this.#imported++
      else if ('failed' in result) throw result.failed
      else this.#refuse(result.refusals[0]?.message ?? 'it is refused')
  }

  /** What was counted since. */
  take(): ImportCounts {
    const counts = { imported: this.#imported, errors: this.#errors }
    this.#imported = 0
    this.#errors = 0
    return counts
  }

  #refuse(problem: string): undefined {
    this.#errors++
    this.#onProblem(problem)
  }

  #problemIn(item: NewItem): string | undefined {
    if (this.#table.indexes.length === 0) return undefined
    return indexKeyProblem(this.#table, { next: parsedItem(item), wording: 'put' })
  }
}
