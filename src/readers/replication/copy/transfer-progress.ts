/** How far a transfer has come, in a note: a process that dies half-way goes on from here. */
import type { Position } from '../../../core/change/change.ts'
import type { TableId } from '../../../core/table/table.ts'
import type { Engine } from '../../../engine/engine.ts'

type TransferProgressEngine = Pick<Engine, 'note' | 'setNote'>

/** The place in the peer's log, and about in its stream, when the transfer began. */
type Beginning = {
  readonly epoch: string
  readonly position: Position
  readonly sequence: number
  /** The process of the peer that named the place. */
  readonly start?: string
}

type Noted = Beginning & {
  readonly done: readonly TableId[]
  /** The keys, in base64, up to which tables are copied. */
  readonly copies?: Readonly<Record<TableId, string>>
}

/** Parts and tables between two notes: a note names all tables that are done. */
const notedEvery = 8

export class TransferProgress {
  readonly begun: Beginning
  readonly #engine: TransferProgressEngine
  readonly #note: string
  readonly #done: Set<TableId>
  readonly #copies: Map<TableId, string>
  #unnoted = 0
  #isAbandoned = false

  private constructor(engine: TransferProgressEngine, note: string, { done, copies = {}, ...begun }: Noted) {
    this.#engine = engine
    this.#note = note
    this.begun = begun
    this.#done = new Set(done)
    this.#copies = new Map(Object.entries(copies))
  }

  /** The transfer that was begun from this log of the peer's; undefined when there is none. */
  static resumed(engine: TransferProgressEngine, peer: string, epoch: string): TransferProgress | undefined {
    const noted = engine.note(noteOf(peer)) as Noted | undefined
    return noted?.epoch === epoch ? new TransferProgress(engine, noteOf(peer), noted) : undefined
  }

  static async begin(engine: TransferProgressEngine, peer: string, begun: Beginning): Promise<TransferProgress> {
    const progress = new TransferProgress(engine, noteOf(peer), { ...begun, done: [] })
    await progress.#write()
    return progress
  }

  static async forget(engine: TransferProgressEngine, peer: string): Promise<void> {
    if (engine.note(noteOf(peer)) !== undefined) await engine.setNote(noteOf(peer), undefined)
  }

  /** A table that it has copied, or was copying, is emptied: nothing more is noted, and the transfer begins again. */
  abandon(): void {
    this.#isAbandoned = true
  }

  assertWhole(): void {
    if (this.#isAbandoned) throw new Error('a table was emptied meanwhile: the transfer begins again')
  }

  isDone(table: TableId): boolean {
    return this.#done.has(table)
  }

  /** The last key that was copied; undefined where the copy begins. */
  startOf(table: TableId): Buffer | undefined {
    const after = this.#copies.get(table)
    return after === undefined ? undefined : Buffer.from(after, 'base64')
  }

  async copied(table: TableId, after: Buffer): Promise<void> {
    this.#copies.set(table, after.toString('base64'))
    await this.#noteSometimes()
  }

  async finished(table: TableId): Promise<void> {
    this.#copies.delete(table)
    this.#done.add(table)
    await this.#noteSometimes()
  }

  async end(): Promise<void> {
    await this.#engine.setNote(this.#note, undefined)
  }

  async #noteSometimes(): Promise<void> {
    if (++this.#unnoted >= notedEvery) await this.#write()
  }

  async #write(): Promise<void> {
    this.assertWhole()
    this.#unnoted = 0
    const copies = Object.fromEntries(this.#copies)
    const noted: Noted = { ...this.begun, done: [...this.#done], copies }
    await this.#engine.setNote(this.#note, noted)
  }
}

const noteOf = (peer: string): string => `replication/transfer/${peer}`
