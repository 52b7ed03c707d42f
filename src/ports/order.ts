/**
 * The order in which a region's commands are decided. Everything that changes what a later command is decided on is appended here
 * first, gets its place and its time, and is decided only when it comes back (docs/design/order.md).
 *
 *   append ──▶ [ … 41 · 42 · 43 ] ──▶ follow: each once, in this order, in every process that follows
 *
 * Deciding is deterministic, so processes that follow the same order hold the same rows. LocalOrder is the order of one process:
 * the turn of the event loop in which a command comes. A replicated one encodes commands, and may take any time to place one.
 */
import type { ClockState } from '../core/hybrid-logical-clock/hybrid-logical-clock.ts'

/** The place of a command: later ones have greater numbers. */
export type Sequence = number

export type Ordered<Command> = {
  readonly sequence: Sequence
  /** When it got its place, in milliseconds since 1970. Decisions take the time from here, never from a clock. */
  readonly atMs: number
  readonly command: Command
  /** This process has appended it, and waits for what becomes of it. */
  readonly isOwn: boolean
  /** Who has appended it, where several regions share the order. */
  readonly author?: Author | undefined
}

/** The region that has appended a command. */
export type Author = {
  readonly number: number
  /** The clock of the order up to which it had decided when it appended the command; undefined where conflicts are not told. */
  readonly basis: ClockState | undefined
}

/** What a process has decided so far. */
export type Decided = {
  readonly clock: ClockState
  /**
   * Of all rows that were decided, in their order: processes that have decided the same have the same one. Undefined while what the state of
   * another process was taken from lies ahead.
   */
  readonly digest: number | undefined
}

/** The last place whose commands were given, and what else the order needs to go on from there. */
export type OrderPlace = { readonly sequence: number }

/** A process that follows a replicated order, beside what takes its commands. */
export type Follower = {
  /** What `place` gave with the last decisions that are durable; undefined for a new store. */
  readonly place: () => OrderPlace | undefined
  /** With everything up to that place. */
  readonly decidedUpTo: (sequence: number) => Decided
  /** Nothing was decided for many entries: makes the place durable all the same. */
  readonly keep: () => void
  /** Resolves when more can be decided; undefined as a rule. */
  readonly untilReady: () => Promise<void> | undefined
}

export interface Order<Command> {
  /**
   * Gives the command a place. By the time that the sequence is known, the followers of this process have been given the command. An
   * order of one process answers within the call, which costs no promise. Rejects when the command has none, or may have one and did
   * not come back in time.
   */
  append(command: Command): Sequence | Promise<Sequence>
  /**
   * Gives all commands after `after`, in their order, each once; `take` does not throw. Returns what ends it. An order that keeps no
   * commands has only those to come: `after` is then its last sequence. A replicated one begins after the follower's durable place.
   */
  follow(after: Sequence, take: (ordered: Ordered<Command>) => void, follower?: Follower): () => void
  /** The last sequence, once all commands up to it have been given to the followers of this process: what a consistent read waits for. */
  barrier(): Sequence | Promise<Sequence>
  /** What is to be stored as JSON together with what was decided so far, so that it can be followed from there. */
  place?(): OrderPlace
}
