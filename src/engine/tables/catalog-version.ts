/**
 * How often tables have changed, and which ones of late, as one value of the store: readers in other processes follow it. An earlier
 * version of this program writes the number alone; then a reader looks at all tables.
 */
import { tableChangesToldMax } from '../../core/limits/limits.ts'
import type { TableId } from '../../core/table/table.ts'

const numberSizeBytes = 6

type Changed = readonly [number: number, table: TableId]

export class CatalogVersion {
  readonly number: number
  /** In the order of their numbers; none is left out from the first one on. */
  readonly #latest: readonly Changed[]

  constructor(number = 0, latest: readonly Changed[] = []) {
    this.number = number
    this.#latest = latest
  }

  static from(bytes: Buffer | undefined): CatalogVersion {
    if (bytes === undefined || bytes.length === numberSizeBytes) return new CatalogVersion(this.numberIn(bytes))
    const latest = JSON.parse(bytes.toString('utf8', numberSizeBytes)) as readonly Changed[]
    return new CatalogVersion(this.numberIn(bytes), latest)
  }

  static numberIn(bytes: Buffer | undefined): number {
    return bytes === undefined ? 0 : bytes.readUIntBE(0, numberSizeBytes)
  }

  next(changed: Iterable<TableId>): CatalogVersion {
    const number = this.number + 1
    const added = Array.from(changed, (id): Changed => [number, id])
    // More than can be told of leaves a gap, and so makes readers look at all.
    if (added.length > tableChangesToldMax) return new CatalogVersion(number)
    return new CatalogVersion(number, whole([...this.#latest, ...added].slice(-tableChangesToldMax)))
  }

  encode(): Buffer {
    const bytes = Buffer.alloc(numberSizeBytes)
    bytes.writeUIntBE(this.number, 0, numberSizeBytes)
    return Buffer.concat([bytes, Buffer.from(JSON.stringify(this.#latest))])
  }

  /** Undefined when some of them are not known. */
  since(number: number): ReadonlySet<TableId> | undefined {
    const [first] = this.#latest
    if (first === undefined || first[0] > number + 1) return undefined
    return new Set(this.#latest.flatMap(([at, id]) => (at > number ? [id] : [])))
  }
}

/** A number of which some may have been cut off is left out. */
function whole(latest: readonly Changed[]): readonly Changed[] {
  if (latest.length < tableChangesToldMax) return latest
  const [first] = latest
  return latest.filter(([number]) => number !== first?.[0])
}
