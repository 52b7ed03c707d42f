/** What a peer's stream has brought and nobody has applied yet; full, it makes the session wait. */
import type { Position } from '../../core/change/change.ts'
import { inboxBytesMax, inboxMessagesMax } from '../../core/limits.ts'
import { type Taken, takeTogether, type Waiting } from './batches.ts'

export class Inbox {
  #waiting: Waiting[] = []
  #bytes = 0
  #room: (() => void) | undefined

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  get first(): Waiting | undefined {
    return this.#waiting[0]
  }

  changes(): number {
    return this.#waiting.reduce((sum, { batch }) => sum + batch.changes.length, 0)
  }

  put(waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#bytes += waiting.sizeBytes
  }

  /** Resolves once there is room for another message; for one waiter at a time. */
  async room(): Promise<void> {
    if (this.#waiting.length < inboxMessagesMax && this.#bytes < inboxBytesMax) return
    await new Promise<void>((resolve) => (this.#room = resolve))
  }

  peek(cursor: Position): Taken | undefined {
    return takeTogether(this.#waiting, cursor)
  }

  drop(messages: number): void {
    for (const { sizeBytes } of this.#waiting.splice(0, messages)) this.#bytes -= sizeBytes
    this.#letIn()
  }

  clear(): void {
    this.#waiting = []
    this.#bytes = 0
    this.#letIn()
  }

  #letIn(): void {
    this.#room?.()
    this.#room = undefined
  }
}
