/** Holds on the log, as readers see them; retention.ts says how long the log is kept. */
import type { Position } from '../../core/change/change.ts'

/** What a reader is not to be waited for beyond. None of them: for as long as it takes. `bytesMax`: of the log's entries, to about a MiB. */
export type Caps = { readonly positionsMax?: number; readonly ageMsMax?: number; readonly bytesMax?: number }

export type Hold = {
  /** Names the reader, and the hold: there is one of a name. */
  readonly name: string
  /** Everything after the position, or committed since the time, is kept. Asked when the log is trimmed. */
  readonly needs: () => { readonly after: Position } | { readonly sinceMs: number }
  readonly caps?: () => Caps
}

/** The log has been trimmed past what the reader has read. */
export class TooFarBehind extends Error {
  override readonly name = 'TooFarBehind'
  readonly oldest: Position

  constructor(reader: string, after: Position, oldest: Position) {
    super(`${reader} has read the log up to ${after}, which begins at ${oldest} now`)
    this.oldest = oldest
  }
}

export interface Retention {
  /** Returns what lets go of it. A reader takes its hold before the log is trimmed for the first time. */
  hold(hold: Hold): () => void
  /** Names of the holds. */
  names(): readonly string[]
  /** The last position before the log's last so many bytes, to about a MiB; 0 where it has no more than these. */
  beforeLastBytes(bytes: number): Position
  /** The last position that was committed before the time; the one before the oldest where none is kept. */
  beforeTime(ms: number): Position
  /** The position up to which the log may go now. Its last change always stays: it proves the place (core/change/proof.ts). */
  bound(): Position
  /** Trims up to the bound as it is now, in steps; `step` is told how far it has come, and ends it with false. */
  trim(step?: (upTo: Position) => boolean): Promise<void>
  /** Throws TooFarBehind for a reader that has read up to `after`, if the log does not go on from there. */
  check(reader: string, after: Position): void
}
