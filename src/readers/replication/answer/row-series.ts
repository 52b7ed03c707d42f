/**
 * Where the series of questions for tables' rows go on that peers have begun: the key at which the last answer ended. A peer names it by the
 * series, since it asks before it has that answer. A forgotten series is refused, and the peer begins another from what it has.
 */
import { rowSeriesMax } from '../../../core/limits/line-limits.ts'
import type { TableId } from '../../../core/table/table.ts'

export type SeriesQuestion = {
  readonly region: string
  readonly table: TableId
  readonly series: string
  readonly part: number
}

type Place = { readonly part: number; readonly after: Buffer | undefined }

export class RowSeries {
  /** The one that has been quiet for the longest comes first. */
  readonly #places = new Map<string, Place>()

  /** Where the question's answer begins; undefined when the series is not known, or a question of it is missing. */
  startOf(question: SeriesQuestion, after: Buffer | undefined): { readonly after: Buffer | undefined } | undefined {
    if (question.part === 0) return { after }
    const place = this.#places.get(nameOf(question))
    return place?.part === question.part ? place : undefined
  }

  answered(question: SeriesQuestion, last: Buffer | undefined): void {
    const name = nameOf(question)
    this.#places.delete(name)
    // A copy: the row that it lies in is longer.
    this.#places.set(name, { part: question.part + 1, after: last === undefined ? undefined : Buffer.from(last) })
    if (this.#places.size > rowSeriesMax) for (const [oldest] of this.#places) return void this.#places.delete(oldest)
  }
}

/** No name contains a line break but the series', which comes last. */
const nameOf = ({ region, table, series }: SeriesQuestion): string => [region, table, series].join('\n')
