/** An order as a replicated one would be: it keeps its commands as bytes, and gives them later, to whoever follows. */
import { required } from '../../../src/core/assert.ts'
import type { Command } from '../../../src/engine/commands/command.ts'
import { decodeCommand, encodeCommand } from '../../../src/engine/commands/codec/command-codec.ts'
import type { Order, Ordered, Sequence } from '../../../src/ports/order.ts'

type Kept = { readonly bytes: Buffer; readonly atMs: number; readonly by: number }

export class KeptOrder {
  readonly kept: Kept[] = []
  readonly #nowMs: () => number
  readonly #waiting: (() => void)[] = []
  #followers = 0

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs
  }

  /** The order as one of several processes has it. */
  forProcess(): Order<Command> {
    const by = ++this.#followers
    let given: Sequence = 0
    let take: ((ordered: Ordered<Command>) => void) | undefined
    const catchUp = (): void => {
      if (take === undefined) return
      while (given < this.kept.length) {
        const { bytes, atMs, by: appender } = required(this.kept[given], 'a kept command')
        given += 1
        take?.({ sequence: given, atMs, command: decodeCommand(bytes), isOwn: appender === by })
      }
    }
    return {
      append: async (command) => {
        const sequence = this.kept.push({ bytes: encodeCommand(command), atMs: this.#nowMs(), by })
        await Promise.resolve()
        catchUp()
        return sequence
      },
      follow: (after, from) => {
        given = after
        take = from
        this.#waiting.push(catchUp)
        return () => (take = undefined)
      },
      barrier: async () => {
        const last = this.kept.length
        await Promise.resolve()
        catchUp()
        return last
      },
    }
  }

  /** Every follower is given what it has not been given yet. */
  deliver(): void {
    for (const catchUp of this.#waiting) catchUp()
  }
}
