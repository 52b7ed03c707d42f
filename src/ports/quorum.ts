/**
 * A replicated stream of entries: each member (a region, or a node of one) has a server with a copy, and an entry has its place
 * once a majority of them has it on disk. It gives places and keeps bytes; what entries mean, it does not know
 * (engine/order/quorum-order.ts). All of it may be slow, answer late or not at all, and a copy may be behind.
 */
export type QuorumEntry = {
  /** 1, 2, 3 … without gaps in one stream. */
  readonly sequence: number
  /** The leader's clock when it placed the entry: it may go back when another one leads. */
  readonly atMs: number
  readonly id: string
  readonly bytes: Buffer
}

/** The only rejection of a quorum. It is certain when the entry never gets a place; otherwise it may have one, or still get one. */
export class QuorumUnavailable extends Error {
  readonly isCertain: boolean

  constructor(message: string, isCertain: boolean) {
    super(message)
    this.isCertain = isCertain
  }
}

export type QuorumState = 'majority' | 'minority'

export type QuorumSight = {
  readonly state: QuorumState
  /** Not known before the first word of it. */
  readonly leader?: string
  readonly last: number
}

export interface QuorumStream {
  /**
   * Resolves with the entry's place once a majority has it on disk. Entries appended together may get their places in any order. An
   * id that the stream still remembers gets no second place, and the first one is the answer; it forgets ids after a while.
   */
  append(id: string, bytes: Buffer): Promise<number>
  /**
   * Gives all entries after `after` in order, each once, as far as this member's copy knows them to be placed; the next one only when
   * `take` has resolved. `onGap` is told the first entry that is left when entries after `after` have been trimmed, and then
   * nothing more is given. After `stop` has resolved `take` runs no more.
   */
  follow(
    after: number,
    take: (entry: QuorumEntry) => void | Promise<void>,
    events: { readonly onGap: (first: number) => void },
  ): { stop(): Promise<void> }
  /** No member needs the entries up to this one any more. */
  trim(upTo: number): Promise<void>
  /** Whether this member reaches a leader that has a majority, as far as it knows now. */
  state(): QuorumState
  /** The same, with who leads and the last entry: as of some seconds ago, and older in a minority. For operators. */
  sight(): QuorumSight
}

/** This member's side. */
export interface Quorum {
  /** Opens the group's stream, which is made when it is not there. Rejects when no majority can be reached. */
  open(group: string, members: readonly string[]): Promise<QuorumStream>
  /** The stream and all copies of it go. Nothing happens when it is gone already. */
  remove(group: string): Promise<void>
}
