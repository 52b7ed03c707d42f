/**
 * Bytes that arrive in pieces and are wanted whole. A Buffer costs some hundred bytes beside its content, and may keep all of the packet that it
 * was cut from: a body of single bytes would hold a hundred times what is counted of it. So small pieces are copied, one behind the other, into
 * blocks that are at most twice as large as their content.
 */
import { receivedBlockBytesMax, smallPieceBytesMax } from '../../core/limits/limits.ts'

const firstBlockBytes = 256
const nothing = Buffer.alloc(0)

export class ReceivedBytes {
  sizeBytes = 0
  #pieces: Buffer[] = []
  /** Small pieces that came last. */
  #block = nothing
  #blockBytes = 0

  add(piece: Buffer): void {
    const isFirst = this.sizeBytes === 0
    this.sizeBytes += piece.length
    if (piece.length < smallPieceBytesMax && !(isFirst && ownsItsMemory(piece))) return this.#copy(piece)
    this.#closeBlock()
    this.#pieces.push(piece)
  }

  /** All of them, in one piece; what is added later does not change it. */
  whole(): Buffer {
    this.#closeBlock()
    if (this.#pieces.length > 1) this.#join()
    return this.#pieces[0] ?? nothing
  }

  clear(): void {
    this.sizeBytes = 0
    this.#pieces = []
    this.#block = nothing
    this.#blockBytes = 0
  }

  /** What it keeps in memory: at most twice `sizeBytes`, and a small block. */
  get heldBytes(): number {
    return this.#pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, this.#block.length)
  }

  #copy(piece: Buffer): void {
    if (this.#blockBytes + piece.length > receivedBlockBytesMax) this.#closeBlock()
    const wanted = this.#blockBytes + piece.length
    if (wanted > this.#block.length) this.#grow(wanted)
    piece.copy(this.#block, this.#blockBytes)
    this.#blockBytes = wanted
  }

  #grow(wanted: number): void {
    const size = Math.min(Math.max(2 * wanted, firstBlockBytes), receivedBlockBytesMax)
    // Not of the pool, which would keep its own, larger block.
    const larger = Buffer.allocUnsafeSlow(size)
    this.#block.copy(larger, 0, 0, this.#blockBytes)
    this.#block = larger
  }

  #join(): void {
    const whole = Buffer.allocUnsafeSlow(this.sizeBytes)
    let at = 0
    for (const piece of this.#pieces) at += piece.copy(whole, at)
    this.#pieces = [whole]
  }

  #closeBlock(): void {
    if (this.#blockBytes > 0) this.#pieces.push(this.#block.subarray(0, this.#blockBytes))
    this.#block = nothing
    this.#blockBytes = 0
  }
}

/** A packet from a socket, and no part of one. */
function ownsItsMemory(piece: Buffer): boolean {
  return piece.length === piece.buffer.byteLength
}
