/**
 * Adds changes to the log: one entry a commit, whatever the number of its changes. Small writes of one moment and one flush group share an entry:
 * each entry costs an edit when it is written and one when it is trimmed, and a look-up for each reader in between.
 */
import { assert } from '../../core/assert.ts'
import { type Cause, type ChangeOrigin, isForeign, type Position } from '../../core/change/change.ts'
import {
  changeSizeBytes,
  encodeEntry,
  entryChangesMax,
  entrySizeBytes,
  type EntryHead,
  sharedEntryBytesMax,
  type Unplaced,
} from '../../core/change/record.ts'
import type { DecisionTime } from '../order/decision-time.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import type { Head } from './head.ts'
import { logMarkBytes } from '../../core/limits/stream-limits.ts'
import { logKey, logMarkKey } from '../store/keys.ts'
import type { LocalOnlyRuns } from '../tables/local-only-runs.ts'

type Deps = {
  readonly groups: Groups
  readonly head: Head
  readonly localOnly: LocalOnlyRuns
  readonly time: DecisionTime
}

type Open = { readonly group: Group; readonly head: EntryHead; readonly changes: Unplaced[] }

/** An entry that further writes may join, and its size. */
type Shared = Open & { bytes: number }

/** `origin`: the log that a peer's changes came in. */
type Together = { readonly origin: ChangeOrigin | undefined; open: Open | undefined }

export class LogWriter {
  readonly #deps: Deps
  #together: Together | undefined
  /** Of the open flush group, or of one that came to nothing. */
  #shared: Shared | undefined

  constructor(deps: Deps) {
    this.#deps = deps
  }

  /**
   * What is added in `work`, which takes one turn, is one entry, or as many as it has causes. Where it throws, the caller stops the
   * engine: half a commit is not written.
   */
  together<Result>(origin: ChangeOrigin | undefined, work: () => Result): Result {
    assert(this.#together === undefined, 'log: one commit at a time')
    const together: Together = { origin, open: undefined }
    this.#together = together
    try {
      const result = work()
      if (together.open !== undefined) this.#close(together.open)
      return result
    } finally {
      this.#together = undefined
    }
  }

  /** An own number of 0: not to be counted among the table's own changes, nor to leave the region. */
  add(group: Group, cause: Cause, change: Unplaced): Position {
    const { head, localOnly } = this.#deps
    const position = head.position + 1
    head.position = position
    if (isForeign(cause) || change.unshared === true) localOnly.add(position)
    const together = this.#together
    if (together === undefined) {
      this.#close({ group, head: this.#headOf(position, cause, undefined), changes: [change] })
      return position
    }
    const { open } = together
    if (open !== undefined && open.head.cause === cause && open.changes.length < entryChangesMax) {
      open.changes.push(change)
      return position
    }
    if (open !== undefined) this.#close(open)
    together.open = { group, head: this.#headOf(position, cause, together.origin), changes: [change] }
    return position
  }

  /** The group goes to the store. */
  seal(group: Group): void {
    const shared = this.#shared
    this.#shared = undefined
    if (shared?.group === group) this.#append(shared, shared.changes.length > 1)
  }

  /** A commit is whole: a small one joins the entry of those before it. */
  #close(open: Open): void {
    const [change] = open.changes as [Unplaced]
    const shared = this.#shared
    const isSmall = !this.#deps.time.isShared && isShareable(open, change)
    if (isSmall && shared !== undefined && joins(shared, open)) {
      shared.changes.push(change)
      shared.bytes += changeSizeBytes(change)
      return
    }
    this.seal(open.group)
    if (isSmall) this.#shared = { ...open, bytes: entrySizeBytes(open.head, change) }
    else this.#append(open)
  }

  #headOf(first: Position, cause: Cause, origin: ChangeOrigin | undefined): EntryHead {
    const { head, time } = this.#deps
    head.follow(time.wallMs())
    return { first, cause, at: head.clock.wallMs, origin: isForeign(cause) ? origin : undefined }
  }

  #append({ group, head, changes }: Open, apart = false): void {
    const entry = encodeEntry(apart ? { ...head, apart } : head, changes)
    this.#deps.groups.append(group, logKey(head.first), entry)
    this.#count(group, head.first, entry.length)
  }

  /** Now and then a mark says where the log had come to, so that its last bytes are found (retention.ts). */
  #count(group: Group, first: Position, bytes: number): void {
    const { groups, head } = this.#deps
    const before = head.logBytes
    head.logBytes += bytes
    if (Math.floor(before / logMarkBytes) === Math.floor(head.logBytes / logMarkBytes)) return
    groups.append(group, logMarkKey(head.logBytes, first), none)
  }
}

const none = Buffer.alloc(0)

/**
 * One change of an item that no stream shows: readers of a stream look up each record by itself. Where other regions decide the same commands, and
 * flush them at other times, no commits share an entry.
 */
function isShareable({ head: { cause }, changes }: Open, { event, previous }: Unplaced): boolean {
  const isOfItem = cause !== 'table' && cause !== 'replica-table'
  return changes.length === 1 && isOfItem && event === undefined && previous === undefined
}

/** What an entry says once is the same of both, the changes follow each other, all of them leave the region or none does, and there is room. */
function joins(shared: Shared, { group, head, changes }: Open): boolean {
  const { first, cause, at, origin } = shared.head
  const [one, change] = [shared.changes[0] as Unplaced, changes[0] as Unplaced]
  return (
    shared.group === group &&
    first + shared.changes.length === head.first &&
    at === head.at &&
    cause === head.cause &&
    origin?.epoch === head.origin?.epoch &&
    origin?.region === head.origin?.region &&
    one.table === change.table &&
    one.unshared === change.unshared &&
    shared.bytes + changeSizeBytes(change) <= sharedEntryBytesMax
  )
}
