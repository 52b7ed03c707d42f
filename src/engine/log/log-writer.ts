/** Adds changes to the log: one entry a commit, whatever the number of its changes. */
import { assert } from '../../core/assert.ts'
import { type Cause, type ChangeOrigin, isForeign, type Position } from '../../core/change/change.ts'
import { encodeEntry, entryChangesMax, type EntryHead, type Unplaced } from '../../core/change/record.ts'
import type { DecisionTime } from '../commands/decision-time.ts'
import type { Group, Groups } from '../commands/group.ts'
import type { Head } from './head.ts'
import { logMarkBytes } from '../../core/stream-limits.ts'
import { logKey, logMarkKey } from '../store/keys.ts'
import type { LocalOnlyRuns } from '../tables/local-only-runs.ts'

type Deps = {
  readonly groups: Groups
  readonly head: Head
  readonly localOnly: LocalOnlyRuns
  readonly time: DecisionTime
}

type Open = { readonly group: Group; readonly head: EntryHead; readonly changes: Unplaced[] }

/** `origin`: the log that a peer's changes came in. */
type Together = { readonly origin: ChangeOrigin | undefined; open: Open | undefined }

export class LogWriter {
  readonly #deps: Deps
  #together: Together | undefined

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
      if (together.open !== undefined) this.#append(together.open)
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
      this.#append({ group, head: this.#headOf(position, cause, undefined), changes: [change] })
      return position
    }
    const { open } = together
    if (open !== undefined && open.head.cause === cause && open.changes.length < entryChangesMax) {
      open.changes.push(change)
      return position
    }
    if (open !== undefined) this.#append(open)
    together.open = { group, head: this.#headOf(position, cause, together.origin), changes: [change] }
    return position
  }

  #headOf(first: Position, cause: Cause, origin: ChangeOrigin | undefined): EntryHead {
    const { head, time } = this.#deps
    head.follow(time.wallMs())
    return { first, cause, at: head.clock.wallMs, origin: isForeign(cause) ? origin : undefined }
  }

  #append({ group, head, changes }: Open): void {
    const entry = encodeEntry(head, changes)
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
