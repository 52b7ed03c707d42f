/**
 * Which logs the store has had, and which processes have written to the present one, each from its first position on. A copy of
 * the store that is put back shares the log up to the start of the process that runs on it; what follows is another log under
 * the same epoch. So the list of starts tells where the two parted (core/change/proof.ts).
 *
 * A process is added in the batch of its first writes: a start on a full disk writes nothing.
 */
import type { Position } from '../../core/change/change.ts'
import type { SharedLog } from '../../core/change/place.ts'
import type { Proof, Proven } from '../../core/change/proof.ts'
import { epochsRememberedMax, startsRememberedMax } from '../../core/limits/limits.ts'
import type { Store } from '../../ports/store.ts'
import type { Group, Groups } from '../commands/flush-group.ts'
import { identityWith } from './identity.ts'
import { identityKey, lineageKey } from './keys.ts'

/** `from`: the last position that was durable before the process. */
type Start = { readonly id: string; readonly from: Position }

type Stored = {
  readonly starts: readonly Start[]
  /** Epochs of logs that this region had before, or that a peer knew of while this one was new. */
  readonly earlier: readonly string[]
  /** Up to where those that the store itself has had led to the same places as the present one, by epoch. */
  readonly shared?: Readonly<Record<string, Position>>
  /** Starts in the middle of the list were forgotten. */
  readonly forgetful?: true
}

export class Lineage {
  readonly #groups: Groups
  /** Why no writes are taken; undefined as a rule. */
  refuses: string | undefined
  /** Why clients' writes are not taken, and others are. */
  fence: string | undefined
  readonly #start: string
  #epoch: string
  #stored: Stored = { starts: [], earlier: [] }
  /** With what is not durable yet. */
  #decided: Stored = this.#stored
  #from: Position = 0

  constructor(groups: Groups, { epoch, start }: { readonly epoch: string; readonly start: string }) {
    this.#groups = groups
    this.#epoch = epoch
    this.#start = start
  }

  load(store: Store, flushed: Position): void {
    const bytes = store.get(lineageKey)
    if (bytes !== undefined) this.#stored = JSON.parse(bytes.toString()) as Stored
    this.#decided = this.#stored
    if (this.start === undefined) this.#from = flushed
  }

  get epoch(): string {
    return this.#epoch
  }

  get earlier(): readonly string[] {
    return this.#stored.earlier
  }

  get shared(): readonly SharedLog[] {
    return Object.entries(this.#stored.shared ?? {}).map(([epoch, position]) => ({ epoch, position }))
  }

  /** The first position after which the present epoch's own part begins: what is before it was led to by a former one. */
  get begunAfter(): Position {
    return this.#stored.shared === undefined ? 0 : (this.#stored.starts[0]?.from ?? 0)
  }

  /** This process, once its start is durable. */
  get start(): string | undefined {
    return isIn(this.#stored, this.#start) ? this.#start : undefined
  }

  /** Where the log ended when this process began. */
  get from(): Position {
    return this.#from
  }

  seal(group: Group): void {
    if (isIn(this.#decided, this.#start)) return
    this.#put(group, withStart(this.#decided, { id: this.#start, from: this.#from }))
  }

  /** The first position after which this store may differ from the log that peers are known to share up to `agreed`. */
  partedAfter(agreed: Position, flushed: Position): Position {
    return this.#stored.starts.find(({ from }) => from >= agreed)?.from ?? Math.min(agreed, flushed)
  }

  provesStart({ at, of }: Proof, flushed: Position): Proven {
    const { starts, forgetful } = this.#stored
    const n = starts.findIndex(({ id }) => `p${id}` === of)
    if (n < 0) return forgetful === true ? 'unknown' : 'other'
    return at <= (starts[n + 1]?.from ?? flushed) ? 'same' : 'other'
  }

  /** A peer follows, or followed, a log of this region under that epoch. */
  remember(group: Group, epoch: string): void {
    if (epoch === this.#epoch || this.#decided.earlier.includes(epoch)) return
    this.#put(group, { ...this.#decided, earlier: remembered(this.#decided.earlier, epoch) })
  }

  /**
   * The log goes on under another epoch, of which no peer has anything yet: not even what it keeps after `after`. What the log
   * still holds up to there stays, for a peer that had not come so far in the former one.
   */
  renew(group: Group, store: Store, { epoch, after }: { readonly epoch: string; readonly after: Position }): void {
    this.#groups.put(group, identityKey, identityWith(epoch, store))
    const { earlier: before, shared = {} } = this.#decided
    const earlier = remembered(before, this.#epoch)
    const all = Object.entries({ ...shared, [this.#epoch]: after }).filter(([former]) => earlier.includes(former))
    const lower = Object.fromEntries(all.map(([former, position]) => [former, Math.min(position, after)]))
    this.#put(group, { starts: [{ id: this.#start, from: after }], earlier, shared: lower })
    group.effects.push(() => (this.#epoch = epoch))
  }

  #put(group: Group, stored: Stored): void {
    this.#decided = stored
    this.#groups.put(group, lineageKey, Buffer.from(JSON.stringify(stored)))
    group.effects.push(() => (this.#stored = stored))
  }
}

function isIn({ starts }: Stored, start: string): boolean {
  return starts.some(({ id }) => id === start)
}

/** The first ones tell where logs have parted, and the last ones which of them peers have met. */
function withStart(stored: Stored, start: Start): Stored {
  const starts = [...stored.starts, start]
  if (starts.length <= startsRememberedMax) return { ...stored, starts }
  const half = startsRememberedMax / 2
  return { ...stored, starts: [...starts.slice(0, half), ...starts.slice(-half)], forgetful: true }
}

function remembered(epochs: readonly string[], epoch: string): readonly string[] {
  return [...epochs, epoch].slice(-epochsRememberedMax)
}
