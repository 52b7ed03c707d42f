/** A request of the data plane as DynamoDB has it, and how its answer is written. */
import type { CborWriter } from '../../cbor/cbor-writer.ts'
import type { KeySchema } from '../../table/table.ts'
import type { AttributeLists } from '../codec/attribute-lists.ts'

export type DataRequest = {
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  /** Writes the values of an answer that is none of an error; `output` is the operation's. */
  readonly write: (writer: CborWriter, output: Readonly<Record<string, unknown>>) => void
  /** The keys of a transaction's items, for the items that a failed condition shows. */
  readonly tables?: readonly string[]
}

export type DaxContext = {
  readonly lists: AttributeLists
  /** Throws UnknownTable while the table's key is not known. */
  readonly schemaOf: (table: string) => KeySchema
}

/** The request can be read only once the table's key is known. */
export class UnknownTable extends Error {
  override readonly name = 'UnknownTable'
  readonly table: string

  constructor(table: string) {
    super(`the key of table ${table} is not known`)
    this.table = table
  }
}
