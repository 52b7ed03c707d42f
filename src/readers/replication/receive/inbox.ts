/** What a peer's stream has brought and is not applied yet; full, it makes the session wait. */
import { endsWithin } from '../../../core/change/batch.ts'
import type { Position } from '../../../core/change/change.ts'
import type { Proof } from '../../../core/change/proof.ts'
import { transactionBytesMax } from '../../../core/limits/line-limits.ts'
import { applyChangesMax, inboxBytesMax, inboxMessagesMax } from '../../../core/limits/limits.ts'
import { type Bounds, type Taken, takeTogether, type Waiting, wholeAt } from './batches.ts'

type InboxOptions = { readonly changesMax?: number | undefined; readonly weightOf?: Bounds['weightOf'] }

export class Inbox {
  #waiting: Waiting[] = []
  /** The first of them are being applied. */
  #taken = 0
  #bytes = 0
  #onCapacity: (() => void) | undefined
  readonly #bounds: Pick<Bounds, 'changesMax' | 'weightOf'>

  /** Of one batch. */
  constructor({ changesMax = applyChangesMax, weightOf = () => 1 }: InboxOptions = {}) {
    this.#bounds = { changesMax, weightOf }
  }

  get first(): Waiting | undefined {
    return this.#waiting[0]
  }

  /** Of those that are not being applied. */
  get next(): Waiting | undefined {
    return this.#waiting[this.#taken]
  }

  /** Something can be applied at that place, or dropped, or shows a gap: not so while all that waits are parts of a transaction whose others may still come. */
  hasWork(cursor: Position): boolean {
    return wholeAt(this.#waiting, 0, cursor) !== undefined
  }

  changes(): number {
    return this.#waiting.reduce((sum, { batch }) => sum + batch.changes.length, 0)
  }

  put(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#bytes += waiting.sizeBytes
  }

  /** Undefined when another message may come, else resolves once it may; for one waiter at a time. */
  capacity(): Promise<void> | undefined {
    const bytesMax = inboxBytesMax + (this.#isWithinTransaction() ? transactionBytesMax : 0)
    if (this.#waiting.length < inboxMessagesMax && this.#bytes < bytesMax) return undefined
    return new Promise<void>((resolve) => (this.#onCapacity = resolve))
  }

  /** What came last is a part of a transaction, and not the last part. */
  #isWithinTransaction(): boolean {
    const last = this.#waiting.at(-1)
    return last !== undefined && endsWithin(last.batch)
  }

  /** What can be applied next, being applied from now on; undefined for none, and for those of another log. */
  take(cursor: Position, epoch: string, proof?: Proof): Taken | undefined {
    const taken = takeTogether(this.#waiting, { ...this.#bounds, cursor, proof, from: this.#taken })
    if (taken === undefined || taken.batch.epoch !== epoch) return undefined
    this.#taken += taken.messages
    return taken
  }

  /** Whatever is being applied waits again. */
  untake(): void {
    this.#taken = 0
  }

  drop(messages: number): void {
    this.#taken = Math.max(0, this.#taken - messages)
    for (const { sizeBytes } of this.#waiting.splice(0, messages)) this.#bytes -= sizeBytes
    this.#letIn()
  }

  clear(): void {
    this.#waiting = []
    this.#taken = 0
    this.#bytes = 0
    this.#letIn()
  }

  #letIn(): void {
    this.#onCapacity?.()
    this.#onCapacity = undefined
  }
}
