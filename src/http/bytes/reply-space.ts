/**
 * Where replies stand until they are written: a few blocks that are used again and again. A buffer for each reply is memory that V8 counts, and after
 * some 25 MB of it V8 collects all of the heap, which took a third of the processor time of a query. A block of which a socket has not passed
 * everything on is left to that socket.
 */
import { replyBlockBytes, replyBlocksMax } from '../../core/limits/wire-limits.ts'

export type Place = { readonly memory: Buffer; readonly start: number }

export class ReplySpace {
  readonly #blocks: Buffer[] = []
  /** Blocks in use, the one that is being filled last. */
  #used: Buffer[] = []
  #end = 0
  /** Memory that sockets still read. */
  readonly #left = new Set<ArrayBufferLike>()

  /** Where so many bytes are free until `release`: from `start` on in the buffer. Large replies have memory of their own. */
  readonly place = (sizeBytes: number): Place => {
    if (sizeBytes > replyBlockBytes / 2) return { memory: Buffer.allocUnsafeSlow(sizeBytes), start: 0 }
    let memory = this.#used.at(-1)
    if (memory === undefined || this.#end + sizeBytes > memory.length) {
      this.#used.push((memory = this.#blocks.pop() ?? Buffer.allocUnsafeSlow(replyBlockBytes)))
      this.#end = 0
    }
    const start = this.#end
    this.#end += sizeBytes
    return { memory, start }
  }

  /** A socket has not passed on all of a reply: its bytes stay as they are. */
  leave(reply: Buffer): void {
    this.#left.add(reply.buffer)
  }

  /** All replies that were placed have been written to their sockets. */
  release(): void {
    for (const block of this.#used)
      if (!this.#left.has(block.buffer) && this.#blocks.length < replyBlocksMax) this.#blocks.push(block)
    this.#used = []
    this.#end = 0
    this.#left.clear()
  }
}
