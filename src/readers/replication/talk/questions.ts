/** What a region asks its peers for besides their logs, with the answers checked for form. */
import type { Aside } from '../../../core/change/aside.ts'
import {
  type Announcement,
  type Answer,
  decodeAnswer,
  encodeControl,
  type Request,
  type SharedTable,
} from '../../../core/change/control.ts'
import type { DigestRange } from '../../../core/change/digest-range.ts'
import { kindOf } from '../../../core/change/message.ts'
import { decodeRows, type KeyedRow, type Rows } from '../../../core/change/rows.ts'
import type { RangeDigest } from '../../../core/reconcile/digest.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Pace } from './line-pace.ts'
import type { Session } from './session.ts'

/** The peer answered that it does not answer this: it lacks what was asked for, stops, or has just started. Nothing follows from it. */
export class Declined extends Error {
  override readonly name = 'Declined'
}

/** The error for an answer that is not of the kind that was asked for. */
export function declined(said: Answer, peer: string): Error {
  if (said.say === 'refused') return new Declined(`${peer} refuses: ${said.reason}`)
  return new RangeError(`${peer} answered another question (${said.say})`)
}

export type Places = Pick<
  Extract<Answer, { say: 'cursors' }>,
  'epoch' | 'cursors' | 'numbers' | 'left' | 'owed' | 'confirmed' | 'earlier' | 'shared' | 'twice'
>

/** A question's place among those for a table's rows that go on from each other. */
export type InSeries = {
  readonly series: string
  readonly part: number
  readonly bytesMax: number
}

/** Each rejects when the peer does not answer, or not as it should. */
export class Questions {
  readonly #session: Session
  readonly #region: string

  /** `region` is the one that asks. */
  constructor(session: Session, region: string) {
    this.#session = session
    this.#region = region
  }

  get pace(): Pace {
    return this.#session.pace
  }

  /** Whether both go over the same session. */
  areOverThatOf(others: Questions): boolean {
    return this.#session === others.#session
  }

  async hello(): Promise<Announcement> {
    const said = await this.#control({ say: 'hello', region: this.#region })
    if (said.say !== 'here') throw unexpected(said)
    return said
  }

  async places(): Promise<Places> {
    const said = await this.#control({ say: 'cursors', region: this.#region })
    if (said.say !== 'cursors') throw unexpected(said)
    return said
  }

  async tables(): Promise<readonly SharedTable[]> {
    const all: SharedTable[] = []
    for (let after = ''; ;) {
      const said = await this.#control({ say: 'tables', region: this.#region, after })
      if (said.say !== 'tables') throw unexpected(said)
      all.push(...said.tables)
      const last = said.tables.at(-1)?.id
      if (said.more !== true || last === undefined) return all
      // In this order there is an end to it, whatever the peer says.
      if (last <= after) throw new Error('the peer tells its tables in no order')
      after = last
    }
  }

  /** One of them; undefined when the peer knows nothing of it. A node of an earlier version answers with all. */
  async table(id: TableId): Promise<SharedTable | undefined> {
    const said = await this.#control({ say: 'tables', region: this.#region, table: id })
    if (said.say !== 'tables') throw unexpected(said)
    return said.tables.find((table) => table.id === id)
  }

  /** About what the log has no part in. */
  async aside(say: Aside, question: string): Promise<string> {
    const said = await this.#control({ say, region: this.#region, question })
    if (said.say !== say) throw unexpected(said)
    return said.reply
  }

  async registers(table: TableId): Promise<readonly KeyedRow[]> {
    return (await this.#rows({ say: 'registers', region: this.#region, table })).rows
  }

  /**
   * The part of the table's rows after a key, or after the part before in a series (row-parts.ts). Rejects with Declined when the peer does not
   * have the table, or not all of it.
   */
  async rows(table: TableId, after: Buffer | undefined, inSeries?: InSeries): Promise<Rows> {
    const bounds = inSeries ?? this.#partOfLine()
    const part = await this.#rows({ say: 'rows', region: this.#region, table, ...startOf(after), ...bounds }, true)
    return inSeries === undefined || inSeries.part === 0 ? inOrder(after, part) : part
  }

  /** The same of a table that is not complete at the peer. */
  async partialRows(table: TableId, after: Buffer | undefined): Promise<Rows> {
    const request = {
      say: 'rows',
      region: this.#region,
      table,
      partial: true,
      ...startOf(after),
      ...this.#partOfLine(),
    } as const
    return inOrder(after, await this.#rows(request, true))
  }

  /** The same unchecked, for a reader that looks for damage. */
  rowsAsTheyAre(table: TableId, after: Buffer | undefined, rowsMax: number): Promise<Rows> {
    return this.#rows(
      { say: 'rows', region: this.#region, table, rowsMax, ...startOf(after), ...this.#partOfLine() },
      true,
    )
  }

  /** Rejects with Declined when the peer does not have the table, or not all of it. */
  async digest(table: TableId, range: DigestRange): Promise<RangeDigest> {
    const said = await this.#control({ say: 'digest', region: this.#region, table, ...range })
    if (said.say !== 'digest') throw unexpected(said)
    return { rows: said.rows, digest: said.digest }
  }

  #partOfLine(): { readonly bytesMax: number } {
    return { bytesMax: this.#session.pace.lonePartBytes }
  }

  async #control(request: Request): Promise<Answer> {
    return decodeAnswer(await this.#session.request(encodeControl(request)))
  }

  async #rows(request: Request, asTheyAre = false): Promise<Rows> {
    const payload = await this.#session.request(encodeControl(request))
    if (kindOf(payload) === 'control') throw unexpected(decodeAnswer(payload))
    return decodeRows(payload, asTheyAre)
  }
}

function startOf(after: Buffer | undefined): { readonly after?: string } {
  return after === undefined ? {} : { after: after.toString('base64') }
}

/** A part that goes back would be asked for without end, and an empty one that is not the last would look like the end. */
export function inOrder(after: Buffer | undefined, part: Rows): Rows {
  let last = after
  for (const { key } of part.rows) {
    if (last !== undefined && key.compare(last) <= 0) throw new RangeError('rows out of order')
    last = key
  }
  if (part.rows.length === 0 && !part.done) throw new RangeError('an empty part that is not the last')
  return part
}

function unexpected(said: Answer): Error {
  return declined(said, 'the peer')
}
