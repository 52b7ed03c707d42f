/**
 * The order in which a region's commands are decided. Everything that changes what a later command is decided on is appended here
 * first, gets its place and its time, and is decided only when it comes back (docs/design/order.md).
 *
 *   append ──▶ [ … 41 · 42 · 43 ] ──▶ follow: each once, in this order, in every process that follows
 *
 * Deciding is deterministic, so processes that follow the same order hold the same rows. LocalOrder is the order of one process:
 * the turn of the event loop in which a command comes. A replicated one encodes commands, and may take any time to place one.
 */

/** The place of a command: 1, 2, 3 … without gaps. */
export type Sequence = number

export type Ordered<Command> = {
  readonly sequence: Sequence
  /** When it got its place, in milliseconds since 1970. Decisions take the time from here, never from a clock. */
  readonly atMs: number
  readonly command: Command
  /** This process has appended it, and waits for what becomes of it. */
  readonly isOwn: boolean
}

export interface Order<Command> {
  /**
   * Gives the command a place. By the time that the sequence is known, the followers of this process have been given the command. An
   * order of one process answers within the call, which costs no promise. Rejects when the command is certain never to get a place.
   */
  append(command: Command): Sequence | Promise<Sequence>
  /**
   * Gives all commands after `after`, in their order, each once; `take` does not throw. Returns what ends it. An order that keeps no
   * commands has only those to come: `after` is then its last sequence.
   */
  follow(after: Sequence, take: (ordered: Ordered<Command>) => void): () => void
  /** The last sequence, once all commands up to it have been given to the followers of this process: what a consistent read waits for. */
  barrier(): Sequence | Promise<Sequence>
}
