/**
 * The rows of one table of a peer, part after part in key order. Where the peer knows series of questions, the next parts are asked for before the
 * last has come: as much as the line holds and a second of it beyond that (line-pace.ts), so that a long line does not stand idle between two parts. A
 * part that is under way is never asked for again. Each answer says where it begins: one that does not go on from the part before, because a
 * question was lost or the peer has restarted, is dropped with all that follow it, and another series begins.
 */
import type { Rows } from '../../../core/change/rows.ts'
import { aheadPartsMax } from '../../../core/limits/line-limits.ts'
import type { TableId } from '../../../core/table/table.ts'
import { Declined, inOrder, type Questions } from './questions.ts'

type Asked = {
  readonly part: number
  readonly answer: Promise<Rows>
  readonly release: () => void
}

export type RowPartsOptions = {
  readonly questions: Questions
  readonly table: TableId
  /** The key to begin after; undefined for the table's start. */
  readonly after: Buffer | undefined
  /** Items of the table, as the peer has said: nothing is asked for ahead of a table that has none. */
  readonly items?: number | undefined
}

export class RowParts {
  readonly #questions: Questions
  readonly #table: TableId
  readonly #mayAskAhead: boolean
  readonly #asked: Asked[] = []
  #after: Buffer | undefined
  #series: string
  #part = 0
  /** Parts ahead: few at first, since the table may end. */
  #aheadMax = 1
  /** What a part has come to: one row may be larger than what was asked for. */
  #sizeBytes = 0

  constructor({ questions, table, after, items }: RowPartsOptions) {
    this.#questions = questions
    this.#table = table
    this.#after = after
    this.#mayAskAhead = items !== 0
    this.#series = questions.pace.ahead.nextSeries()
  }

  /** Whether the next part has been asked for already. */
  get isAhead(): boolean {
    return this.#asked.length > 0
  }

  /** Whether the next part is what somebody wants who asks by these questions and has what is up to that key. */
  goesOn(questions: Questions, after: Buffer | undefined): boolean {
    return this.#questions.areOverThatOf(questions) && (this.#after ?? tableStart).equals(after ?? tableStart)
  }

  /** Rejects when the peer does not answer, or refuses; the part that comes next is then asked for again. */
  async next(): Promise<Rows> {
    const first = this.#asked.shift() ?? this.#ask()
    this.#askAhead()
    try {
      const part = this.#checked(first, await first.answer)
      this.#take(part)
      return part
    } catch (error) {
      this.end()
      if (first.part === 0 || !(error instanceof Declined || error instanceof NotGoingOn)) throw error
    } finally {
      first.release()
    }
    return await this.next()
  }

  /** Nothing more is wanted. What is under way still comes. */
  end(): void {
    for (const { answer, release } of this.#asked.splice(0)) void answer.catch(() => undefined).finally(release)
    this.#series = this.#questions.pace.ahead.nextSeries()
    this.#part = 0
    this.#aheadMax = 1
  }

  #askAhead(): void {
    const { ahead, partBytes } = this.#questions.pace
    if (!this.#mayAskAhead || !ahead.understood) return
    const sizeBytes = Math.max(partBytes, this.#sizeBytes)
    while (this.#asked.length < this.#aheadMax && ahead.hasCapacity(sizeBytes)) this.#asked.push(this.#ask())
  }

  #ask(): Asked {
    const { ahead, partBytes, lonePartBytes } = this.#questions.pace
    const part = this.#part++
    const bytesMax = ahead.understood ? partBytes : lonePartBytes
    const release = ahead.take(Math.max(bytesMax, this.#sizeBytes))
    const answer = this.#questions.rows(this.#table, part === 0 ? this.#after : undefined, {
      series: this.#series,
      part,
      bytesMax,
    })
    // The first failure is reported.
    answer.catch(() => undefined)
    return { part, answer, release }
  }

  #checked({ part: number }: Asked, part: Rows): Rows {
    const { ahead } = this.#questions.pace
    const isInSeries = part.after !== undefined
    if (number === 0) ahead.understood = isInSeries
    // Of an earlier version: the next question says where to go on.
    if (number === 0 && !isInSeries) this.#part = 0
    if (isInSeries && !part.after.equals(this.#after ?? tableStart)) throw new NotGoingOn('another part of the table')
    if (number > 0 && !isInSeries) throw new NotGoingOn('the peer does not know series any more')
    return inOrder(this.#after, part)
  }

  #take({ rows, done }: Rows): void {
    const last = rows.at(-1)
    // A copy: the part that it lies in is dealt with.
    if (last !== undefined) this.#after = Buffer.from(last.key)
    this.#sizeBytes = rows.reduce((sum, { key, row }) => sum + key.length + row.length, 0)
    this.#aheadMax = Math.min(aheadPartsMax, this.#aheadMax * 2)
    if (done) this.end()
  }
}

/** The answer is true, but not what comes next here. */
class NotGoingOn extends Error {
  override readonly name = 'NotGoingOn'
}

const tableStart = Buffer.alloc(0)
