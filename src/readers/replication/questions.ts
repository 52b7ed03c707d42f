/** What a region asks its peers for besides their logs, with the answers checked for form. */
import type { Position } from '../../core/change/change.ts'
import {
  type Announcement,
  type Answer,
  type DigestRange,
  decodeAnswer,
  encodeControl,
  type Request,
  type SharedTable,
} from '../../core/change/control.ts'
import { kindOf } from '../../core/change/message.ts'
import { decodeRows, type KeyedRow, type Rows } from '../../core/change/rows.ts'
import type { RangeDigest } from '../../core/reconcile/digest.ts'
import type { TableId } from '../../core/table/table.ts'
import type { PeerSession } from '../../ports/bus.ts'

export const requestTimeoutMs = 5000

export type Places = Pick<Extract<Answer, { say: 'cursors' }>, 'epoch' | 'cursors' | 'numbers' | 'left' | 'owed'>

/** Each rejects when the peer does not answer, or not as it should. */
export class Questions {
  readonly #session: PeerSession
  readonly #region: string

  /** `region` is the one that asks. */
  constructor(session: PeerSession, region: string) {
    this.#session = session
    this.#region = region
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

  /** The first position that the peer's log, which is that of `epoch`, still holds. */
  async oldest(epoch: string): Promise<Position> {
    const request = { say: 'log', region: this.#region, epoch, after: 0 } as const
    const answer = await this.#session.request(encodeControl(request), requestTimeoutMs)
    if (kindOf(answer) === 'batch') return 1
    const said = decodeAnswer(answer)
    if (said.say !== 'gone' || said.epoch !== epoch) throw unexpected(said)
    return said.oldest
  }

  async tables(): Promise<readonly SharedTable[]> {
    const said = await this.#control({ say: 'tables', region: this.#region })
    if (said.say !== 'tables') throw unexpected(said)
    return said.tables
  }

  async registers(table: TableId): Promise<readonly KeyedRow[]> {
    const rows = await this.#rows({ say: 'registers', region: this.#region, table })
    if (rows === undefined) throw new Error('the peer does not tell the table’s registers')
    return rows.rows
  }

  /** Undefined when the peer does not have the table, or not all of it. */
  rows(table: TableId, after: Buffer | undefined): Promise<Rows | undefined> {
    const start = after === undefined ? {} : { after: after.toString('base64') }
    return this.#rows({ say: 'rows', region: this.#region, table, ...start })
  }

  /** What the peer has of a table that is not complete there. */
  partialRows(table: TableId, after: Buffer | undefined): Promise<Rows | undefined> {
    const start = after === undefined ? {} : { after: after.toString('base64') }
    return this.#rows({ say: 'rows', region: this.#region, table, partial: true, ...start })
  }

  /** The same unchecked, for whoever looks for damage. */
  rowsAsTheyAre(table: TableId, after: Buffer | undefined, rowsMax: number): Promise<Rows | undefined> {
    const start = after === undefined ? {} : { after: after.toString('base64') }
    return this.#rows({ say: 'rows', region: this.#region, table, rowsMax, ...start }, true)
  }

  /** Undefined when the peer does not have the table, or not all of it. */
  async digest(table: TableId, range: DigestRange): Promise<RangeDigest | undefined> {
    const said = await this.#control({ say: 'digest', region: this.#region, table, ...range })
    if (said.say === 'refused') return undefined
    if (said.say !== 'digest') throw unexpected(said)
    return { rows: said.rows, digest: said.digest }
  }

  async #control(request: Request): Promise<Answer> {
    return decodeAnswer(await this.#session.request(encodeControl(request), requestTimeoutMs))
  }

  async #rows(request: Request, asTheyAre = false): Promise<Rows | undefined> {
    const payload = await this.#session.request(encodeControl(request), requestTimeoutMs)
    if (kindOf(payload) === 'rows') return decodeRows(payload, asTheyAre)
    const said = decodeAnswer(payload)
    if (said.say !== 'refused') throw unexpected(said)
    return undefined
  }
}

function unexpected(said: Answer): Error {
  return new Error(said.say === 'refused' ? `refused: ${said.reason}` : `an answer to another question (${said.say})`)
}
